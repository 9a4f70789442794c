"""Calibration: known distributions come back, small galleries claim little, and nothing ever falls."""

from __future__ import annotations

from collections.abc import Callable
from math import comb, e, erfc, exp, log10, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from search.scoring import calibration
from search.scoring.calibration import (
    UNKNOWN,
    Calibration,
    Sampling,
    fit,
    fit_tail,
    one_in_of,
    rarity_of,
    sample_cosines,
    sample_scores,
)


def test_it_works() -> None:
    samples = np.arange(100, dtype=np.float32) / 100  # 0.00 .. 0.99, so P(S >= 0.5) = 0.5
    fitted = fit(samples)
    assert fitted.num_pairs == 100
    assert fitted.decades_of(np.array([0.0, 0.5])) == pytest.approx([0, log10(2)], abs=0.01)
    assert 10 ** fitted.decades_of(np.array([0.75])) == pytest.approx([4], rel=0.05)
    assert rarity_of(fitted.decades_of(np.array([0.5]))) == pytest.approx([(log10(2) / 6) ** 1.5], abs=0.002)


def test_a_normal_distribution_comes_back(rng: np.random.Generator) -> None:
    fitted = fit(rng.normal(0, 0.1, 200_000))
    for score in (0.0, 0.1, 0.2, 0.3):
        expected = -log10(0.5 * erfc(score / 0.1 / sqrt(2)))
        assert float(fitted.decades_of(np.array(score))) == pytest.approx(expected, abs=0.05)


def test_an_exponential_tail_goes_on_beyond_the_sample(rng: np.random.Generator) -> None:
    fitted = fit(rng.exponential(0.05, 200_000))
    beyond = 0.75  # the 200,000 hardly pass 0.6
    assert float(fitted.decades_of(np.array(beyond))) == pytest.approx(beyond / 0.05 / np.log(10), rel=0.08)


Survival = Callable[[float], float]
LAWS: dict[str, tuple[Callable[[np.random.Generator, int], NDArray[np.float64]], Survival]] = {
    "uniform": (lambda rng, n: rng.uniform(0, 0.9, n), lambda s: 1 - s / 0.9),
    "normal": (lambda rng, n: rng.normal(0.1, 0.12, n), lambda s: 0.5 * erfc((s - 0.1) / 0.12 / sqrt(2))),
    "exponential": (lambda rng, n: rng.exponential(0.06, n) - 0.1, lambda s: exp(-(s + 0.1) / 0.06)),
    "beta 2, 8": (lambda rng, n: rng.beta(2, 8, n), lambda s: (1 - s) ** 8 * (1 + 8 * s)),
    "beta 5, 2": (lambda rng, n: rng.beta(5, 2, n), lambda s: 1 - s**5 * (6 - 5 * s)),
}


def score_reached_by(survival: Survival, share: float) -> float:
    """Return the score that this share of all pairs reaches."""
    low, high = -0.1, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if survival(middle) > share else (low, middle)
    return low


def claims(name: str, num_pairs: int, shares: list[float]) -> NDArray[np.float64]:
    """Return how many decades too rare scores of known rarity are called, on eight samples; shape (8, shares)."""
    draw, survival = LAWS[name]
    scores = np.array([score_reached_by(survival, share) for share in shares])
    tables = [fit(draw(np.random.default_rng(seed), num_pairs)) for seed in range(8)]
    return np.array([table.decades_of(scores) for table in tables]) + np.log10(shares)


@pytest.mark.parametrize("name", LAWS)
def test_within_the_sample_a_law_comes_back(name: str) -> None:
    errors = claims(name, 20_000, [0.5, 0.1, 0.01, 0.002])
    assert np.abs(errors.mean(axis=0)).max() < 0.05
    assert np.abs(errors).max() < 0.2


@pytest.mark.parametrize("name", LAWS)
def test_beyond_the_sample_the_claim_stays_near_the_law(name: str) -> None:
    """One pair in 20,000 and in 100,000 of what 20,000 pairs were seen of: within a factor of 5 on average.

    A law that ends abruptly, as a uniform one does, is called too common rather than too rare.
    """
    errors = claims(name, 20_000, [1 / 20_000, 1 / 100_000]).mean(axis=0)
    assert (errors < log10(3)).all()
    assert (errors > -log10(10 if name == "uniform" else 5)).all() or name in ("uniform", "beta 5, 2")
    assert errors[0] > -log10(10)


