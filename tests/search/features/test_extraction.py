"""Images become vectors; one that cannot be decoded or described fails alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Picture

from gallery.decoding import Refused
from gallery.models import Image
from search.background import health, wait_until_indexed
from search.exceptions import QueryError, SearchError, WeightsError
from search.features import extraction, feature_counts, leases, registry, stored_vectors, wanted_rows
from search.methods import DerivedMethod
from search.models import Feature, Query
from search.query.uploads import store_query
from search.types import RGBImage, Vectors
from tests.codes import refused
from tests.gallery.blob_files import original_path, query_path
from tests.search.plug_ins import POISON, Gray, Picky

pytestmark = pytest.mark.django_db
PlugIn = Callable[..., None]
Store = Callable[..., Image]


def states(method: str) -> list[str]:
    return list(Feature.objects.filter(method=method).order_by("image_id").values_list("state", flat=True))


def test_it_works(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray, Picky)
    images = [stored_image(seed=seed) for seed in range(5)]
    assert extraction.extract(leases.lease(32)) == 10
    assert states("gray") == states("picky") == ["ready"] * 5
    pixels = np.array(Picture.open(original_path(images[3].sha256)).convert("RGB"))
    np.testing.assert_array_equal(stored_vectors.vectors_of(images[3].pk)["gray"], Gray().describe([pixels])[0])


@pytest.mark.parametrize("position", range(5))
def test_an_image_that_cannot_be_described_fails_alone(
    plug_in_methods: PlugIn, stored_image: Store, position: int
) -> None:
    plug_in_methods(Gray, Picky)
    for seed in range(5):
        stored_image(POISON if seed == position else None, seed=seed)
    assert extraction.extract(leases.lease(32)) == 9
    assert states("gray") == ["ready"] * 5
    assert states("picky") == ["failed" if seed == position else "ready" for seed in range(5)]
    assert Feature.objects.get(state="failed").error_sentence == "RuntimeError: this is poison"


class Filed(Gray):
    """Needs a file of its own, as networks need their weights."""

    name = "filed"
    path: Path

    def unavailable(self) -> SearchError | None:
        return None if self.path.exists() else SearchError("its file is away")

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        if not self.path.exists():
            raise WeightsError(f"cannot read {self.path}")
        return super().describe(images)


class Derived(DerivedMethod, Filed):
    """Builds on `gray`, and on its file."""

    name = "derived"
    source = "gray"
    derives = True  # type: ignore[assignment]

    def derive(self, vectors: Vectors) -> Vectors:
        if not self.path.exists():
            raise WeightsError(f"cannot read {self.path}")
        return vectors


def test_a_method_whose_weights_are_away_for_a_while_fails_no_image(
    plug_in_methods: PlugIn, stored_image: Store, tmp_path: Path
) -> None:
    Filed.path = tmp_path / "weights"
    Filed.path.touch()
    plug_in_methods(Gray, Filed, Derived)
    for seed in range(3):
        stored_image(seed=seed)
    for _time in range(4):  # more often than a row is tried
        held = leases.lease(32)
        assert {name for names in held.images.values() for name in names} >= {"filed", "derived"}
        Filed.path.unlink()
        extraction.extract(held)
        assert states("filed") == states("derived") == ["waiting"] * 3
        assert leases.lease(32).images == {}  # nobody tries what cannot be tried
        Filed.path.touch()
    assert set(Feature.objects.exclude(method="gray").values_list("attempts", flat=True)) == {0}
    extraction.extract(leases.lease(32))
    assert states("gray") == states("filed") == states("derived") == ["ready"] * 3


def test_an_image_that_cannot_be_decoded_any_more_fails_alone(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray, Picky)
    images = [stored_image(seed=seed) for seed in range(3)]
    path = original_path(images[1].sha256)
    path.chmod(0o600)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 64)
    assert extraction.extract(leases.lease(32)) == 4
    assert states("gray") == states("picky") == ["ready", "failed", "ready"]
    assert set(Feature.objects.filter(state="failed").values_list("error_code", flat=True)) <= {"corrupt", "truncated"}


def test_an_image_whose_file_is_away_waits_for_it(
    plug_in_methods: PlugIn, stored_image: Store, caplog: pytest.LogCaptureFixture
) -> None:
    plug_in_methods(Gray, Picky)
    images = [stored_image(seed=seed) for seed in range(3)]
    path = original_path(images[1].sha256)
    away = path.rename(path.with_suffix(".away"))
    for _time in range(5):  # more often than a feature is tried
        assert extraction.extract(leases.lease(32)) in (4, 0)
        assert not leases.lease(32)  # no worker spins on it
        row = Feature.objects.filter(image=images[1]).first()
        assert row is not None
        assert (row.state, row.error_code, row.attempts) == ("running", "original_unavailable", 0)
        features_later()
        assert leases.expire_leases() == 2
    assert states("gray") == ["ready", "waiting", "ready"]
    assert sum("cannot be opened" in record.getMessage() for record in caplog.records) == 5
    away.rename(path)
    assert extraction.extract(leases.lease(32)) == 2
    assert set(Feature.objects.values_list("state", "error_code", "attempts")) == {("ready", "", 1)}


def features_later() -> None:
    """Let the pause of everything that waits be over."""
    Feature.objects.filter(state="running").update(leased_until=timezone.now() - timedelta(seconds=1))


def test_the_pause_before_an_absent_original_is_tried_again_grows(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    original_path(stored_image().sha256).unlink()
    pauses = []
    for age in (0, 100, 10_000):
        now = timezone.now()
        Feature.objects.update(state="waiting", updated_at=now - timedelta(seconds=age))
        extraction.extract(leases.lease(32))
        leased_until = Feature.objects.get().leased_until
        assert leased_until is not None
        pauses.append(round((leased_until - now).total_seconds(), -1))
    assert pauses == [30, 100, 900]


def test_what_waits_for_its_original_is_tried_at_once_when_asked(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    path = original_path(image.sha256)
    away = path.rename(path.with_suffix(".away"))
    extraction.extract(leases.lease(32))
    assert feature_counts.num_waiting() == 0  # nobody waits for it
    assert health.num_features_waiting() == 0
    assert [(each.code, each.num_images) for each in health.look_at_failures()] == [("original_unavailable", 1)]
    wait_until_indexed.finish_features(lambda _what, _num: None)
    away.rename(path)
    assert wanted_rows.retry_failed([image.pk]) == 1
    assert extraction.extract(leases.lease(32)) == 1


def test_what_is_interrupted_is_given_back(
    plug_in_methods: PlugIn, stored_image: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Gray)
    stored_image()

    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Gray, "describe", interrupt)
    with pytest.raises(KeyboardInterrupt):
        extraction.extract(leases.lease(32))
    assert states("gray") == ["waiting"]


def test_everything_that_waits_is_drained(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray, Picky)
    for seed in range(40):
        stored_image(seed=seed, size=8)
    told: list[int] = []
    assert wait_until_indexed.drain(lambda _what, number: told.append(number)) == 80
    assert told == [16, 0]


def test_a_file_is_described_by_every_method_at_hand(
    plug_in_methods: PlugIn, tmp_path: Path, picture: np.ndarray
) -> None:
    plug_in_methods(Gray, Picky)
    Picture.fromarray(picture).save(tmp_path / "a.png")
    found = extraction.describe_file(tmp_path / "a.png")
    assert found.vectors.keys() == {"gray", "picky"}
    assert found.reason is None
    np.testing.assert_array_equal(found.vectors["gray"], Gray().describe([picture])[0])


def test_a_method_that_fails_does_not_stop_the_others(plug_in_methods: PlugIn, tmp_path: Path) -> None:
    plug_in_methods(Picky, Gray)
    Picture.new("RGB", (40, 30), POISON).save(tmp_path / "a.png")
    found = extraction.describe_file(tmp_path / "a.png")
    assert found.vectors.keys() == {"gray"}
    assert found.reason is not None
    assert found.reason.params["errors"] == [["unforeseen", {"type": "RuntimeError", "text": "this is poison"}]]


def test_where_every_method_fails_the_reason_is_raised(plug_in_methods: PlugIn, tmp_path: Path) -> None:
    plug_in_methods(Picky)
    Picture.new("RGB", (40, 30), POISON).save(tmp_path / "a.png")
    with pytest.raises(RuntimeError, match="this is poison"):
        extraction.describe_file(tmp_path / "a.png")


@pytest.fixture
def wrong_weights(settings: LazySettings, tmp_path: Path) -> Iterator[Path]:
    """Weights that begin as such files do and hold nothing, as the content method's."""
    path = tmp_path / "vgg16.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    options = {"backbone": "mobilenetv3small", "weights": path}
    settings.SEARCH_METHOD_OPTIONS = {"deep": options, "siamese": {"deep": options}}
    registry.methods.cache_clear()
    yield path
    registry.methods.cache_clear()


