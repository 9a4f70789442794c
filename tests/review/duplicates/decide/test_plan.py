"""What would be done with many groups."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from gallery.models import Attribute, Collection, Image, Membership, Tag
from gallery.people.roles import Role
from review.duplicates.decide import decisions
from review.duplicates.decide.in_force import Kind
from review.duplicates.decide.plan import PlannedGroup, gains_of, make_plan
from review.duplicates.show.visible import GroupFilter, open_groups
from review.models import DuplicateScan, Queue, QueuedPair
from review.verdicts.decide import decide
from tests.gallery.rows import make_image, make_images
from tests.review.duplicates.rows import Tier, make_group, make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def scan() -> DuplicateScan:
    return make_scan()


def test_it_works(scan: DuplicateScan) -> None:
    cyd, (keeper, *others) = person("cyd", Role.CURATOR), make_images(3)
    group, pair = make_group(scan, [keeper, *others], score=0.9), make_pair(scan, "pair")
    plan = make_plan(open_groups(scan, GroupFilter(), cyd), Kind.KEEP_ONE, cyd)
    first, second = plan.entries
    assert first == PlannedGroup(group.pk, Tier.EDITED, keeper.pk, tuple(image.pk for image in others))
    assert second.group == pair.pk
    assert (plan.num_images, plan.num_others, plan.num_left_out) == (5, 3, 0)
    assert PlannedGroup.from_state(first.as_state()) == first


def test_what_is_left_out(scan: DuplicateScan) -> None:
    ada = person("ada")
    own = Collection.objects.create(name="own")
    Membership.objects.create(user=ada, collection=own, role=Role.CURATOR)
    kept, chain, apart, foreign = (
        make_group(scan, make_some(name), chain=name == "chain") for name in ("kept", "chain", "apart", "foreign")
    )
    for group in (kept, chain, apart):
        ids = list(group.members.values_list("image_id", flat=True))
        Image.objects.filter(pk__in=ids).update(common=False)
        own.images.add(*ids)
    one, other, _third = (member.image for member in apart.members.order_by("pk"))
    decide(ada, one.sha256, other.sha256, "different")
    groups = open_groups(scan, GroupFilter(), ada)
    plan = make_plan(groups, Kind.KEEP_ONE, ada)
    assert [entry.group for entry in plan.entries] == [kept.pk]
    assert (plan.chains, plan.changed, plan.foreign) == (1, 1, 1)
    plan = make_plan(groups, Kind.KEEP_ALL, ada)
    assert {entry.group for entry in plan.entries} == {kept.pk, chain.pk, foreign.pk}
    assert plan.changed == 1


@pytest.mark.parametrize("kind", [Kind.KEEP_ONE, Kind.KEEP_ALL])
@pytest.mark.parametrize(
    ("verdicts", "doubted"),
    [
        (("same", "different"), 1),
        (("same", "related"), 1),
        (("same", "near_duplicate", "different"), 1),  # one of three is of another mind
        (("unsure",), 1),
        (("same", "unsure"), 0),
        (("same", "near_duplicate"), 0),
        (("same", "withdrawn"), 0),
    ],
)
def test_what_people_disagree_about_is_left_out(
    scan: DuplicateScan, kind: str, verdicts: tuple[str, ...], doubted: int
) -> None:
    cyd, (keeper, one, other) = person("cyd", Role.CURATOR), make_images(3)
    group, pair = make_group(scan, [keeper, one, other], score=0.9), make_pair(scan, "pair")
    for number, verdict in enumerate(verdicts):
        decide(person(f"reader{number}"), one.sha256, other.sha256, verdict)
    plan = make_plan(open_groups(scan, GroupFilter(), cyd), kind, cyd)
    assert (plan.doubted, plan.num_left_out) == (doubted, doubted)
    assert [entry.group for entry in plan.entries] == [group.pk, pair.pk][doubted:]


@pytest.mark.parametrize("kind", [Kind.KEEP_ONE, Kind.KEEP_ALL])
def test_identical_pixels_are_no_proof_of_one_picture(scan: DuplicateScan, kind: str) -> None:
    cyd = person("cyd", Role.CURATOR)
    make_pair(scan, "first frame alike", tier=Tier.PIXELS)
    edited = make_pair(scan, "edited")
    plan = make_plan(open_groups(scan, GroupFilter(), cyd), kind, cyd)
    assert (plan.unproven, plan.num_left_out) == (1, 1)
    assert [entry.group for entry in plan.entries] == [edited.pk]


def test_an_adjudicator_ends_the_doubt(scan: DuplicateScan) -> None:
    cyd, group = person("cyd", Role.CURATOR), make_pair(scan, "pair")
    one, other = (member.image.sha256 for member in group.members.all())
    for name, verdict in (("ada", "same"), ("bob", "different")):
        decide(person(name), one, other, verdict)
    decide(person("eve"), one, other, "same", adjudicates=True)
    plan = make_plan(open_groups(scan, GroupFilter(), cyd), Kind.KEEP_ONE, cyd)
    assert (len(plan.entries), plan.doubted) == (1, 0)


def test_pairs_that_two_read_blind_are_left_out_whatever_was_said_of_them(scan: DuplicateScan) -> None:
    """So that the number tells nobody what another reader said."""
    cyd, group = person("cyd", Role.CURATOR), make_pair(scan, "pair")
    first, second = sorted(member.image.sha256 for member in group.members.all())
    queue = Queue.objects.create(name="blind", source="search", two_readers=True, state="ready", num_pairs=1)
    pair = QueuedPair.objects.create(queue=queue, position=1, first_sha256=first, second_sha256=second)
    groups = open_groups(scan, GroupFilter(), cyd)
    assert make_plan(groups, Kind.KEEP_ONE, cyd).doubted == 1
    decide(person("ada"), first, second, "unsure")
    assert make_plan(groups, Kind.KEEP_ONE, cyd).doubted == 1
    pair.delete()
    decide(person("bob"), first, second, "same")
    assert make_plan(groups, Kind.KEEP_ONE, cyd).doubted == 0


def make_some(name: str) -> list[Image]:
    return [make_image(f"{name}-{number}.jpg") for number in range(3)]


def test_groups_that_one_sees_in_part_are_left_out(scan: DuplicateScan) -> None:
    cyd, (one, other) = person("cyd", Role.CURATOR), make_images(2)
    hidden = make_image("hidden.jpg", common=False)
    Collection.objects.create(name="secret", private=True).images.add(hidden)
    make_group(scan, [one, other, hidden])
    plan = make_plan(open_groups(scan, GroupFilter(), cyd), Kind.KEEP_ALL, cyd)
    assert (len(plan.entries), plan.changed) == (0, 1)


def test_a_file_that_came_again_can_only_be_kept(scan: DuplicateScan) -> None:
    cyd = person("cyd", Role.CURATOR)
    group = make_group(scan, [make_image()], tier=Tier.BYTES)
    groups = open_groups(scan, GroupFilter(), cyd)
    assert not make_plan(groups, Kind.KEEP_ONE, cyd).entries
    assert [entry.group for entry in make_plan(groups, Kind.KEEP_ALL, cyd).entries] == [group.pk]


def test_sets_that_are_kept_in_part_are_still_groups(scan: DuplicateScan) -> None:
    cyd, (a, b, c) = person("cyd", Role.CURATOR), make_images(3)
    make_group(scan, [a, b, c])
    decisions.keep_all([a.pk, b.pk], cyd)
    assert len(make_plan(open_groups(scan, GroupFilter(), cyd), Kind.KEEP_ONE, cyd).entries) == 1


def test_gains() -> None:
    keeper, other, alone, same = make_images(4)
    tag = Tag.objects.create(name="pond")
    tag.images.add(other, alone, same)
    Collection.objects.create(name="Birds").images.add(other)
    Attribute.objects.create(image=other, name="camera", value="X100")
    Attribute.objects.create(image=keeper, name="camera", value="M3")
    Image.objects.filter(pk=other.pk).update(caption="A heron")
    gains = gains_of([PlannedGroup(1, 3, keeper.pk, (other.pk,)), PlannedGroup(2, 3, alone.pk, (same.pk,))])
    assert (gains.tags, gains.collections, gains.attributes, gains.texts) == (1, 1, 0, 1)


def test_the_number_of_queries_is_fixed(scan: DuplicateScan, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cyd = person("cyd", Role.CURATOR)
    for number in range(12):
        make_pair(scan, str(number), score=number / 20)
    groups = open_groups(scan, GroupFilter(), cyd)
    for some in (groups[:2], groups):
        with django_assert_num_queries(7):
            plan = make_plan(some, Kind.KEEP_ONE, cyd)
        with django_assert_num_queries(4):
            gains_of(plan.entries)
