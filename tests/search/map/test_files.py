"""A map's folder and the catalog: round trip, and every kind of damage refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from search.exceptions import IndexAbsentError, IndexDamagedError
from search.map.files import (
    CATALOG,
    FORMAT,
    MANIFEST,
    Catalog,
    Entry,
    LibraryMap,
    MapFacts,
    MapModel,
    _body_sum,
    laid_out,
    open_map,
    read_catalog,
    stamp,
    write_catalog,
    write_manifest,
    write_map,
)
from search.map.projection import Directions
from tests.codes import refused


@pytest.fixture
def drawn(rng: np.random.Generator) -> LibraryMap:
    directions = Directions(np.zeros(4, np.float32), np.eye(4, 3, dtype=np.float32), 0.9, 0.5)
    reference, points = rng.random((5, 3), np.float32), rng.random((5, 2), np.float32)
    places = {name: rng.random((7, 2), np.float32) for name in ("tsne", "pca")}
    facts = MapFacts("color", "1", 7, 5, 0.5, 0.9)
    return laid_out(facts, np.arange(7) * 3, places, MapModel(directions, reference, points))


@pytest.fixture
def folder(drawn: LibraryMap, tmp_path: Path) -> Path:
    write_map(tmp_path / "color-1", drawn)
    return tmp_path / "color-1"


def test_it_works(drawn: LibraryMap, folder: Path) -> None:
    found = open_map(folder)
    assert replace(found.facts, created="") == drawn.facts
    assert found.facts.created
    np.testing.assert_array_equal(found.image_ids, drawn.image_ids)
    for name in ("tsne", "pca"):
        np.testing.assert_array_equal(found.points[name], drawn.points[name])
        assert sorted(found.order[name]) == list(range(7))
    np.testing.assert_array_equal(found.model.reference, drawn.model.reference)
    np.testing.assert_array_equal(found.model.directions.axes, drawn.model.directions.axes)


def cut(folder: Path) -> None:
    path = folder / "tsne.npy"
    path.write_bytes(path.read_bytes()[:-4])


def flip(folder: Path) -> None:
    path = folder / "reference.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def lose(folder: Path) -> None:
    (folder / "image_ids.npy").unlink()


def lose_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def alter_manifest(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(path.read_text().replace('"num_images": 7', '"num_images": 6'))


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


@pytest.mark.parametrize("harm", [cut, flip, lose, lose_manifest, alter_manifest, empty_manifest])
def test_damage_is_found(folder: Path, harm: Callable[[Path], None]) -> None:
    before = stamp(folder)
    harm(folder)
    assert stamp(folder) != before
    with pytest.raises(IndexDamagedError, match="color-1"):
        open_map(folder)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    from search.map.sprites import write_sprites

    write_sprites(tmp_path / "sprites-1", [(1, b"a")])
    with refused(IndexDamagedError, "no_map_manifest", folder="sprites-1"):
        open_map(tmp_path / "sprites-1")


def test_the_catalog_is_kept(tmp_path: Path) -> None:
    assert read_catalog(tmp_path) == Catalog()
    catalog = Catalog({"deep": Entry("deep-1", 5)}, "sprites-1")
    write_catalog(tmp_path, catalog)
    assert read_catalog(tmp_path) == catalog


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 99, "maps": {}, "sprites": ""}', '{"format": 1}'])
def test_a_catalog_that_cannot_be_read_is_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / CATALOG).write_text(text)
    assert read_catalog(tmp_path) == Catalog()


def test_the_catalog_is_plain_json(tmp_path: Path) -> None:
    write_catalog(tmp_path, Catalog({"deep": Entry("deep-1", 5)}))
    assert json.loads((tmp_path / CATALOG).read_text())["maps"] == {"deep": {"folder": "deep-1", "revision": 5}}


def rewritten(folder: Path, array: str, rows: np.ndarray) -> None:
    """Put another array in the place of one, and bring the sums up to date: whole, but not what a map is."""
    np.save(folder / f"{array}.npy", rows)
    (folder / MANIFEST).unlink()
    write_manifest(folder, asdict(MapFacts("color", "1", 7, 5, 0.5, 0.9)))


@pytest.mark.parametrize(
    ("array", "rows"),
    [
        ("mean", np.zeros(3, np.float32)),  # of other rows than the axes
        ("axes", np.eye(4, 2, dtype=np.float32)),  # fewer than the reference has coordinates
        ("reference", np.zeros((6, 3), np.float32)),  # more than were laid out
        ("reference_points", np.zeros((5, 3), np.float32)),
        ("image_ids", np.arange(6)),
        ("tsne", np.zeros((7, 3), np.float32)),
        ("pca_order", np.arange(8)),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(folder: Path, array: str, rows: np.ndarray) -> None:
    rewritten(folder, array, rows)
    with pytest.raises(IndexDamagedError):
        open_map(folder)


def test_an_array_that_is_none_is_refused(folder: Path) -> None:
    (folder / "mean.npy").write_bytes(b"no array")
    (folder / MANIFEST).unlink()
    write_manifest(folder, asdict(MapFacts("color", "1", 7, 5, 0.5, 0.9)))
    with pytest.raises(IndexDamagedError, match=r"mean\.npy"):
        open_map(folder)


def test_a_manifest_that_names_no_files_is_refused(folder: Path) -> None:
    body = {"format": FORMAT, "facts": {}}
    (folder / MANIFEST).write_text(json.dumps({"body": body, "sum": _body_sum(body)}))
    with pytest.raises(IndexDamagedError, match="not readable"):
        open_map(folder)


def test_a_folder_that_is_away_may_come_back(folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    with pytest.raises(IndexAbsentError):
        open_map(folder)
    assert stamp(folder) == ()


@pytest.mark.parametrize("name", [MANIFEST, "tsne.npy"])
def test_a_file_that_is_away_alone_is_damage(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(IndexDamagedError) as caught:
        open_map(folder)
    assert not isinstance(caught.value, IndexAbsentError)


def test_a_catalog_that_cannot_be_read_now_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / CATALOG).mkdir()  # an OSError, also for root
    with refused(IndexAbsentError, "catalog_away", file=CATALOG):
        read_catalog(tmp_path)
