"""The background: what random photographs are like, and how much of it a library borrows."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import BackgroundError
from search.scoring import background
from search.scoring.background import SPREAD, Background, background_of, blend, read_backgrounds, write_backgrounds
from search.scoring.calibration import UNKNOWN, Sampling, fit
from search.scoring.segments import MethodRows, MethodTables, fit_tables, load_tables, save_tables
from tests.search.plug_ins import Gray

KNOWN = Background(np.array([0.0, 0.5, 1.0]), np.array([0.0, 2.0, 6.0]), 1000, 499_500)


def test_it_works() -> None:
    """A library without a pair says what is known of photographs; one of many images says what it has seen."""
    assert fit(np.empty(0), KNOWN).decades_of(np.array([0.0, 0.25, 0.5, 0.75])) == pytest.approx([0, 1, 2, 4], abs=1e-3)
    many = np.linspace(0, 1, 100_001)
    own, both = fit(many), fit(many, KNOWN, 100_000)
    assert both.decades_of(np.array([0.5, 0.9, 0.99])) == pytest.approx(
        own.decades_of(np.array([0.5, 0.9, 0.99])), abs=0.01
    )


def test_the_background_is_read_linearly_and_stays_flat_outside() -> None:
    assert KNOWN.decades_of(np.array([-1.0, 0.25, 0.75, 2.0])).tolist() == [0, 1, 4, 6]
    assert np.isnan(KNOWN.decades_of(np.array([np.nan]))).all()
    assert KNOWN.low == 0


def test_each_estimate_weighs_by_the_inverse_of_its_variance() -> None:
    """Worked by hand: 100 images, 4,950 pairs; one pair in a hundred is 49.5 of them, one in a million 0.00495."""
    decades, borrowed = blend(np.array([2.0, 6.0]), np.array([3.0, 4.0]), 4950, 100)
    for place, seen in enumerate((49.5, 0.00495)):
        variance = (4 / 100 + 1 / seen) / log(10) ** 2
        share = variance / (variance + SPREAD**2)
        assert borrowed[place] == pytest.approx(share)
        assert decades[place] == pytest.approx((2, 6)[place] + share * (1, -2)[place])
    assert borrowed[0] == pytest.approx(0.0434, abs=1e-4)
    assert borrowed[1] > 0.99


def test_a_sample_that_agrees_changes_nothing() -> None:
    same = np.array([0.3, 1.7, 5.0])
    assert blend(same, same, 45, 10)[0] == pytest.approx(same)


def test_pairs_of_few_images_are_not_worth_those_of_many() -> None:
    few, many = (blend(np.array([1.0]), np.array([2.0]), 10_000, num)[1][0] for num in (20, 2000))
    assert few > 5 * many


def test_no_pair_borrows_everything() -> None:
    decades, borrowed = blend(np.zeros(2), np.array([1.0, 2.0]), 0, 1)
    assert (decades.tolist(), borrowed.tolist()) == ([1, 2], [1, 1])


def test_a_table_says_how_much_it_borrowed(rng: np.random.Generator) -> None:
    shares = [fit(rng.random(n * (n - 1) // 2), KNOWN, n).borrowed for n in (2, 10, 70, 300, 1000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.95
    assert shares[-1] < 0.01
    assert fit(rng.random(45)).borrowed == 0
    assert fit(np.empty(0), KNOWN).borrowed == 1


def test_what_is_borrowed_never_falls(rng: np.random.Generator) -> None:
    for samples in (rng.normal(0.5, 0.1, 190), np.repeat([0.0, 0.5, 1.0], 15), rng.beta(8, 2, 45)):
        fitted = fit(np.minimum(samples, 1), KNOWN, 20)
        assert np.all(np.diff(fitted.decades) >= 0)
        assert fitted.decades[0] >= 0
    assert fit(np.array([np.nan])) is UNKNOWN


def test_a_table_begins_where_its_own_pairs_do_unless_lower_scores_are_told_apart(rng: np.random.Generator) -> None:
    alike = rng.uniform(0.98, 1, 300 * 299 // 2)
    assert fit(alike, KNOWN, 300).low == pytest.approx(0.95)  # the shortest table there is ends at 1
    assert fit(alike[:3], KNOWN, 3).low == KNOWN.low
    assert fit(alike - 1.5, KNOWN, 300).low < KNOWN.low


def test_only_what_rarities_tell_apart_is_borrowed() -> None:
    steep = Background(np.array([0.0, 1.0]), np.array([0.0, 60.0]), 1000, 499_500)
    assert fit(np.empty(0), steep).decades_of(np.array([1.0])) == pytest.approx([6])


def test_copies_do_not_make_a_scale_of_their_own(rng: np.random.Generator) -> None:
    """Of 72 images with copies among them 7 % of all pairs are near 1; said is nearer to what is known than to that."""
    pairs = np.concatenate([rng.normal(0.2, 0.05, 2377), np.full(179, 0.97)])
    alone, both = fit(pairs), fit(pairs, KNOWN, 72)
    assert alone.decades_of(np.array([0.97]))[0] < 1.6
    assert both.decades_of(np.array([0.97]))[0] > alone.decades_of(np.array([0.97]))[0]


def test_tables_of_a_method_borrow_by_its_version(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_shipped", lambda: {("gray", "1"): KNOWN})
    vectors = np.eye(8, dtype=np.float32)[:3]
    tables = {v: fit_tables(MethodRows(v, vectors), Gray(), np.arange(3), seed=1) for v in ("1", "2")}
    assert tables["1"].raw.borrowed > 0.9
    assert tables["2"].raw.borrowed == 0
    other = Background(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 9, 36)
    told = fit_tables(MethodRows("1", vectors), Gray(), np.arange(0), 1, Sampling(), other)
    assert told.raw.decades_of(np.array([0.5])) == pytest.approx([0.5], abs=1e-3)


def test_tables_keep_what_they_borrowed(tmp_path: Path) -> None:
    tables = MethodTables(fit(np.array([0.2, 0.4]), KNOWN, 2), UNKNOWN)
    save_tables(tmp_path / "a.npz", tables)
    found = load_tables(tmp_path / "a.npz")
    assert found.raw.borrowed == tables.raw.borrowed > 0.9
    assert found.scan.borrowed == 0


def test_tables_of_earlier_generations_borrowed_nothing(tmp_path: Path) -> None:
    arrays = {"raw": np.zeros(3), "scan": np.array([0.0, 1, 2])}
    abouts = {f"{name}_about": np.array([-1.0, 1.0, 7]) for name in arrays}
    with (tmp_path / "old.npz").open("wb") as file:
        np.savez(file, **arrays, **abouts)  # type: ignore[arg-type]  # a name could be that of another argument
    found = load_tables(tmp_path / "old.npz")
    assert (found.scan.num_pairs, found.scan.borrowed) == (7, 0)
    assert found.scan.decades_of(np.array([0.5])).tolist() == [1.5]


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "background.json"
    write_backgrounds(path, {("gray", "1"): KNOWN}, "photographs")
    assert json.loads(path.read_text())["source"] == "photographs"
    ((key, found),) = read_backgrounds(path).items()
    assert key == ("gray", "1")
    assert (found.num_images, found.num_pairs) == (1000, 499_500)
    assert found.scores.tolist() == KNOWN.scores.tolist()
    assert found.decades.tolist() == KNOWN.decades.tolist()


TABLE = {"method": "m", "version": "1", "images": 3, "pairs": 3, "scores": [0, 1], "decades": [0, 1]}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "background_unreadable"),
        ("", "background_unreadable"),
        ("[]", "background_unreadable"),
        ({"tables": [{**TABLE, "scores": ["a", "b"]}]}, "background_unreadable"),
        ({"tables": [{"method": "m"}]}, "background_unreadable"),
        ({"tables": [{**TABLE, "scores": [1, 0]}]}, "background_not_rising"),
        ({"tables": [{**TABLE, "decades": [1, 0]}]}, "background_not_rising"),
        ({"tables": [{**TABLE, "decades": [-1, 0]}]}, "background_not_rising"),
        ({"tables": [{**TABLE, "decades": [0, 1, 2]}]}, "background_not_rising"),
        ({"tables": [{**TABLE, "scores": [0], "decades": [0]}]}, "background_not_rising"),
        ({"tables": [{**TABLE, "decades": [0, float("nan")]}]}, "background_not_rising"),
    ],
)
def test_what_is_no_background_is_refused(tmp_path: Path, content: Any, code: str) -> None:
    path = tmp_path / "background.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(BackgroundError) as caught:
        read_backgrounds(path)
    assert caught.value.code == code


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FILE", tmp_path / "background.json")
    background._shipped.cache_clear()
    assert background_of("color", "1") is None
    background._shipped.cache_clear()


def test_every_method_has_a_background() -> None:
    """Of one version at least: a new version goes by its own pairs until benchmarks/background.py measures it."""
    assert background.FILE.stat().st_size <= 200_000
    shipped = read_backgrounds(background.FILE)
    assert {name for name, _version in shipped} == {"color", "ssim", "texture", "deep", "siamese", "phash", "local"}
    for found in shipped.values():
        assert found.num_images >= 1000
        assert found.decades[0] == pytest.approx(0, abs=0.01)
        assert found.decades[-1] > 4
    (name, version), found = next(iter(shipped.items()))
    known = background_of(name, version)
    assert known is not None
    assert known.scores.tolist() == found.scores.tolist()
    assert background_of(name, "no such version") is None
