"""Deciding about duplicates, and taking it back."""

from __future__ import annotations

import pytest

from gallery.curation import visibility
from gallery.models import Collection, Image, Membership, Tag
from gallery.people.roles import Role
from review.duplicates.decide import decisions
from review.duplicates.decide.in_force import kept_sets
from review.exceptions import AppendOnlyError, DuplicatesError
from review.models import AuditRow, DecidedImage, DuplicateDecision, DuplicateGroup, Verdict
from tests.codes import refused
from tests.gallery.rows import make_image, make_images
from tests.review.duplicates.rows import make_group, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db
Kind = DuplicateDecision.Kind


def audit() -> list[str]:
    return list(AuditRow.objects.order_by("number").values_list("action", flat=True))


def test_keep_all() -> None:
    ada, images = person("ada"), make_images(3)
    group = make_group(make_scan(), images)
    decision = decisions.keep_all([image.pk for image in images], ada, about={"tier": 3})
    assert (decision.kind, decision.author, decision.author_name, decision.state) == (
        Kind.KEEP_ALL,
        ada,
        "ada",
        {"tier": 3},
    )
    assert kept_sets() == {decision.pk: frozenset(image.sha256 for image in images)}
    group.refresh_from_db()
    assert group.decision == decision
    assert audit() == ["duplicates"]
    assert AuditRow.objects.get().details["sha256"] == [image.sha256 for image in images]


def test_keep_one_merges_what_the_others_have() -> None:
    cyd, (keeper, *others) = person("cyd", Role.CURATOR), make_images(3)
    Tag.objects.create(name="pond").images.add(others[0])
    make_group(make_scan(), [keeper, *others])
    decision = decisions.keep_one(keeper.pk, [image.pk for image in others], cyd, merges=True)
    assert list(keeper.tags.values_list("name", flat=True)) == ["pond"]
    assert list(Image.objects.shown()) == [keeper]
    assert set(Image.objects.filter(merged_into=keeper)) == set(others)
    assert decision.state["keeper"] == keeper.sha256
    assert DuplicateGroup.objects.get().decision == decision
    assert audit() == ["merge", "duplicates"]


def test_keep_one_without_merging() -> None:
    cyd, (keeper, other) = person("cyd", Role.CURATOR), make_images(2)
    Tag.objects.create(name="pond").images.add(other)
    decision = decisions.keep_one(keeper.pk, [other.pk], cyd, merges=False)
    assert not keeper.tags.exists()
    other.refresh_from_db()
    assert other.trashed_at
    assert other.merged_into is None
    assert "merged" not in decision.state
    assert audit() == ["trash", "duplicates"]


def test_undo_of_a_merge() -> None:
    cyd, (keeper, other) = person("cyd", Role.CURATOR), make_images(2)
    Tag.objects.create(name="pond").images.add(other)
    group = make_group(make_scan(), [keeper, other])
    decision = decisions.keep_one(keeper.pk, [other.pk], cyd, merges=True)
    assert decisions.undo(decision, cyd) == 1
    assert set(Image.objects.shown()) == {keeper, other}
    assert not keeper.tags.exists()
    group.refresh_from_db()
    assert group.decision is None
    undone = DuplicateDecision.objects.get(kind=Kind.UNDONE)
    assert undone.undoes == decision
    assert set(undone.images.values_list("sha256", flat=True)) == {keeper.sha256, other.sha256}


def test_undo_of_setting_aside_restores_only_what_went_then() -> None:
    cyd, (keeper, *others) = person("cyd", Role.CURATOR), make_images(3)
    decision = decisions.keep_one(keeper.pk, [image.pk for image in others], cyd, merges=False)
    visibility.purge([others[0].pk], None)
    assert decisions.undo(decision, cyd) == 1
    assert set(Image.objects.shown()) == {keeper, others[1]}


def test_undo_of_keeping() -> None:
    ada, images = person("ada"), make_images(2)
    decision = decisions.keep_all([image.pk for image in images], ada)
    assert decisions.undo(decision, ada) == 0
    assert kept_sets() == {}
    with refused(DuplicatesError, "undone_already"):
        decisions.undo(decision, ada)


def test_only_who_decided_can_undo() -> None:
    decision = decisions.keep_all([image.pk for image in make_images(2)], person("ada"))
    with refused(DuplicatesError, "decided_by_another", name="ada"):
        decisions.undo(decision, person("bob", Role.CURATOR))
    assert kept_sets()


def test_undo_needs_the_role_still() -> None:
    cyd, (keeper, other) = person("cyd", Role.CURATOR), make_images(2)
    decision = decisions.keep_one(keeper.pk, [other.pk], cyd, merges=False)
    cyd.account.role = Role.REVIEWER
    cyd.account.save()
    again = type(cyd).objects.get(pk=cyd.pk)
    with refused(DuplicatesError, "curator_no_longer"):
        decisions.undo(decision, again)
    assert list(Image.objects.shown()) == [keeper]


