"""Cards of groups: what differs, what is left after decisions, and what people may do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from gallery.curation import visibility
from gallery.models import Attribute, Collection, Membership, RepeatUpload, Tag
from gallery.people.roles import Role
from review.duplicates.decide import decisions
from review.duplicates.decide.keeper import REASONS
from review.duplicates.show.cards import MOST_SHOWN, make_cards
from review.models import DuplicateScan
from review.verdicts.decide import decide
from tests.gallery.rows import make_image, make_images
from tests.review.duplicates.rows import Tier, make_group, make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan() -> DuplicateScan:
    return make_scan()


def test_it_works(scan: DuplicateScan) -> None:
    keeper = make_image("heron.png", width=800, height=600, format="PNG")
    other = make_image("heron-small.jpg", num_bytes=900)
    Tag.objects.create(name="pond").images.add(other)
    Attribute.objects.create(image=other, name="camera", value="X100")
    (card,) = make_cards([make_group(scan, [keeper, other])], person("cyd", Role.CURATOR))
    assert card.keeper == keeper
    assert card.reason == REASONS["pixels"]
    assert [member.image for member in card.members] == [keeper, other]
    assert [member.is_keeper for member in card.members] == [True, False]
    assert not any(fact.differs for fact in card.members[0].facts if fact.value)
    facts = {fact.label: (fact.value, fact.differs) for fact in card.members[1].facts}
    assert facts["Pixels"] == ("400 × 300", True)
    assert facts["File"] == ("JPEG · 900\xa0bytes", True)
    assert facts["Tags"] == ("pond", True)
    assert facts["Attributes"] == ("camera: X100", True)
    assert not facts["Added"][1]
    assert "Title" not in facts  # neither has one
    assert (card.may_decide, card.may_set_aside) == (True, True)


@pytest.mark.parametrize(
    ("role", "may"), [(Role.VIEWER, (False, False)), (Role.REVIEWER, (True, False)), (Role.CURATOR, (True, True))]
)
def test_roles(scan: DuplicateScan, role: Role, may: tuple[bool, bool]) -> None:
    (card,) = make_cards([make_pair(scan, "one")], person("ada", role))
    assert (card.may_decide, card.may_set_aside) == may


def test_visitors_decide_nothing(scan: DuplicateScan) -> None:
    (card,) = make_cards([make_pair(scan, "one")], AnonymousUser())
    assert (card.may_decide, card.may_set_aside) == (False, False)


def test_a_keeper_that_one_may_not_see_is_another(scan: DuplicateScan) -> None:
    secret = Collection.objects.create(name="secret", private=True)
    hidden = make_image("hidden.jpg", common=False)
    secret.images.add(hidden)
    one, other = make_image("one.jpg", width=900), make_image("two.jpg")
    group = make_group(scan, [one, other, hidden])
    group.keeper = hidden
    group.save()
    ada = person("ada")
    (card,) = make_cards([group], ada)
    assert (card.keeper, card.reason) == (one, REASONS["pixels"])
    assert [member.image for member in card.members] == [one, other]
    Membership.objects.create(user=ada, collection=secret, role=Role.REVIEWER)
    (card,) = make_cards([group], type(ada).objects.get(pk=ada.pk))
    assert card.keeper == hidden


def test_collections_that_one_may_not_see_are_not_told(scan: DuplicateScan) -> None:
    group = make_pair(scan, "one")
    assert group.keeper
    Collection.objects.create(name="secret", private=True).images.add(group.keeper)
    (card,) = make_cards([group], person("ada"))
    assert "Collections" not in {fact.label for fact in card.members[0].facts}


def test_names_of_repeats_are_for_curators_and_who_brought_them(scan: DuplicateScan) -> None:
    image, ada = make_image(), person("ada")
    group = make_group(scan, [image], tier=Tier.BYTES)
    for name, user in (("of ada.jpg", ada), ("of somebody.jpg", None)):
        RepeatUpload.objects.create(image=image, original_name=name, uploaded_by=user)
    names = {}
    for user in (ada, person("bob"), person("cyd", Role.CURATOR)):
        (card,) = make_cards([group], user)
        names[user.username] = [repeat.original_name for repeat in card.members[0].repeats]
    assert names == {"ada": ["of ada.jpg"], "bob": [], "cyd": ["of ada.jpg", "of somebody.jpg"]}
    assert not card.may_set_aside  # there is but one


def test_pairs_that_are_different_by_now(scan: DuplicateScan) -> None:
    ada, (a, b, c) = person("ada"), make_images(3)
    group = make_group(scan, [a, b, c])
    decide(ada, b.sha256, c.sha256, "different")
    (card,) = make_cards([group], ada)
    assert [member.image for member in card.members] == [a, b]  # c may not join b any more
    decide(ada, a.sha256, b.sha256, "different")
    (card,) = make_cards([group], ada)
    assert [member.image for member in card.members] == [a, c]
    decide(ada, a.sha256, c.sha256, "different")
    assert make_cards([group], ada) == []


def test_who_was_linked_through_what_is_gone_goes_too(scan: DuplicateScan) -> None:
    ada, (hub, a, b) = person("ada"), make_images(3)
    group = make_group(scan, [hub, a, b])
    group.keeper = a
    group.save()
    decide(ada, hub.sha256, a.sha256, "different")
    assert make_cards([group], ada) == []  # a and b are alike only through the hub


def test_sets_that_are_kept_by_now(scan: DuplicateScan) -> None:
    ada, (a, b, c) = person("ada"), make_images(3)
    group = make_group(scan, [a, b, c])
    decisions.keep_all([a.pk, b.pk], ada)
    (card,) = make_cards([group], ada)
    assert len(card.members) == 3  # c is news
    decisions.keep_all([a.pk, b.pk, c.pk], ada)
    assert make_cards([group], ada) == []


def test_images_that_are_gone(scan: DuplicateScan) -> None:
    cyd, group = person("cyd", Role.CURATOR), make_pair(scan, "one")
    visibility.trash([group.keeper_id], cyd)  # type: ignore[list-item]
    assert make_cards([group], cyd) == []


def test_large_groups_are_cut_on_the_page(scan: DuplicateScan) -> None:
    (card,) = make_cards([make_group(scan, make_images(MOST_SHOWN + 3))], person("ada"))
    assert len(card.shown) == MOST_SHOWN
    assert len(card.hidden) == 3


def test_the_number_of_queries_is_fixed(scan: DuplicateScan, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ada = person("ada")
    groups = [make_pair(scan, str(number)) for number in range(12)]
    make_cards(groups[:1], ada)  # her roles are read
    for some in (groups[:2], groups):
        with django_assert_num_queries(9):
            assert len(make_cards(some, ada)) == len(some)
