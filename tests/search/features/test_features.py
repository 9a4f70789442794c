"""Rows of features: wanted, leased, stored, failed, and read again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from django.utils import timezone

from gallery.models import Image
from jobs.leases import WORKER_VARIABLE
from jobs.rows import JobState
from search.exceptions import DimensionMismatchError
from search.features import feature_counts, leases, registry, revisions, stored_vectors, wanted_rows
from search.models import Feature
from tests.codes import refused
from tests.search.plug_ins import Absent, Gray, Picky

pytestmark = pytest.mark.django_db
PlugIn = Callable[..., None]
Store = Callable[..., Image]


def rows(number: int) -> np.ndarray:
    return np.eye(8, dtype=np.float32)[np.arange(number) % 8]


def states(image: Image) -> dict[str, str]:
    return dict(Feature.objects.filter(image=image).values_list("method", "state"))


def test_it_works(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray, Picky)
    images = [stored_image(seed=seed) for seed in range(3)]
    ids = [image.pk for image in images]
    held = leases.lease(32)
    assert held.images == {image_id: ["gray", "picky"] for image_id in ids}
    before = revisions.revision()
    assert leases.store(held, {"gray": (ids, rows(3)), "picky": (ids[:2], rows(2))}) == 5
    assert revisions.revision() == before + 1
    assert set(Feature.objects.filter(state=JobState.READY).values_list("revision", flat=True)) == {before + 1}
    assert leases.fail(held, ids[2], "picky", "poison") == 1
    assert states(images[2]) == {"gray": "ready", "picky": "failed"}
    assert feature_counts.counts()["picky"] == {"waiting": 0, "running": 0, "ready": 2, "failed": 1, "stopped": 0}
    assert feature_counts.counts(JobState.FAILED) == {"gray": {"failed": 0}, "picky": {"failed": 1}}
    assert feature_counts.counts_among(Image.objects.filter(pk__in=ids)) == feature_counts.counts()
    assert feature_counts.counts_among(Image.objects.filter(pk=ids[2]))["picky"] == {
        "waiting": 0,
        "running": 0,
        "stopped": 0,
        "ready": 0,
        "failed": 1,
    }
    (found_ids, vectors), *rest = stored_vectors.iter_ready("gray", "1")
    assert not rest
    assert found_ids.tolist() == ids
    np.testing.assert_array_equal(vectors, rows(3))
    np.testing.assert_array_equal(stored_vectors.vectors_of(ids[1])["picky"], rows(2)[1])


def test_methods_that_are_not_available_are_not_wanted(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray, Absent)
    image = stored_image()
    assert states(image) == {"gray": "waiting"}
    assert registry.current_versions() == {"gray": "1"}
    (name, error), *others = registry.unavailable_methods().items()
    assert (name, error.code, others) == ("absent", "not_available", [])
    assert error.params["because"] == Absent().unavailable().as_json()


def test_rows_are_made_once(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(3)]
    assert wanted_rows.ensure_rows() == 0
    Feature.objects.all().delete()
    assert wanted_rows.ensure_rows(ids[:1]) == 1
    assert wanted_rows.ensure_rows() == 2
    assert wanted_rows.ensure_rows() == 0
    assert Feature.objects.count() == 3


def test_a_new_version_wants_rows_of_its_own_and_old_ones_go(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    stored_image()
    registry.methods()["gray"].options["version"] = "2"
    assert wanted_rows.ensure_rows() == 1
    assert Feature.objects.count() == 2
    assert wanted_rows.drop_outdated({}) == 0
    assert wanted_rows.drop_outdated({"gray": "2"}) == 1
    assert Feature.objects.get().version == "2"


def test_a_lease_prefers_the_images_asked_for(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(5)]
    assert list(leases.lease(2, [ids[4]]).images) == [ids[0], ids[4]]
    assert list(leases.lease(2, [ids[4]]).images) == [ids[1], ids[2]]
    assert list(leases.lease(2).images) == [ids[3]]
    assert not leases.lease(2)


def test_what_is_held_too_long_is_free_again_and_taken_alone(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(3)]
    leases.lease(2)
    Feature.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert list(leases.lease(32).images) == ids[2:]
    assert list(leases.lease(32).images) == ids[:1]
    assert leases.expire_leases() == 1
    assert list(leases.lease(32).images) == ids[1:2]


def test_what_was_tried_too_often_fails(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    for _attempt in range(3):
        assert leases.lease(32)
        Feature.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert not leases.lease(32)
    leases.expire_leases()
    row = Feature.objects.get()
    assert (row.state, row.error_code, row.attempts) == ("failed", "worker_lost", 3)
    assert wanted_rows.retry_failed([image.pk]) == 1
    assert leases.lease(32).images == {image.pk: ["gray"]}


def test_a_successor_reclaims_what_its_predecessor_held(
    plug_in_methods: PlugIn, stored_image: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Gray)
    stored_image(seed=1)
    monkeypatch.setenv(WORKER_VARIABLE, "first")
    leases.lease(32)
    monkeypatch.setenv(WORKER_VARIABLE, "second")
    assert leases.reclaim() == 0
    assert not leases.lease(32)
    monkeypatch.setenv(WORKER_VARIABLE, "first")
    assert leases.reclaim() == 1
    assert leases.lease(32)


def test_results_of_a_lost_lease_are_left_alone(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    lost = leases.lease(32)
    leases.release(lost)
    held = leases.lease(32)
    assert leases.store(lost, {"gray": ([image.pk], rows(1))}) == 0
    assert leases.store(held, {"gray": ([image.pk], rows(1))}) == 1
    assert leases.store(held, {"gray": ([image.pk], rows(1))}) == 0


def test_an_image_deleted_meanwhile_is_left_out(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(2)]
    held = leases.lease(32)
    Image.objects.filter(pk=ids[0]).delete()
    assert leases.store(held, {"gray": (ids, rows(2))}) == 1


@pytest.mark.parametrize(
    ("vectors", "code", "about"),
    [
        (np.zeros((1, 7), np.float32), "vectors_of_another_kind", {"expected": "(1, 8), float32", "shape": "(1, 7)"}),
        (np.zeros((2, 8), np.float32), "vectors_of_another_kind", {"shape": "(2, 8)"}),
        (np.zeros((1, 8), np.float64), "vectors_of_another_kind", {"dtype": "float64"}),
        (np.full((1, 8), np.nan, np.float32), "vectors_not_finite", {"method": "gray"}),
    ],
)
def test_vectors_that_are_not_as_promised_are_refused(
    plug_in_methods: PlugIn, stored_image: Store, vectors: np.ndarray, code: str, about: dict[str, str]
) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    held = leases.lease(32)
    with refused(DimensionMismatchError, code, **about):
        leases.store(held, {"gray": ([image.pk], vectors)})
    assert states(image) == {"gray": "running"}


def test_ready_rows_come_in_chunks_by_image(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(5)]
    leases.store(leases.lease(2), {"gray": (ids[:2], rows(2))})
    first = revisions.revision()
    leases.store(leases.lease(3), {"gray": (ids[2:], rows(3))})
    chunks = [found.tolist() for found, _vectors in stored_vectors.iter_ready("gray", "1", chunk=2)]
    assert chunks == [ids[:2], ids[2:4], ids[4:]]
    assert [f.tolist() for f, _v in stored_vectors.iter_ready("gray", "1", after_revision=first)] == [ids[2:]]
    assert [f.tolist() for f, _v in stored_vectors.iter_ready("gray", "1", image_ids=[ids[4], ids[0]])] == [
        [ids[0], ids[4]]
    ]
    Image.objects.filter(pk=ids[0]).update(hidden=True)
    assert [f.tolist() for f, _v in stored_vectors.iter_ready("gray", "1")] == [ids[1:]]
    Image.objects.filter(pk=ids[1]).update(trashed_at=timezone.now())
    assert [f.tolist() for f, _v in stored_vectors.iter_ready("gray", "1")] == [ids[2:]]
    assert list(stored_vectors.iter_ready("gray", "other")) == []


def test_stored_vectors_of_different_length_are_refused(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(2)]
    leases.store(leases.lease(2), {"gray": (ids, rows(2))})
    Feature.objects.filter(image=ids[0]).update(vector=b"1234")
    with refused(DimensionMismatchError, "stored_vectors_differ", method="gray"):
        list(stored_vectors.iter_ready("gray", "1"))


def test_recomputing_wants_ready_rows_again(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    leases.store(leases.lease(2), {"gray": ([image.pk], rows(1))})
    assert wanted_rows.recompute([image.pk]) == 1
    assert feature_counts.num_waiting() == feature_counts.num_pending() == 1
    assert leases.lease(2).images == {image.pk: ["gray"]}


def test_rows_of_other_versions_do_not_count(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    Feature.objects.create(image=image, method="gray", version="0")
    assert feature_counts.num_pending() == 1
    assert feature_counts.counts()["gray"]["waiting"] == 1


def test_touched_features_are_new_again(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    ids = [stored_image(seed=seed).pk for seed in range(2)]
    leases.store(leases.lease(2), {"gray": (ids, rows(2))})
    before = revisions.revision()
    assert revisions.touch(ids[:1]) == before + 1
    assert [f.tolist() for f, _v in stored_vectors.iter_ready("gray", "1", after_revision=before)] == [ids[:1]]


def test_query_vectors_survive_packing() -> None:
    vectors = {"gray": rows(1)[0], "ssim": np.arange(16, dtype=np.uint8)}
    unpacked, versions = stored_vectors.unpack_query(stored_vectors.pack_query(vectors))
    assert unpacked.keys() == vectors.keys()
    assert versions == {"gray": "", "ssim": registry.methods()["ssim"].version}
    for name, vector in vectors.items():
        np.testing.assert_array_equal(unpacked[name], vector)
        assert unpacked[name].dtype == vector.dtype


def test_query_vectors_keep_the_version_that_they_were_computed_by(plug_in_methods: PlugIn) -> None:
    plug_in_methods(Gray)
    packed = stored_vectors.pack_query({"gray": rows(1)[0]})
    registry.methods()["gray"].options["version"] = "2"
    assert stored_vectors.unpack_query(packed)[1] == {"gray": "1"}


def test_objects_are_neither_packed_nor_unpacked() -> None:
    objects = {"gray": np.array([{"a": 1}], dtype=object)}
    with pytest.raises(ValueError, match="allow_pickle"):
        stored_vectors.pack_query(objects)
    buffer = BytesIO()
    np.savez(buffer, **{"gray@": objects["gray"]})
    with pytest.raises(ValueError, match="allow_pickle"):
        stored_vectors.unpack_query(buffer.getvalue())


def test_tokens_name_the_place_of_the_worker(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    stored_image(seed=1)
    first, second = leases.lease(32), leases.lease(32)
    assert isinstance(first.token, uuid.UUID)
    assert first.token != second.token
    assert first.token.bytes[:8] == second.token.bytes[:8]
