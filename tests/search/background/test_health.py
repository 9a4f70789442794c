"""What works now and what does not, from rows and files that are laid out by hand."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.utils import timezone

from gallery.models import Image
from search.background import health
from search.background.health import Disk, QueueHealth, Queues
from search.features import leases
from search.generations.build import build
from search.models import Feature, Generation
from search.storage import generation_folder
from tests.search.library import add_images, add_library
from tests.search.plug_ins import Absent, Gray, Picky

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(plug_in_methods: object) -> list[int]:
    """Four images without a feature, in a library of two methods and one that lacks something here."""
    plug_in_methods(Gray, Picky, Absent)  # type: ignore[operator]
    return add_images(4)


def feature(
    image_id: int, method: str = "gray", state: str = "failed", code: str = "corrupt", **about: object
) -> Feature:
    return Feature.objects.create(
        image_id=image_id, method=method, state=state, error_code=code, **({"version": "1"} | about)
    )


def resting(image_id: int, method: str = "gray") -> Feature:
    """A row whose original is away: held by nobody, until later."""
    later = timezone.now() + timedelta(minutes=5)
    return feature(image_id, method, "running", leases.ORIGINAL_UNAVAILABLE, leased_until=later)


class TestFailures:
    def test_they_are_counted_by_method_and_reason_most_frequent_first(self, ids: list[int]) -> None:
        for image_id in ids[:3]:
            feature(image_id)
        feature(ids[3], code="truncated")
        feature(ids[0], "picky", code="message", error_params={"text": "this is poison"})
        found = health.look_at_failures()
        assert [(each.method, each.code, each.num_images) for each in found] == [
            ("gray", "corrupt", 3),
            ("gray", "truncated", 1),
            ("picky", "message", 1),
        ]
        assert found[2].reason == "this is poison"

    def test_what_waits_for_its_original_is_among_them(self, ids: list[int]) -> None:
        resting(ids[0])
        (found,) = health.look_at_failures()
        assert (found.code, found.num_images) == (leases.ORIGINAL_UNAVAILABLE, 1)

    @pytest.mark.parametrize("state", ["waiting", "ready", "running"])
    def test_what_did_not_fail_is_not(self, ids: list[int], state: str) -> None:
        feature(ids[0], state=state, code="")
        assert health.look_at_failures() == []

    @pytest.mark.parametrize("about", [{"version": "0"}, {"method": "gone"}])
    def test_rows_that_nobody_searches_by_do_not_count(self, ids: list[int], about: dict[str, str]) -> None:
        feature(ids[0], **about)  # type: ignore[arg-type]
        assert health.look_at_failures() == []

    def test_those_of_closed_images_are_left_out(self, ids: list[int]) -> None:
        feature(ids[0])
        feature(ids[1])
        (found,) = health.look_at_failures(closed=Image.objects.filter(pk=ids[0]))
        assert found.num_images == 1

    def test_so_many_are_enough(self, ids: list[int]) -> None:
        for number, image_id in enumerate(ids):
            feature(image_id, code=f"odd_{'abcd'[number]}")
        assert len(health.look_at_failures(limit=3)) == 3


class TestWaiting:
    def test_what_waits_or_is_computed_is_counted(self, ids: list[int]) -> None:
        feature(ids[0], state="waiting", code="")
        feature(ids[1], state="running", code="", leased_until=timezone.now())
        feature(ids[2], state="ready", code="")
        feature(ids[3])
        assert health.num_features_waiting() == 2
        assert health.num_features_waiting(Image.objects.filter(pk__in=ids[:1])) == 1

    def test_nobody_waits_for_what_waits_for_its_original(self, ids: list[int]) -> None:
        resting(ids[0])
        feature(ids[0], "picky", state="waiting", code="")
        assert health.num_features_waiting() == 1


class TestImage:
    def test_each_method_has_a_state(self, ids: list[int]) -> None:
        feature(ids[0], state="ready", code="")
        feature(ids[0], "picky", code="message", error_params={"text": "this is poison"})
        feature(ids[1])
        assert health.image_states(ids[0]) == {"gray": ("ready", ""), "picky": ("failed", "this is poison")}

    def test_one_that_waits_for_its_original_waits_and_says_why(self, ids: list[int]) -> None:
        resting(ids[0])
        state, reason = health.image_states(ids[0])["gray"]
        assert state == "waiting"
        assert reason

    def test_rows_of_other_versions_say_nothing(self, ids: list[int]) -> None:
        feature(ids[0], version="0")
        feature(ids[0], "absent")
        assert health.image_states(ids[0]) == {}


class TestGenerations:
    def test_there_is_none_at_first(self) -> None:
        assert health.look_at_generations() == (None, None)

    @pytest.mark.parametrize(
        ("state", "told"), [("running", True), ("failed", True), ("waiting", False), ("stopped", False)]
    )
    def test_what_was_begun_since_is_told(self, state: str, told: bool) -> None:
        active = Generation.objects.create(state="ready", life="active")
        newer = Generation.objects.create(state=state)
        assert health.look_at_generations() == (active, newer if told else None)

    def test_a_failure_of_before_is_not(self) -> None:
        Generation.objects.create(state="failed")
        active = Generation.objects.create(state="ready", life="active")
        assert health.look_at_generations() == (active, None)

    def test_the_first_build_is_told_without_one_in_use(self) -> None:
        first = Generation.objects.create(state="running")
        assert health.look_at_generations() == (None, first)

    @pytest.mark.usefixtures("few_methods")
    def test_a_generation_that_is_away_tells_no_reductions(
        self, rng: np.random.Generator, settings: LazySettings, tmp_path: Path
    ) -> None:
        settings.GENERATIONS_DIR = tmp_path
        add_library(3, rng)
        row = build()
        assert health.look_at_reductions(row) == []  # too few rows to reduce
        shutil.rmtree(generation_folder(row.folder))
        assert health.look_at_reductions(row) == []
        assert health.look_at_reductions(None) == []


class TestDisk:
    @pytest.mark.parametrize(
        ("total", "free", "low", "used"),
        [(2**40, 2**30, False, 99.9), (2**40, 2**30 - 1, True, 99.9), (1000, 250, True, 75.0), (0, 0, True, 100.0)],
    )
    def test_how_much_room_there_is(self, total: int, free: int, low: bool, used: float) -> None:
        disk = Disk(total, free)
        assert (disk.low, disk.used_percent) == (low, used)

    def test_a_folder_that_is_not_made_yet_lies_on_the_disk_of_its_parent(
        self, settings: LazySettings, tmp_path: Path
    ) -> None:
        settings.DATA_DIR = tmp_path / "not" / "made"
        assert health.look_at_disk().total_bytes == shutil.disk_usage(tmp_path).total


class TestStorage:
    def test_a_folder_that_can_be_written_is_no_problem_and_stays_empty(
        self, settings: LazySettings, tmp_path: Path
    ) -> None:
        settings.DATA_DIR = tmp_path / "data"
        assert health.readiness()["storage"] == "ok"
        assert [*(tmp_path / "data").iterdir()] == []

    def test_a_file_in_the_place_of_the_folder_is_named(self, settings: LazySettings, tmp_path: Path) -> None:
        (tmp_path / "data").touch()
        settings.DATA_DIR = tmp_path / "data"
        assert str(tmp_path / "data") in health.readiness()["storage"]


def test_queues_that_no_worker_serves_are_named() -> None:
    served = QueueHealth("features", 3, 0, 1, 1, timezone.now())
    unserved = QueueHealth("maintenance", 0, 2, 0, 0, None)
    queues = Queues("", [served, unserved])
    assert queues.idle == ["maintenance"]
    assert queues.named("features") is served
    assert Queues("no answer", []).idle == []