def test_tell_apart() -> None:
    ada, (one, *others) = person("ada"), make_images(3)
    verdicts = decisions.tell_apart(one.pk, [image.pk for image in (one, *others)], ada)
    assert len(verdicts) == 2
    assert {verdict.kind for verdict in verdicts} == {Verdict.Kind.DIFFERENT}
    assert all(one.sha256 in (verdict.first_sha256, verdict.second_sha256) for verdict in verdicts)
    assert {"score", "weights", "versions", "generation", "methods"} <= set(verdicts[0].state)
    assert verdicts[0].state["first"] == one.sha256


@pytest.mark.parametrize(
    ("role", "act", "needed"),
    [
        (Role.CONTRIBUTOR, "all", Role.REVIEWER),
        (Role.REVIEWER, "one", Role.CURATOR),
        (Role.CONTRIBUTOR, "apart", Role.REVIEWER),
    ],
)
def test_roles(role: Role, act: str, needed: Role) -> None:
    user, (one, other) = person("ada", role), make_images(2)
    with refused(DuplicatesError, "role_for_all_images", role=str(needed.label), num=2, may=0):
        _do(act, one, other, user)
    assert not DuplicateDecision.objects.exists()
    assert not Verdict.objects.exists()
    assert Image.objects.shown().count() == 2


def _do(act: str, one: Image, other: Image, user: object) -> None:
    if act == "all":
        decisions.keep_all([one.pk, other.pk], user)  # type: ignore[arg-type]
    elif act == "one":
        decisions.keep_one(one.pk, [other.pk], user, merges=True)  # type: ignore[arg-type]
    else:
        decisions.tell_apart(one.pk, [other.pk], user)  # type: ignore[arg-type]


def test_images_of_others_are_not_decided_about() -> None:
    ada, common = person("ada"), make_image()
    secret = Collection.objects.create(name="secret", private=True)
    hidden = make_image("hidden.jpg", common=False)
    secret.images.add(hidden)
    with refused(DuplicatesError, "images_gone", gone=1, num=2):
        decisions.keep_all([common.pk, hidden.pk], ada)  # as it would be said of an image that never was
    for role in (Role.VIEWER, Role.REVIEWER):
        Membership.objects.update_or_create(user=ada, collection=secret, defaults={"role": role})
        ada = type(ada).objects.get(pk=ada.pk)
        if role == Role.VIEWER:
            with refused(DuplicatesError, "role_for_all_images", num=2, may=1):
                decisions.keep_all([common.pk, hidden.pk], ada)
    decisions.keep_all([common.pk, hidden.pk], ada)


def test_an_image_that_is_gone_stops_the_decision() -> None:
    cyd, (keeper, other) = person("cyd", Role.CURATOR), make_images(2)
    visibility.trash([other.pk], cyd)
    for act in ("all", "one", "apart"):
        with refused(DuplicatesError, "images_gone", gone=1, num=2):
            _do(act, keeper, other, cyd)


def test_two_windows_keep_a_set_once() -> None:
    ada, images = person("ada"), make_images(2)
    group = make_group(make_scan(), images)
    ids = [image.pk for image in images]
    decision = decisions.keep_all(ids, ada)
    assert decisions.keep_all(reversed(ids), ada) == decision
    assert audit() == ["duplicates"]
    decisions.undo(decision, ada)
    assert kept_sets() == {}
    group.refresh_from_db()
    assert group.decision is None
    assert decisions.keep_all(ids, ada) != decision  # decided again
    decisions.keep_all(ids, person("bob"))
    assert len(kept_sets()) == 2  # each says so, and each may take it back
    decisions.keep_all([*ids, make_image("third.jpg").pk], ada)
    assert len(kept_sets()) == 3


def test_two_windows_tell_apart_once() -> None:
    ada, (one, other) = person("ada"), make_images(2)
    (first,) = decisions.tell_apart(one.pk, [other.pk], ada)
    assert decisions.tell_apart(other.pk, [one.pk], ada) == [first]
    assert Verdict.objects.count() == 1


def test_nothing_to_decide_about() -> None:
    with refused(DuplicatesError, "role_for_all_images", num=0):
        decisions.keep_all([], person("ada"))
    with refused(DuplicatesError, "differs_from_nothing"):
        decisions.tell_apart(make_image().pk, [], person("bob"))


def test_decisions_are_never_changed() -> None:
    decision = decisions.keep_all([make_image().pk], person("ada"))
    for attempt in (decision.save, decision.delete, DecidedImage.objects.all().delete):
        with pytest.raises(AppendOnlyError):
            attempt()