@pytest.mark.parametrize("name", LAWS)
def test_few_pairs_claim_little(name: str) -> None:
    errors = claims(name, 300, [0.1, 1 / 300, 1 / 3000])
    assert np.abs(errors[:, 0]).max() < 0.3
    assert (errors.mean(axis=0) < log10(4)).all()


def test_the_shape_of_the_tail_is_found(rng: np.random.Generator) -> None:
    uniform, exponential, heavy = rng.uniform(size=4000), rng.exponential(size=4000), rng.pareto(2, 4000)
    assert fit_tail(np.sort(uniform)).shape == pytest.approx(-1, abs=0.1)
    assert fit_tail(np.sort(exponential)).shape == pytest.approx(0, abs=0.06)
    assert fit_tail(np.sort(heavy)).shape == 0.25  # the largest believed
    assert fit_tail(np.sort(exponential)).scale == pytest.approx(1, abs=0.05)


def test_few_excesses_have_an_exponential_tail(rng: np.random.Generator) -> None:
    few = fit_tail(np.sort(rng.uniform(0, 0.1, 49)))
    assert few.shape == 0
    assert few.decades_of(np.array([few.scale])) == pytest.approx(log10(e))
    none = fit_tail(np.empty(0))
    assert (none.scale, none.shape) == (calibration.PRIOR_EXCESS, 0)


def test_a_law_is_not_believed_to_end_just_beyond_what_was_seen() -> None:
    excesses = np.sort(np.concatenate([np.linspace(0.001, 0.1, 99), [0.1001]]))
    tail = fit_tail(excesses)
    assert tail.decades_of(excesses[-1:])[0] <= log10(400)
    assert np.isfinite(tail.decades_of(np.array([0.101])))[0]


def test_scores_that_most_pairs_share_are_as_common_as_they_are(rng: np.random.Generator) -> None:
    """Keypoints: of 10,000 pairs 9,960 have none in common."""
    fitted = fit(np.concatenate([np.zeros(9960), rng.uniform(0.05, 0.3, 40)]))
    assert fitted.decades_of(np.array([0.0])).tolist() == [0]
    assert fitted.decades_of(np.array([0.04])) == pytest.approx([log10(250)], abs=0.02)
    assert log10(250) < fitted.decades_of(np.array([0.6]))[0] <= 6


def test_what_no_pair_has_is_rarer_than_all_pairs_seen() -> None:
    fitted = fit(np.zeros(10_000))
    assert fitted.decades_of(np.array([0.0])).tolist() == [0]
    assert 4 <= fitted.decades_of(np.array([0.3]))[0] <= 6


def test_a_handful_of_values_are_each_exactly_as_rare_as_they_are(rng: np.random.Generator) -> None:
    """Fingerprints of 64 bits: the score is one of 65 values."""
    samples = rng.binomial(64, 0.5, 50_000) / 64
    fitted = fit(samples)
    for score in np.arange(20, 42) / 64:
        expected = -log10(np.mean(samples >= score))
        assert fitted.decades_of(np.array(score)) == pytest.approx(expected, abs=0.02)
    errors = [
        float(fitted.decades_of(np.array(k / 64))) + log10(sum(comb(64, i) for i in range(k, 65)) / 2**64)
        for k in (46, 48, 50)
    ]
    assert np.abs(errors).max() < log10(5)


def test_copies_within_the_gallery_are_as_common_as_they_are(rng: np.random.Generator) -> None:
    """Where 40 of 20,000 pairs are copies of each other, to be one is no rarer than twice that."""
    fitted = fit(np.concatenate([rng.normal(0.2, 0.05, 19_960), np.full(40, 0.99)]))
    assert 10 ** fitted.decades_of(np.array([0.99]))[0] <= 2.01 * 500


@pytest.mark.parametrize("num_pairs", [1, 3, 10, 45, 1225])
def test_small_galleries_claim_no_more_than_the_tail_rule_allows(rng: np.random.Generator, num_pairs: int) -> None:
    fitted = fit(rng.normal(0.2, 0.1, num_pairs))
    assert 10 ** float(fitted.decades_of(np.array(1.0))) <= 100.001 * num_pairs
    assert float(rarity_of(fitted.decades_of(np.array(1.0)))) <= ((log10(num_pairs) + 2.001) / 6) ** 1.5