def test_weights_of_another_model_leave_the_other_methods(wrong_weights: Path, tmp_path: Path) -> None:
    Picture.new("RGB", (40, 30), "teal").save(tmp_path / "a.png")
    found = extraction.describe_file(tmp_path / "a.png")
    assert {"color", "ssim", "texture", "phash", "local"} == found.vectors.keys()
    assert found.reason is not None
    ((code, params),) = found.reason.params["errors"]
    assert (code, params["path"], params["backbone"]) == ("weights_unreadable", str(wrong_weights), "MobileNetV3Small")


def test_images_fail_by_a_code_where_weights_are_wrong(wrong_weights: Path, stored_image: Store) -> None:
    stored_image()
    wait_until_indexed.drain()
    assert states("color") == ["ready"]
    assert Feature.objects.get(method="deep").error_code == "weights_unreadable"


def test_large_files_are_seen_at_the_side_of_analysis(
    plug_in_methods: PlugIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Gray)
    Picture.new("RGB", (1600, 400), "teal").save(tmp_path / "a.jpg")
    seen: list[tuple[int, ...]] = []
    describe = Gray.describe
    monkeypatch.setattr(Gray, "describe", lambda self, images: seen.append(images[0].shape) or describe(self, images))
    extraction.describe_file(tmp_path / "a.jpg")
    assert seen == [(128, 512, 3)]


