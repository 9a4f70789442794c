"""Merging images that are one picture, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gallery.curation.merge import Merged, MergeError, merge, plan, unmerge
from gallery.models import Attribute, Collection, Image, Tag
from gallery.signals import acted
from tests.codes import refused
from tests.gallery.rows import make_image

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What acts were told of."""
    acts: list[dict[str, Any]] = []

    def listen(**act: Any) -> None:
        acts.append(act)

    acted.connect(listen)
    yield acts
    acted.disconnect(listen)


@pytest.fixture
def images() -> list[Image]:
    """A keeper and two others that know more."""
    keeper = make_image("keeper.png", label="bird", common=False)
    second = make_image("second.png", label="heron", title="A heron")
    third = make_image("third.png", title="Grey heron", caption="At the pond")
    for image, words in ((keeper, ["bird"]), (second, ["bird", "grey"]), (third, ["pond"])):
        image.tags.set([Tag.objects.get_or_create(name=word)[0] for word in words])
    third.collections.add(Collection.objects.create(name="Pond"))
    for image, name, value in (
        *((keeper, "year", "1999"), (second, "year", "2001")),
        *((second, "camera", "Leica"), (third, "camera", "Nikon")),
    ):
        Attribute.objects.create(image=image, name=name, value=value)
    return [keeper, second, third]


def _look(image: Image) -> dict[str, Any]:
    image = Image.objects.get(pk=image.pk)
    return {
        "texts": (image.title, image.label, image.caption),
        "tags": sorted(tag.name for tag in image.tags.all()),
        "collections": [str(each) for each in image.collections.all()],
        "attributes": {each.name: each.value for each in image.attributes.all()},
        "common": image.common,
    }


def test_it_works(images: list[Image]) -> None:
    """The keeper takes what it lacks, from the first that has it, and keeps what it has."""
    keeper, second, third = images
    merged = merge(keeper.pk, [second.pk, third.pk], None)
    assert _look(keeper) == {
        "texts": ("A heron", "bird", "At the pond"),
        "tags": ["bird", "grey", "pond"],
        "collections": ["Pond"],
        "attributes": {"camera": "Leica", "year": "1999"},
        "common": True,
    }
    assert merged.other_ids == (second.pk, third.pk)
    for image in (second, third):
        image.refresh_from_db()
        assert image.trashed_at is not None
        assert image.merged_into == keeper


def test_a_merge_is_taken_back(images: list[Image]) -> None:
    keeper, second, third = images
    before = _look(keeper)
    merged = merge(keeper.pk, [second.pk, third.pk], None)
    stored = json.loads(json.dumps(merged.as_state()))
    assert Merged.from_state(stored) == merged
    assert unmerge(Merged.from_state(stored), None) == 2
    assert _look(keeper) == before
    assert Image.objects.shown().count() == 3
    assert not Image.objects.exclude(merged_into=None).exists()


def test_what_was_changed_since_stays_when_a_merge_is_taken_back(images: list[Image]) -> None:
    keeper, second, third = images
    merged = merge(keeper.pk, [second.pk, third.pk], None)
    Image.objects.filter(pk=keeper.pk).update(title="My heron")
    Attribute.objects.filter(image=keeper, name="camera").update(value="Canon")
    unmerge(merged, None)
    assert _look(keeper)["texts"] == ("My heron", "bird", "")
    assert _look(keeper)["attributes"] == {"camera": "Canon", "year": "1999"}


def test_only_images_of_this_merge_come_back(images: list[Image]) -> None:
    keeper, second, third = images
    first = merge(keeper.pk, [second.pk], None)
    merge(keeper.pk, [third.pk], None)
    assert unmerge(first, None) == 1
    third.refresh_from_db()
    assert third.merged_into == keeper


def test_a_merge_is_told_once_with_what_would_be_lost(images: list[Image], told: list[dict[str, Any]]) -> None:
    keeper, second, third = images
    merge(keeper.pk, [second.pk, third.pk], None)
    assert [(str(act["action"]), act["subject"]) for act in told] == [("merge", keeper.sha256)]
    details = told[0]["details"]
    assert details["sha256"] == [second.sha256, third.sha256]
    assert details["left"] == {
        second.sha256: {"texts": {"label": "heron"}, "attributes": {"year": "2001"}},
        third.sha256: {"texts": {"title": "Grey heron"}, "attributes": {"camera": "Nikon"}},
    }
    json.dumps(details)


def test_a_plan_changes_nothing(images: list[Image]) -> None:
    keeper, second, third = images
    before = _look(keeper)
    planned = plan(keeper.pk, [second.pk, third.pk])
    assert _look(keeper) == before
    assert planned == merge(keeper.pk, [second.pk, third.pk], None)


@pytest.mark.parametrize(
    ("keeper", "others", "code"),
    [
        (10**9, [1], "keeper_gone"),
        (0, [0, 1], "keeper_among_others"),
        (0, [10**9], "others_gone"),
        (0, [], "others_gone"),
    ],
)
def test_impossible_merges_are_refused(images: list[Image], keeper: int, others: list[int], code: str) -> None:
    ids = {position: image.pk for position, image in enumerate(images)}
    with refused(MergeError, code):
        merge(ids.get(keeper, keeper), [ids.get(other, other) for other in others], None)
    assert Image.objects.shown().count() == 3


def test_a_keeper_in_the_trash_is_refused(images: list[Image]) -> None:
    keeper, second, third = images
    merge(keeper.pk, [second.pk], None)
    with refused(MergeError, "keeper_gone"):
        merge(second.pk, [third.pk], None)
