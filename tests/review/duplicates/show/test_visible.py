"""Which groups people see."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User

from gallery.curation import visibility
from gallery.models import Collection, Image, Membership
from gallery.people.roles import Role
from review.duplicates.show.visible import GroupFilter, linked_members, num_by_tier, open_groups
from review.models import DuplicateScan
from tests.gallery.rows import make_image, make_images
from tests.review.duplicates.rows import Tier, make_group, make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db
ANY = GroupFilter()


@pytest.fixture
def scan() -> DuplicateScan:
    return make_scan()


def private_image(name: str) -> tuple[Image, Collection]:
    collection = Collection.objects.create(name=name, private=True)
    image = make_image(f"{name}.jpg", common=False)
    collection.images.add(image)
    return image, collection


def test_it_works(scan: DuplicateScan) -> None:
    user = person("vic", Role.VIEWER)
    low, high = make_pair(scan, "low", score=0.5), make_pair(scan, "high", score=0.9)
    near = make_pair(scan, "near", tier=Tier.NEAR)
    make_pair(make_scan(), "other")
    assert list(open_groups(scan, ANY, user)) == [high, low, near]
    assert list(open_groups(scan, GroupFilter(Tier.NEAR), user)) == [near]
    assert list(open_groups(scan, GroupFilter(image_id=low.keeper_id), user)) == [low]
    assert num_by_tier(scan, GroupFilter(Tier.NEAR), user) == {1: 0, 2: 0, 3: 2, 4: 1}


def test_a_collection(scan: DuplicateScan) -> None:
    group, _other = make_pair(scan, "one"), make_pair(scan, "two")
    collection = Collection.objects.create(name="Pond")
    collection.images.add(group.members.last().image)  # type: ignore[union-attr]
    user = person("vic", Role.VIEWER)
    assert list(open_groups(scan, GroupFilter(collection=collection), user)) == [group]
    assert num_by_tier(scan, GroupFilter(collection=collection), user)[Tier.EDITED] == 1


def test_private_images_are_not_there(scan: DuplicateScan) -> None:
    secret, collection = private_image("secret")
    common = make_image()
    group = make_group(scan, [common, secret])
    viewer, member, admin = person("vic", Role.VIEWER), person("mia", Role.VIEWER), person("ann", Role.ADMIN)
    Membership.objects.create(user=member, collection=collection, role=Role.VIEWER)
    seen = {user.username: list(open_groups(scan, ANY, user)) for user in (viewer, member, admin)}
    assert seen == {"vic": [], "mia": [group], "ann": [group]}
    assert num_by_tier(scan, ANY, viewer)[Tier.EDITED] == 0
    assert list(open_groups(scan, GroupFilter(image_id=secret.pk), viewer)) == []


def test_images_linked_only_through_a_private_one_are_no_group(scan: DuplicateScan) -> None:
    secret, _collection = private_image("secret")
    one, other = make_images(2)
    make_group(scan, [secret, one, other])  # both are nearest to the private one
    viewer = person("vic", Role.VIEWER)
    assert list(open_groups(scan, ANY, viewer)) == []
    assert not linked_members(viewer).exists()


def test_hidden_and_trashed_images_are_not_there(scan: DuplicateScan) -> None:
    admin, group = person("ann", Role.ADMIN), make_pair(scan, "one")
    for act, back in ((visibility.hide, visibility.unhide), (visibility.trash, visibility.restore)):
        act([group.keeper_id], admin)  # type: ignore[list-item]
        assert list(open_groups(scan, ANY, admin)) == []
        back([group.keeper_id], admin)  # type: ignore[list-item]
        assert list(open_groups(scan, ANY, admin)) == [group]


def test_a_file_that_came_again_is_alone(scan: DuplicateScan) -> None:
    group = make_group(scan, [make_image()], tier=Tier.BYTES)
    assert list(open_groups(scan, ANY, person("vic", Role.VIEWER))) == [group]


@pytest.mark.parametrize("is_open", [True, False])
def test_visitors(scan: DuplicateScan, settings: LazySettings, is_open: bool) -> None:
    settings.OPEN_ACCESS = is_open
    make_pair(scan, "one")
    visitor: AnonymousUser | User = AnonymousUser()
    assert open_groups(scan, ANY, visitor).count() == int(is_open)