def test_a_file_that_is_no_image_is_refused(plug_in_methods: PlugIn, tmp_path: Path) -> None:
    plug_in_methods(Gray)
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(Refused):
        extraction.describe_file(tmp_path / "a.png")


def test_a_query_is_described(plug_in_methods: PlugIn, tmp_path: Path, picture: np.ndarray) -> None:
    plug_in_methods(Gray)
    Picture.fromarray(picture).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        query = store_query(file, "a.png")
    np.testing.assert_array_equal(extraction.describe_query(query).vectors["gray"], Gray().describe([picture])[0])


def test_what_the_gallery_knows_of_a_query_is_not_computed_again(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Gray)
    image = stored_image()
    wait_until_indexed.drain()
    query = Query(sha256=image.sha256, original_name="a.png")
    assert not query_path(query.pk).exists()
    found = extraction.describe_query(query)
    np.testing.assert_array_equal(found.vectors["gray"], stored_vectors.vectors_of(image.pk)["gray"])


def test_a_query_whose_file_is_gone_is_refused(plug_in_methods: PlugIn) -> None:
    plug_in_methods(Gray)
    with refused(QueryError, "upload_unavailable"):
        extraction.describe_query(Query(pk=uuid.uuid4(), sha256="0" * 64))


def test_warming_up_survives_a_method_that_cannot_load(
    plug_in_methods: PlugIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plug_in_methods(Picky, Gray)
    warmed: list[str] = []

    def warm_up(self: Gray) -> None:
        warmed.append(self.name)
        if self.name == "picky":
            raise OSError("cannot load")

    monkeypatch.setattr(Gray, "warm_up", warm_up)
    extraction.warm_up()
    assert warmed == ["picky", "gray"]
    assert "picky cannot" in caplog.text
