"""Scans of a library with copies in it: what is found, what is left out, and what is measured only once."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.curation import visibility
from gallery.models import Image, RepeatUpload
from gallery.people.roles import Role
from jobs.rows import JobState
from review.duplicates import scan, schedule
from review.duplicates.decide import decisions
from review.duplicates.find.groups import draft_groups
from review.duplicates.find.measure import MOST_PER_IMAGE, ShareProgress, measure
from review.duplicates.find.measurement_cache import read_cache
from review.duplicates.find.pairs import Pairs
from review.models import DuplicateGroup, DuplicateScan, Queue
from review.storage import measurements_file
from review.verdicts.decide import decide
from search.evaluation.augmentations import edit
from search.generations.snapshot import current_snapshot
from search.scoring.segments import Snapshot
from tests.review.duplicates.conftest import add_pictures, members_of, sums_of
from tests.review.people import person
from tests.search.methods.keypoints.conftest import make_scene

Look = Callable[[], DuplicateScan]
Tier = DuplicateGroup.Tier


def groups(done: DuplicateScan) -> list[tuple[int, set[int]]]:
    return [(group.tier, members_of(group)) for group in done.groups.filter(decision=None)]


def test_it_works(copies: list[int], look: Look) -> None:
    done = look()
    first, second = done.groups.order_by("-size")
    assert members_of(first) == {copies[0], *copies[8:11]}
    assert members_of(second) == {copies[1], copies[11]}
    assert (first.tier, first.size, first.chain) == (Tier.EDITED, 4, False)
    assert 0 < first.score <= min(first.members.values_list("score", flat=True)) <= 1
    assert first.keeper_id in members_of(first)
    assert first.keeper_reason
    assert done.num_done == done.num_total == scan.STEPS
    assert done.finished_at
    assert not schedule.is_outdated(done)


def test_making_the_groups_is_told_step_by_step(copies: list[int], look: Look) -> None:
    look()
    snapshot, told = current_snapshot(), list[float]()
    draft_groups(snapshot, read_cache(dict(snapshot.versions)), told.append)
    assert told == sorted(told)
    assert told.count(0.3) >= 3  # before the groups of a tier, and before each component
    assert 0 < told[0] < told[-1] <= 1


def test_only_what_is_new_is_measured(copies: list[int], look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    look()
    asked: list[int] = []

    def count(snapshot: Snapshot, pairs: Pairs, tell: ShareProgress) -> NDArray[np.float32]:
        asked.append(pairs.size)
        return measure(snapshot, pairs, tell)

    monkeypatch.setattr(scan, "measure", count)
    assert len(groups(look())) == 2
    (late,) = add_pictures([edit("gray", make_scene(5), 1)])
    assert (Tier.EDITED, {copies[5], late}) in groups(look())
    assert asked[0] == 0
    assert 0 < asked[1] <= MOST_PER_IMAGE


def test_a_damaged_file_is_made_anew(copies: list[int], look: Look) -> None:
    before = groups(look())
    measurements_file().write_bytes(b"PK\x03\x04 not quite")
    assert groups(look()) == before
    assert read_cache(dict(current_snapshot().versions)).pairs.size


def test_identical_pixels_come_first_and_one_stands_for_them(copies: list[int], look: Look) -> None:
    Image.objects.filter(pk__in=[copies[0], copies[8]]).update(pixels_sha256="f" * 64)
    found = groups(look())
    assert found[0] == (Tier.PIXELS, {copies[0], copies[8]})
    keeper = DuplicateGroup.objects.get(tier=Tier.PIXELS).keeper_id
    assert (Tier.EDITED, {keeper, *copies[9:11]}) in found


def test_bytes_that_came_again(copies: list[int], look: Look) -> None:
    RepeatUpload.objects.create(image_id=copies[3], original_name="again.png")
    assert groups(look())[0] == (Tier.BYTES, {copies[3]})
    decisions.keep_all([copies[3]], person("ada"))
    assert (Tier.BYTES, {copies[3]}) not in groups(look())


def test_different_never_comes_again(copies: list[int], look: Look) -> None:
    ada = person("ada")
    decide(ada, *sums_of(copies[1], copies[11]), "different")
    decide(ada, *sums_of(copies[0], copies[9]), "different")
    found = groups(look())
    assert all(not {copies[1], copies[11]} <= members for _tier, members in found)
    assert all(not {copies[0], copies[9]} <= members for _tier, members in found)
    assert any({copies[0], copies[8]} <= members for _tier, members in found)


def test_what_one_of_two_blind_readers_said_is_left_out(copies: list[int], look: Look) -> None:
    ada, queue = person("ada"), Queue.objects.create(name="q", source="search", state="ready", two_readers=True)
    apart, together = sums_of(copies[1], copies[11]), sums_of(copies[4], copies[5])
    for position, (pair, kind) in enumerate([(apart, "different"), (together, "same")], start=1):
        first, second = sorted(pair)
        queue.pairs.create(position=position, first_sha256=first, second_sha256=second)
        decide(ada, *pair, kind)
    scenes, darker = {copies[0], *copies[8:11]}, {copies[1], copies[11]}
    found = [members for _tier, members in groups(look())]
    assert len(found) == 2
    assert scenes in found
    assert darker in found
    queue.pairs.update(state="decided")
    found = [members for _tier, members in groups(look())]
    assert len(found) == 2
    assert scenes in found
    assert {copies[4], copies[5]} in found


def test_what_people_find_the_same_is_brought_together(copies: list[int], look: Look) -> None:
    decide(person("ada"), *sums_of(copies[4], copies[5]), "same")
    assert (Tier.NEAR, {copies[4], copies[5]}) in groups(look())


def test_sets_that_are_kept_never_come_again(copies: list[int], look: Look) -> None:
    look()
    decisions.keep_all([copies[1], copies[11]], person("ada"))
    assert [members for _tier, members in groups(look())] == [{copies[0], *copies[8:11]}]
    (late,) = add_pictures([edit("gray", make_scene(1), 1)])
    assert {copies[1], copies[11], late} in [members for _tier, members in groups(look())]  # now there is news


def test_a_decision_made_meanwhile_holds(copies: list[int], look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = person("ada")

    def decide_then_draft(*arguments: object) -> object:
        found = draft_groups(*arguments)  # type: ignore[arg-type]
        decisions.keep_all([copies[1], copies[11]], ada)
        return found

    monkeypatch.setattr(scan, "draft_groups", decide_then_draft)
    assert [members for _tier, members in groups(look())] == [{copies[0], *copies[8:11]}]


def test_what_is_in_the_trash_is_left_out(copies: list[int], look: Look) -> None:
    visibility.trash([copies[11]], person("cyd", Role.CURATOR))
    assert [members for _tier, members in groups(look())] == [{copies[0], *copies[8:11]}]


def test_the_last_scan_serves_until_the_next_is_ready(
    copies: list[int], look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = look()
    monkeypatch.setattr(scan, "find_candidates", lambda *_arguments: 1 / 0)
    broken = schedule.ask()
    scan.duplicate_scan.run(broken.pk)
    broken.refresh_from_db()
    assert (broken.state, broken.error_code) == (JobState.FAILED, "unforeseen")
    assert broken.error_params["type"] == "ZeroDivisionError"
    assert schedule.newest_ready() == done
    assert not schedule.due()


def test_whoever_was_silent_too_long_writes_no_groups_beside_those_of_another(
    copies: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = schedule.ask()

    def lose_the_lease(*arguments: object) -> object:
        found = draft_groups(*arguments)  # type: ignore[arg-type]
        DuplicateScan.objects.filter(pk=wanted.pk).update(lease=uuid4())
        return found

    monkeypatch.setattr(scan, "draft_groups", lose_the_lease)
    scan.duplicate_scan.run(wanted.pk)
    wanted.refresh_from_db()
    assert wanted.state == JobState.RUNNING
    assert not wanted.groups.exists()


def test_old_groups_go_with_their_scan(copies: list[int], look: Look) -> None:
    first, second = look(), look()
    assert list(DuplicateScan.objects.all()) == [second]
    assert not DuplicateGroup.objects.filter(scan=first.pk).exists()


def test_an_empty_library(db: None, look: Look) -> None:
    assert groups(look()) == []


def test_a_scan_is_made_once(copies: list[int]) -> None:
    wanted = schedule.ask()
    scan.duplicate_scan.run(wanted.pk)
    scan.duplicate_scan.run(wanted.pk)  # the job came twice
    assert DuplicateGroup.objects.count() == 2