def test_no_pair_at_all_says_that_nothing_is_rare() -> None:
    for nothing in (np.empty(0, np.float32), np.array([np.nan], np.float32)):
        assert fit(nothing) is UNKNOWN
    assert UNKNOWN.decades_of(np.array([0.2, 1.0])).tolist() == [0, 0]


def test_a_gallery_of_equal_images_finds_equality_common() -> None:
    fitted = fit(np.full(300, 1.0, np.float32))
    assert rarity_of(fitted.decades_of(np.array([1.0, 0.9999999]))) == pytest.approx([0, 0], abs=1e-6)


def test_it_never_falls_and_never_leaves_its_range(rng: np.random.Generator) -> None:
    for samples in (rng.normal(0, 0.2, 5000), rng.beta(8, 2, 20), np.repeat([0.0, 0.5, 1.0], 40)):
        fitted = fit(samples)
        scores = np.linspace(-1.5, 1.5, 5001)
        rarities = rarity_of(fitted.decades_of(scores))
        assert np.all(np.diff(rarities) >= 0)
        assert rarities[0] == 0
        assert rarities[-1] <= 1
        assert np.all(fitted.decades_of(scores) >= 0)


def test_missing_scores_stay_missing_and_shapes_stay() -> None:
    fitted = fit(np.linspace(0, 0.9, 50))
    rarities = rarity_of(fitted.decades_of(np.array([[0.1, np.nan], [np.nan, 0.9]])))
    assert rarities.shape == (2, 2)
    assert np.isnan(rarities).tolist() == [[False, True], [True, False]]


def test_a_rough_rarity_is_that_of_the_node_below(rng: np.random.Generator) -> None:
    fitted = fit(rng.normal(0.2, 0.1, 5000))
    scores = np.append(np.linspace(-0.5, 1.5, 4001), np.nan).astype(np.float32)
    rough, fine = fitted.rough_rarity(scores), rarity_of(fitted.decades_of(scores))
    assert rough.dtype == np.float32
    assert np.isnan(rough).tolist() == np.isnan(fine).tolist()
    assert (rough[:-1] <= fine[:-1] + 1e-5).all()
    assert np.abs(rough[:-1] - fine[:-1]).max() < 0.02
    assert UNKNOWN.rough_rarity(scores)[:-1].tolist() == [0] * 4001


def test_the_table_is_read_linearly() -> None:
    table = Calibration(0.0, 1.0, np.array([0.0, 1.0, 4.0]), 9)
    assert table.decades_of(np.array([-1, 0.25, 0.5, 0.75, 1.0, 2.0])).tolist() == [0, 0.5, 1, 2.5, 4, 4]


def test_all_pairs_of_a_small_gallery_are_sampled() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [9, 9]], np.float32)
    scores = sample_cosines(vectors, np.array([0, 1, 2]), seed=1)
    assert sorted(scores.tolist()) == pytest.approx([0.0, 0.6, 0.8])
    assert sorted(sample_scores(lambda query, rows: rows @ query, vectors, np.array([0, 1, 2]), seed=1)) == (
        pytest.approx([0.0, 0.6, 0.8])
    )


def test_one_row_or_none_makes_no_pair() -> None:
    vectors = np.ones((2, 3), np.float32)
    for rows in (np.array([], np.int64), np.array([1])):
        assert sample_cosines(vectors, rows, 1).size == 0
        assert sample_scores(lambda query, block: block @ query, vectors, rows, 1).size == 0


def test_large_galleries_are_drawn_from_by_seed(rng: np.random.Generator) -> None:
    few = Sampling(rows=50)
    vectors = rng.normal(size=(400, 4)).astype(np.float32)
    rows = np.arange(400)
    first, again, other = (sample_cosines(vectors, rows, seed, few) for seed in (1, 1, 2))
    assert first.shape == (50 * 49 // 2,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    costly = sample_scores(lambda query, block: block @ query, vectors, rows, 1)
    assert 200 * 99 <= costly.size <= 200 * 100
    few = Sampling(queries=5, partners=7)
    assert 5 * 6 <= sample_scores(lambda query, block: block @ query, vectors, rows, 1, few).size <= 5 * 7


def test_a_rarity_leads_back_to_its_words() -> None:
    fitted = fit(np.linspace(0, 1, 2001))
    for score in (0.0, 0.5, 0.9, 0.99):
        decades = fitted.decades_of(np.array([score]))
        assert one_in_of(float(rarity_of(decades)[0])) == pytest.approx(10 ** float(decades[0]))
    assert one_in_of(1.0) == pytest.approx(1e6)
