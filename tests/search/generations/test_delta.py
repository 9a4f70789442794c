"""Delta: what changed since a generation, added piece by piece, always with all that is known of an image."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.rows import JobState
from search.features import registry, revisions, stored_vectors, wanted_rows
from search.generations import delta
from search.generations.delta import Delta, GrowingMatrix, num_changed, removed_ids
from search.models import Feature, Tombstone
from tests.search.library import add_features, add_images, add_library, describe, pictures

pytestmark = pytest.mark.django_db
NONE = np.empty(0, np.int64)


def test_it_works(rng: np.random.Generator) -> None:
    add_library(3, rng)
    base = revisions.revision()
    found = Delta(base, registry.current_versions())
    found.refresh(revisions.revision())
    assert len(found.segment(NONE).image_ids) == 0
    ids, vectors = add_library(4, rng)
    found.refresh(revisions.revision())
    segment = found.segment(NONE)
    assert segment.image_ids.tolist() == ids.tolist() == found.image_ids.tolist()
    assert segment.searchable.all()
    for name, rows in vectors.items():
        assert np.array_equal(segment.methods[name].vectors, rows)
    assert segment.methods["ssim"].proxies is not None


def test_every_round_adds_only_what_is_new(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    add_library(5, rng)
    found = Delta(0, registry.current_versions())
    found.refresh(revisions.revision())
    before = found.segment(NONE)
    add_library(2, rng)
    found.refresh(revisions.revision())
    assert len(found.segment(NONE).image_ids) == 7
    assert len(before.image_ids) == 5  # what was handed out stays as it was
    asked: list[int | None] = []
    real = stored_vectors.iter_ready
    monkeypatch.setattr(
        stored_vectors,
        "iter_ready",
        lambda *args, **options: asked.append(options["after_revision"]) or real(*args, **options),
    )
    found.refresh(revisions.revision())
    assert asked == [revisions.revision()] * len(registry.current_versions())


def test_an_image_of_the_generation_brings_all_its_features(rng: np.random.Generator) -> None:
    ids = add_images(3)
    vectors = describe(pictures(3, rng), rng, ["color", "texture"])
    add_features(ids, {"color": vectors["color"]})
    found = Delta(revisions.revision(), registry.current_versions())
    add_features(ids[1:], {"texture": vectors["texture"][1:]})
    found.refresh(revisions.revision())
    segment = found.segment(NONE)
    assert segment.image_ids.tolist() == ids[1:]
    assert np.array_equal(segment.methods["color"].vectors, vectors["color"][1:])
    assert np.array_equal(segment.methods["texture"].vectors, vectors["texture"][1:])


def test_methods_may_come_one_after_the_other(rng: np.random.Generator) -> None:
    ids = add_images(4)
    vectors = describe(pictures(4, rng), rng, ["color", "ssim"])
    found = Delta(0, registry.current_versions())
    add_features(ids[:2], {"color": vectors["color"][:2]})
    found.refresh(revisions.revision())
    add_features(ids[2:], {"ssim": vectors["ssim"][2:]})
    found.refresh(revisions.revision())
    segment = found.segment(NONE)
    color, ssim = segment.methods["color"], segment.methods["ssim"]
    assert color.present is not None
    assert ssim.present is not None
    assert color.present.tolist() == [True, True, False, False]
    assert ssim.present.tolist() == [False, False, True, True]
    assert np.array_equal(ssim.vectors[2:], vectors["ssim"][2:])
    assert ssim.proxies is not None
    assert np.all(ssim.proxies[:2] == 0)


def test_a_feature_computed_again_replaces_the_old_one(rng: np.random.Generator) -> None:
    ids, vectors = add_library(3, rng, ["color"])
    found = Delta(0, registry.current_versions())
    found.refresh(revisions.revision())
    wanted_rows.recompute([int(ids[1])])
    other = vectors["color"][:1][:, ::-1].copy()
    add_features([int(ids[1])], {"color": other})
    found.refresh(revisions.revision())
    segment = found.segment(NONE)
    assert segment.image_ids[segment.searchable].tolist() == [ids[0], ids[2], ids[1]]
    row = segment.row_of(int(ids[1]))
    assert row is not None
    assert np.array_equal(segment.vectors_of(row)["color"], other[0])


def test_removed_images_are_not_searchable(rng: np.random.Generator) -> None:
    ids, _ = add_library(3, rng, ["color"])
    found = Delta(0, registry.current_versions())
    found.refresh(revisions.revision())
    Tombstone.objects.create(image_id=ids[1])
    segment = found.segment(removed_ids())
    assert segment.searchable.tolist() == [True, False, True]
    assert segment.row_of(int(ids[1])) is None


def test_more_images_than_one_query_may_name(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "IDS_PER_QUERY", 2)
    ids = add_images(7)
    vectors = describe(pictures(7, rng), rng, ["color", "texture"])
    add_features(ids, {"color": vectors["color"]})
    found = Delta(revisions.revision(), registry.current_versions())
    add_features(ids, {"texture": vectors["texture"]})
    found.refresh(revisions.revision())
    assert np.array_equal(found.segment(NONE).methods["color"].vectors, vectors["color"])


def test_many_replaced_rows_make_it_crowded(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "MIN_DEAD_ROWS", 3)
    ids, _ = add_library(2, rng, ["color"])
    found = Delta(0, registry.current_versions())
    found.refresh(revisions.revision())
    for _ in range(2):
        assert not found.crowded
        revisions.touch([int(image_id) for image_id in ids])
        found.refresh(revisions.revision())
    assert found.crowded


def test_its_own_tables_are_fitted_again_when_it_has_grown(rng: np.random.Generator) -> None:
    add_library(6, rng, ["color"])
    found = Delta(0, registry.current_versions())
    pairs = []
    for num_more in (0, 2, 4):
        if num_more:
            add_library(num_more, rng, ["color"])
        found.refresh(revisions.revision())
        pairs.append(found.tables("color", found.segment(NONE), seed=1).raw.num_pairs)
    assert pairs == [6 * 5 // 2, 6 * 5 // 2, 12 * 11 // 2]


def test_changes_are_counted_by_image(rng: np.random.Generator) -> None:
    ids, _ = add_library(3, rng)
    base = revisions.revision()
    assert num_changed(0, registry.current_versions()) == 3
    assert num_changed(base, registry.current_versions()) == 0
    revisions.touch([int(ids[0])])
    assert num_changed(base, registry.current_versions()) == 1
    Feature.objects.filter(image=ids[0]).update(state=JobState.WAITING)
    assert num_changed(base, registry.current_versions()) == 0


def test_rows_handed_out_stay_true_while_the_matrix_grows() -> None:
    matrix = GrowingMatrix(2, np.dtype(np.float32))
    matrix.append(np.ones((60, 2), np.float32))
    view = matrix.view()
    matrix.append(np.full((100, 2), 2, np.float32))
    assert view.shape == (60, 2)
    assert np.all(view == 1)
    assert np.all(matrix.view()[60:] == 2)
    assert matrix.num_rows == 160
