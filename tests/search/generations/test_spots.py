"""Spots of generations: written, verified, found again; of newer images: held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from search.exceptions import IndexDamagedError
from search.features import registry
from search.generations import delta_spots, snapshot
from search.generations.build import build
from search.generations.delta_spots import GrowingSpots
from search.generations.reader import open_generation
from search.generations.snapshot import current_snapshot
from search.index.manifest import read_manifest
from search.index.spots import SUFFIXES
from search.methods import RerankMethod, load_method
from search.methods.local import Local
from search.query.answer import search
from search.query.request import GalleryImage, SearchRequest
from search.storage import generation_folder
from search.types import Vectors
from tests.search.library import add_features, add_images
from tests.search.methods.keypoints.conftest import make_scene

METHOD = Local()


@pytest.fixture
def own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture(scope="module")
def rows() -> Vectors:
    """Eight scenes, and the first once more, turned and inverted."""
    scenes = [make_scene(seed) for seed in range(1, 9)]
    return METHOD.describe([*scenes, np.ascontiguousarray(np.rot90(255 - scenes[0]))])


@pytest.mark.django_db
@pytest.mark.usefixtures("own_folder")
def test_it_works(rows: Vectors) -> None:
    """The copy is newer than the generation, then part of the next."""
    ids = add_images(9)
    colors = registry.methods()["color"].describe([make_scene(seed) for seed in range(1, 10)])
    add_features(ids[:8], {"local": rows[:8], "color": colors[:8]})
    build()
    add_features(ids[8:], {"local": rows[8:], "color": colors[8:]})
    for newer in (True, False):
        found = current_snapshot()
        index = found.segments[-1 if newer else 0].spots["local"]
        assert index.num_rows == (1 if newer else 9)
        shown = search(SearchRequest((GalleryImage(ids[0]),))).shown.results
        assert (shown[0].image_id, shown[0].proof > 0) == (ids[8], True)
        assert not any(result.proof for result in shown[1:])
        build()


@pytest.mark.django_db
@pytest.mark.usefixtures("own_folder")
def test_damaged_spots_are_noticed(rows: Vectors) -> None:
    add_features(add_images(9), {"local": rows})
    row = build()
    folder = generation_folder(row.folder)
    files = read_manifest(folder, row.pk)
    assert files.methods["local"].num_spots == 9 * 64
    assert files.methods["local"].spots == METHOD.spot_version
    names = [f"local.{suffix}.npy" for suffix in SUFFIXES]
    assert set(names) <= set(files.files)
    path = folder / names[2]
    path.write_bytes(path.read_bytes()[:-8] + b"whatever")
    with pytest.raises(IndexDamagedError):
        open_generation(folder, row.pk)


@pytest.mark.django_db
@pytest.mark.usefixtures("own_folder")
def test_spots_of_another_version_are_not_asked(rows: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    add_features(add_images(9), {"local": rows})
    build()
    assert current_snapshot().segments[0].spots
    monkeypatch.setattr(Local, "spot_version", "cells-of-tomorrow")
    snapshot.forget()
    assert not current_snapshot().segments[0].spots


def test_growing_spots_find_what_was_added(rows: Vectors) -> None:
    method = load_method("local")
    assert isinstance(method, RerankMethod)
    growing = GrowingSpots(method)
    growing.skip(2)
    growing.append(rows[:4], np.array([True, False, True, True]))
    growing.append(rows[4:6], np.ones(2, bool))
    index = growing.index()
    assert index is not None
    assert growing.index() is index
    assert index.num_rows == 8
    found = [index.query(METHOD.asked_spots(rows[row], index.side), 1)[0].tolist() for row in range(6)]
    assert found[1] != [3]
    assert found[:1] + found[2:] == [[2], [4], [5], [6], [7]]


def test_very_many_newer_rows_have_no_spots(rows: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_spots, "MAX_ROWS", 5)
    growing = GrowingSpots(METHOD)
    assert growing.index() is None
    growing.append(rows[:4], np.ones(4, bool))
    assert growing.index() is not None
    growing.append(rows[4:], np.ones(5, bool))
    assert growing.index() is None
