"""Undoing actions on images."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from gallery.audit_events import Action
from gallery.curation import bulk_edit, merge, visibility
from gallery.curation.bulk_edit import Edit
from gallery.curation.undo import UndoError, forget, remember, undo
from gallery.models import Account, Change, Collection, Image, Membership
from gallery.people.roles import Role
from tests.codes import refused
from tests.gallery.rows import make_image, make_images

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator() -> User:
    """Somebody who curates the whole site."""
    user = User.objects.create_user("ada")
    Account.objects.create(user=user, role=Role.CURATOR)
    return user


def _ids(images: list[Image]) -> list[int]:
    return [image.pk for image in images]


def test_it_works(curator: User) -> None:
    ids = _ids(make_images(3))
    visibility.trash(ids, curator)
    change = remember(curator, Action.TRASH, {"ids": ids})
    assert undo(change.pk, curator) == 3
    assert Image.objects.shown().count() == 3


def test_hiding_and_showing_are_undone(curator: User) -> None:
    ids = _ids(make_images(2))
    visibility.hide(ids, curator)
    assert undo(remember(curator, Action.HIDE, {"ids": ids}).pk, curator) == 2
    assert Image.objects.shown().count() == 2
    assert undo(remember(curator, Action.SHOW, {"ids": ids}).pk, curator) == 2
    assert not Image.objects.shown().exists()


def test_edits_are_undone(curator: User) -> None:
    ids = _ids(make_images(2))
    moves = bulk_edit.apply(ids, Edit({"label": "heron"}), curator)
    assert undo(remember(curator, Action.EDIT, bulk_edit.as_state(moves)).pk, curator) == 2
    assert not Image.objects.filter(label="heron").exists()


def test_what_would_get_out_of_sight_is_not_undone(curator: User) -> None:
    """The collection shows the image alone by now; without it nobody but admins would ever find it."""
    (image,), pond = make_images(1), Collection.objects.create(name="Pond")
    moves = bulk_edit.apply([image.pk], Edit({f"collection:{pond.pk}": True}), curator)
    change = remember(curator, Action.EDIT, bulk_edit.as_state(moves))
    bulk_edit.apply([image.pk], Edit({"common": False}), curator)
    with refused(UndoError, "undo_takes_out_of_sight", n=1):
        undo(change.pk, curator)
    assert list(pond.images.all()) == [image]
    change.refresh_from_db()
    assert change.undone_at is None
    admin = User.objects.create_user("root", is_staff=True)
    assert undo(change.pk, admin) == 1


def test_merges_are_undone(curator: User) -> None:
    keeper, other = _ids(make_images(2))
    merged = merge.merge(keeper, [other], curator)
    assert undo(remember(curator, Action.MERGE, merged.as_state()).pk, curator) == 1
    assert Image.objects.shown().count() == 2


def test_once_is_enough(curator: User) -> None:
    ids = _ids(make_images(1))
    change = remember(curator, Action.HIDE, {"ids": ids})
    undo(change.pk, curator)
    with refused(UndoError, "change_undone_already"):
        undo(change.pk, curator)


def test_others_may_not(curator: User) -> None:
    ids = _ids(make_images(1))
    visibility.hide(ids, curator)
    change = remember(curator, Action.HIDE, {"ids": ids})
    stranger = User.objects.create_user("bob")
    Account.objects.create(user=stranger, role=Role.CURATOR)
    for user, change_id in ((stranger, change.pk), (curator, change.pk + 1)):
        with refused(UndoError, "nothing_to_undo"):
            undo(change_id, user)
    assert undo(change.pk, User.objects.create_user("root", is_staff=True)) == 1


def test_a_role_lost_meanwhile_counts() -> None:
    """Who was a curator of a private collection, and is not any more, changes nothing there."""
    user = User.objects.create_user("ada")
    collection = Collection.objects.create(name="Own", private=True)
    membership = Membership.objects.create(collection=collection, user=user, role=Role.CURATOR)
    image = make_image(common=False)
    image.collections.add(collection)
    visibility.hide([image.pk], user)
    change = remember(user, Action.HIDE, {"ids": [image.pk]})
    membership.delete()
    with refused(UndoError, "curates_no_longer"):
        undo(change.pk, User.objects.get(pk=user.pk))
    image.refresh_from_db()
    assert image.hidden


def test_old_acts_are_forgotten(curator: User) -> None:
    old, new = (remember(curator, Action.HIDE, {"ids": []}) for _ in range(2))
    Change.objects.filter(pk=old.pk).update(made_at=timezone.now() - timedelta(days=31))
    assert forget() == 1
    assert Change.objects.get() == new
