"""One method's map: when it is laid out again, and what stays where it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from search.map import layout
from search.map.files import LibraryMap, MapFacts
from search.map.layout import bring_up_to_date, lay_out, outgrown
from search.map.projection import plane_of
from search.map.rows import MapRows
from search.scoring.segments import MethodRows


def rows_of(image_ids: list[int], rng: np.random.Generator | None = None, version: str = "1") -> MapRows:
    """Rows that depend on the image alone, so that libraries of different size agree on them."""
    vectors = np.stack([np.random.default_rng(image_id).normal(size=6) for image_id in image_ids]).astype(np.float32)
    places = np.stack([np.zeros(len(image_ids), np.int64), np.arange(len(image_ids))], axis=1)
    return MapRows("color", version, np.array(image_ids), (MethodRows(version, vectors),), places)


class Told:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, int]] = []

    def __call__(self, phase: str, share: float, **numbers: int) -> None:
        assert 0 <= share <= 1
        self.phases.append((phase, numbers.get("num", 0)))


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EARLY_STEPS", "STEPS", "PLACING_STEPS"):
        monkeypatch.setattr(f"search.map.tsne.{name}", 50)


def points(found: LibraryMap, name: str = "tsne") -> dict[int, list[float]]:
    return dict(zip(found.image_ids.tolist(), found.points[name].tolist(), strict=True))


def test_a_small_library_is_laid_out_whole() -> None:
    told = Told()
    found = lay_out(rows_of([*range(1, 31)]), None, 1, told)
    assert (found.facts.num_images, found.facts.num_fitted) == (30, 30)
    assert found.image_ids.tolist() == [*range(1, 31)]
    np.testing.assert_allclose(found.points["tsne"].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_array_equal(found.points["pca"], plane_of(found.model.reference))
    assert {phase for phase, _num in told.phases} == {"directions", "laying_out"}


def test_of_a_large_one_a_sample_is_laid_out_and_the_others_are_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_FITTED", 20)
    told = Told()
    found = lay_out(rows_of([*range(1, 31)]), None, 1, told)
    assert (found.facts.num_images, found.facts.num_fitted, len(found.model.reference)) == (30, 20, 20)
    assert ("placing", 10) in told.phases
    for name in ("tsne", "pca"):
        assert np.isfinite(found.points[name]).all()


def test_the_same_seed_gives_the_same_map() -> None:
    first, second = (lay_out(rows_of([*range(1, 21)]), None, 7, Told()) for _ in range(2))
    assert points(first) == points(second)


def test_a_map_that_is_laid_out_again_is_turned_like_the_old_one() -> None:
    rows = rows_of([*range(1, 31)])
    old = lay_out(rows, None, 1, Told())
    mirrored = replace(old, points=old.points | {"tsne": np.ascontiguousarray(old.points["tsne"] * [1, -1])})
    again = lay_out(rows, mirrored, 1, Told())
    np.testing.assert_allclose(again.points["tsne"], mirrored.points["tsne"], atol=0.01)


def test_what_is_new_is_placed_and_what_is_gone_is_dropped() -> None:
    old = lay_out(rows_of([*range(1, 31)]), None, 1, Told())
    told = Told()
    found = bring_up_to_date(rows_of([*range(3, 34)]), old, told)
    assert found.image_ids.tolist() == [*range(3, 34)]
    assert (found.facts.num_images, found.facts.num_fitted) == (31, 30)
    before, after = points(old), points(found)
    assert all(after[image_id] == before[image_id] for image_id in range(3, 31))
    assert told.phases == [("placing", 3)]
    assert found.model is old.model


def test_where_nothing_changed_it_is_the_same_map() -> None:
    rows = rows_of([1, 2, 3, 4])
    old = lay_out(rows, None, 1, Told())
    assert bring_up_to_date(rows, old, Told()) is old


def test_images_that_only_went_are_dropped_without_placing() -> None:
    old, told = lay_out(rows_of([1, 2, 3, 4, 5]), None, 1, Told()), Told()
    found = bring_up_to_date(rows_of([2, 4]), old, told)
    assert points(found) == {image_id: points(old)[image_id] for image_id in (2, 4)}
    assert told.phases == []


def fitted(num: int, version: str = "1") -> LibraryMap:
    nothing: NDArray[np.float32] = np.zeros((0, 2), np.float32)
    found = lay_out(rows_of([1, 2, 3]), None, 1, Told())
    return replace(found, facts=MapFacts("color", version, num, num, 1, 1), points={"tsne": nothing, "pca": nothing})


@pytest.mark.parametrize(
    ("num_fitted", "num_images", "again"),
    [
        (10, 10, False),
        (10, 20, False),
        (10, 21, True),
        (10, 5, False),
        (11, 5, True),
        (20, 1000, False),
        (19, 1000, True),
    ],
)
def test_a_layout_stands_for_so_many_more_or_fewer(
    monkeypatch: pytest.MonkeyPatch, num_fitted: int, num_images: int, again: bool
) -> None:
    """Twice as many or half as many; of the largest libraries, for as many as are ever laid out."""
    monkeypatch.setattr(layout, "MAX_FITTED", 20)
    assert outgrown(fitted(num_fitted), rows_of([*range(1, num_images + 1)])) is again


def test_a_layout_of_another_version_stands_for_nothing() -> None:
    assert outgrown(fitted(10, version="2"), rows_of([*range(1, 11)]))
