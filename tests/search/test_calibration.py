"""Calibration: known distributions come back, small galleries claim little, and nothing ever falls."""

from __future__ import annotations

from math import erfc, log10, sqrt

import numpy as np
import pytest

from search import calibration
from search.calibration import UNKNOWN, Calibration, fit, sample_cosines, sample_scores


def test_it_works() -> None:
    samples = np.arange(100, dtype=np.float32) / 100  # 0.00 .. 0.99, so P(S >= 0.5) = 0.5
    fitted = fit(samples)
    assert fitted.num_pairs == 100
    assert fitted.decades_of(np.array([0.0, 0.5])) == pytest.approx([0, log10(2)], abs=0.01)
    assert fitted.one_in(np.array([0.75])) == pytest.approx([4], rel=0.05)
    assert fitted.rarity(np.array([0.5])) == pytest.approx([log10(2) / 6], abs=0.002)


def test_a_normal_distribution_comes_back(rng: np.random.Generator) -> None:
    fitted = fit(rng.normal(0, 0.1, 200_000))
    for score in (0.0, 0.1, 0.2, 0.3):
        expected = -log10(0.5 * erfc(score / 0.1 / sqrt(2)))
        assert float(fitted.decades_of(np.array(score))) == pytest.approx(expected, abs=0.05)


def test_an_exponential_tail_goes_on_beyond_the_sample(rng: np.random.Generator) -> None:
    fitted = fit(rng.exponential(0.05, 200_000))
    beyond = 0.75  # the 200,000 hardly pass 0.6
    assert float(fitted.decades_of(np.array(beyond))) == pytest.approx(beyond / 0.05 / np.log(10), rel=0.08)


@pytest.mark.parametrize("num_pairs", [1, 3, 10, 45, 1225])
def test_small_galleries_claim_no_more_than_the_tail_rule_allows(rng: np.random.Generator, num_pairs: int) -> None:
    fitted = fit(rng.normal(0.2, 0.1, num_pairs))
    assert float(fitted.one_in(np.array(1.0))) <= 100.001 * num_pairs
    assert float(fitted.rarity(np.array(1.0))) <= (log10(num_pairs) + 2.001) / 6


def test_no_pair_at_all_says_that_nothing_is_rare() -> None:
    for nothing in (np.empty(0, np.float32), np.array([np.nan], np.float32)):
        assert fit(nothing) is UNKNOWN
    assert UNKNOWN.rarity(np.array([0.2, 1.0])).tolist() == [0, 0]
    assert UNKNOWN.one_in(np.array([1.0])).tolist() == [1]


def test_a_gallery_of_equal_images_finds_equality_common() -> None:
    fitted = fit(np.full(300, 1.0, np.float32))
    assert fitted.rarity(np.array([1.0, 0.9999999])) == pytest.approx([0, 0], abs=1e-6)


def test_it_never_falls_and_never_leaves_its_range(rng: np.random.Generator) -> None:
    for samples in (rng.normal(0, 0.2, 5000), rng.beta(8, 2, 20), np.repeat([0.0, 0.5, 1.0], 40)):
        fitted = fit(samples)
        scores = np.linspace(-1.5, 1.5, 5001)
        rarities = fitted.rarity(scores)
        assert np.all(np.diff(rarities) >= 0)
        assert rarities[0] == 0
        assert rarities[-1] <= 1
        assert np.all(fitted.one_in(scores) >= 1)


def test_missing_scores_stay_missing_and_shapes_stay() -> None:
    fitted = fit(np.linspace(0, 0.9, 50))
    rarities = fitted.rarity(np.array([[0.1, np.nan], [np.nan, 0.9]]))
    assert rarities.shape == (2, 2)
    assert np.isnan(rarities).tolist() == [[False, True], [True, False]]


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


def test_large_galleries_are_drawn_from_by_seed(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "SAMPLE_ROWS", 50)
    vectors = rng.normal(size=(400, 4)).astype(np.float32)
    rows = np.arange(400)
    first, again, other = (sample_cosines(vectors, rows, seed) for seed in (1, 1, 2))
    assert first.shape == (50 * 49 // 2,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    costly = sample_scores(lambda query, block: block @ query, vectors, rows, 1)
    assert 200 * 99 <= costly.size <= 200 * 100
