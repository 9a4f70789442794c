"""Kinds of a library, from its features to what a search says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings

from gallery.models import Collection
from search.exceptions import IndexDamagedError
from search.features import registry
from search.generations import collection_calibration, snapshot
from search.generations.build import build
from search.generations.library_kinds import CENTERS, NAME, NUMBERS, make_kinds, read_kinds, write_kinds
from search.generations.random_rows import RandomRows
from search.generations.snapshot import current_snapshot
from search.index.manifest import NAME as MANIFEST
from search.index.manifest import FileSum, Manifest, MethodFiles, write_manifest
from search.methods.base import normalize_rows
from search.models import Generation
from search.query.pair_scores import score_pair
from search.query.pipeline import for_image, for_vectors, run_query
from search.scoring.copies import no_copies
from search.scoring.kinds import NONE, KindNumbers, Kinds
from search.scoring.segments import MethodRows, Segment, fit_tables
from search.storage import generation_folder
from search.types import Vectors
from tests.codes import refused
from tests.search.library import add_features, add_images

SCANS, PHOTOGRAPHS = 110, 130
SPREADS = {"color": 0.2, "deep": 0.2, "texture": 0.02}
"""How far scans lie from one another; textures of any photographs are alike."""
WEIGHTS = {"color": 0.5, "deep": 0.5}


def described(num: int, rng: np.random.Generator, *, alike: bool) -> dict[str, Vectors]:
    """Return rows as the real methods would: of scans, which are all alike, or of photographs."""
    found: dict[str, Vectors] = {}
    for name in SPREADS:
        dim = registry.methods()[name].dim
        noise, axes = normalize_rows(rng.normal(size=(num, dim))), np.eye(dim)
        found[name] = normalize_rows(axes[0] + SPREADS[name] * noise if alike else 0.5 * axes[1] + noise)
    return found


def segment_of(*parts: dict[str, Vectors]) -> Segment:
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    num = len(rows["deep"])
    held = {name: MethodRows(registry.methods()[name].version, vectors) for name, vectors in rows.items()}
    return Segment(np.arange(num), np.ones(num, bool), held)


def made(segment: Segment) -> tuple[Kinds, KindNumbers] | None:
    methods = registry.methods()
    drawn = RandomRows(segment, methods, 20, no_copies)
    every = np.arange(len(segment.image_ids))
    library = {name: fit_tables(held, methods[name], every, 20).raw for name, held in segment.methods.items()}
    return make_kinds(segment, methods, library, drawn, 20)


def mixed(rng: np.random.Generator) -> Segment:
    return segment_of(described(SCANS, rng, alike=True), described(PHOTOGRAPHS, rng, alike=False))


def test_scans_and_photographs_have_tables_of_their_own(rng: np.random.Generator, tmp_path: Path) -> None:
    found = made(mixed(rng))
    assert found is not None
    kinds, numbers = found
    assert numbers.tolist() == [0] * SCANS + [1] * PHOTOGRAPHS
    assert kinds.places.rest == 1
    cosine = np.array([0.95], np.float32)  # of any two scans, and of no two photographs
    scans, photographs = (tables["deep"].decades_of(cosine)[0] for tables in kinds.tables)
    assert scans < 0.5 < 2 < photographs
    assert {table.borrowed for table in kinds.tables[0].values()} == {0}  # unlike random photographs
    assert kinds.tables[1]["deep"].borrowed > 0

    write_kinds(tmp_path, kinds, numbers)
    read, rows = read_kinds(tmp_path, SCANS + PHOTOGRAPHS)
    assert rows.tolist() == numbers.tolist()
    assert (read.method, read.version, read.places.rest) == (kinds.method, kinds.version, 1)
    np.testing.assert_array_equal(read.places.centers, kinds.places.centers)
    assert read.places.kinds.tolist() == kinds.places.kinds.tolist()
    np.testing.assert_array_equal(read.tables[0]["deep"].decades, kinds.tables[0]["deep"].decades)
    assert [sorted(tables) for tables in read.tables] == [["color", "deep", "texture"]] * 2


def test_libraries_of_one_kind_and_without_content_have_none(rng: np.random.Generator) -> None:
    whole = mixed(rng)
    assert made(segment_of(described(240, rng, alike=True))) is None
    assert made(segment_of(described(240, rng, alike=False))) is None
    assert made(segment_of(described(1, rng, alike=False))) is None
    assert made(replace(whole, methods={"color": whole.methods["color"]})) is None


def test_an_image_without_content_is_of_no_kind(rng: np.random.Generator) -> None:
    whole = mixed(rng)
    present = np.ones(SCANS + PHOTOGRAPHS, bool)
    present[[0, -1]] = False
    held = {**whole.methods, "deep": replace(whole.methods["deep"], present=present)}
    found = made(replace(whole, methods=held))
    assert found is not None
    assert found[1][[0, 1, -2, -1]].tolist() == [NONE, 0, 1, NONE]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"centers": [0], "rest": 1}'])
def test_damaged_kinds_are_refused(text: str, rng: np.random.Generator, tmp_path: Path) -> None:
    found = made(mixed(rng))
    assert found is not None
    write_kinds(tmp_path, *found)
    (tmp_path / NAME).write_text(text)
    with refused(IndexDamagedError, "kinds_unreadable"):
        read_kinds(tmp_path, SCANS + PHOTOGRAPHS)


def test_kinds_without_their_centers_are_refused(rng: np.random.Generator, tmp_path: Path) -> None:
    found = made(mixed(rng))
    assert found is not None
    write_kinds(tmp_path, *found)
    np.save(tmp_path / CENTERS, found[0].places.centers[1:])
    with refused(IndexDamagedError, "kinds_unreadable"):
        read_kinds(tmp_path, SCANS + PHOTOGRAPHS)


@pytest.fixture
def library(settings: LazySettings, tmp_path: Path, rng: np.random.Generator) -> Iterator[list[int]]:
    """Scans and photographs in a generation, and one newer image of each."""
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    ids = add_images(SCANS + PHOTOGRAPHS + 2)
    rows = mixed(rng)
    add_features(ids[:-2], {name: held.vectors for name, held in rows.methods.items()})
    build()
    add_features([ids[-2]], described(1, rng, alike=True))
    add_features([ids[-1]], described(1, rng, alike=False))
    yield ids
    snapshot.forget()


@pytest.mark.django_db
def test_a_search_says_by_which_images_it_was_judged(library: list[int], rng: np.random.Generator) -> None:
    scan, photograph, newer_scan, newer_photograph = library[0], library[SCANS], library[-2], library[-1]
    for image_id in (scan, newer_scan):
        answer = run_query(for_image(image_id), WEIGHTS)
        assert (answer.background, answer.similar_images, answer.borrowed) == ("kind", SCANS + 1, 0)
    for image_id in (photograph, newer_photograph):
        answer = run_query(for_image(image_id), WEIGHTS)
        assert (answer.background, answer.similar_images) == ("rest", PHOTOGRAPHS + 1)
        assert answer.borrowed > 0
    uploaded = {name: rows[0] for name, rows in described(1, rng, alike=True).items()}
    assert run_query(for_vectors(uploaded), WEIGHTS).background == "kind"
    assert run_query(for_vectors({"color": uploaded["color"]}), WEIGHTS).background == "kinds"
    # Of random scans nine in ten are no rarer than one in ten, though among photographs all of them would be.
    rarities = [hit.methods["deep"].one_in or 0 for hit in run_query(for_image(scan), WEIGHTS, k=SCANS).results]
    assert np.median(rarities) < 10


@pytest.mark.django_db
def test_a_pair_says_by_which_images_it_was_judged(library: list[int]) -> None:
    scan, other, photograph, newer = library[0], library[1], library[SCANS], library[-2]
    assert score_pair(scan, other, WEIGHTS).background == "kind"
    assert score_pair(scan, newer, WEIGHTS).background == "kind"
    assert score_pair(photograph, library[-1], WEIGHTS).background == "rest"
    across = score_pair(scan, photograph, WEIGHTS)
    assert across.as_state()["background"] == "kinds"
    assert across.score == pytest.approx(score_pair(photograph, scan, WEIGHTS).score)


@pytest.mark.django_db
def test_within_a_collection_of_its_own_pairs_there_are_no_kinds(
    library: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection_calibration, "MIN_IMAGES", 100)
    collection = Collection.objects.create(name="scans")
    collection.images.set(library[:SCANS])
    found = collection_calibration.within(current_snapshot(), collection.pk, np.array(library[:SCANS]))
    assert found[0].kinds is None
    assert score_pair(library[0], library[1], WEIGHTS, collection_id=collection.pk).background == "collection"


@pytest.mark.django_db
def test_a_generation_from_before_there_were_kinds_serves_without(library: list[int]) -> None:
    folder = generation_folder(Generation.objects.get().folder)
    document = json.loads((folder / MANIFEST).read_text())["body"]
    for path in folder.glob("kinds.*"):
        path.unlink()
        del document["files"][path.name]
    methods = {name: MethodFiles(**entry) for name, entry in document.pop("methods").items()}
    files = {name: FileSum(**entry) for name, entry in document.pop("files").items()}
    write_manifest(folder, Manifest(methods=methods, files=files, **document))
    snapshot.forget()
    assert current_snapshot().kinds is None
    answer = run_query(for_image(library[0]), WEIGHTS)
    assert (answer.background, answer.degraded) == ("library", None)


@pytest.mark.django_db
def test_a_damaged_file_of_kinds_is_found(library: list[int]) -> None:
    path = generation_folder(Generation.objects.get().folder) / NUMBERS
    path.write_bytes(path.read_bytes()[:-1] + b"\x05")
    snapshot.forget()
    assert current_snapshot().degraded is not None
