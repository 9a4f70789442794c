"""Editing many images at once, and taking it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from gallery.curation.bulk_edit import Edit, Moves, apply, as_state, changed_ids, from_state, out_of_sight, plan, revert
from gallery.curation.title_patterns import PatternError
from gallery.models import Attribute, Collection, Image, Tag
from gallery.signals import acted, visibility_changed
from tests.codes import refused
from tests.gallery.rows import make_image, make_images

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
    """Three images, the first of which has a label, a tag and an attribute already."""
    images = make_images(3)
    Image.objects.filter(pk=images[0].pk).update(label="heron")
    images[0].tags.add(Tag.objects.create(name="grey"))
    Attribute.objects.create(image=images[0], name="camera", value="Leica")
    return images


def _ids(images: list[Image]) -> list[int]:
    return [image.pk for image in images]


def _look(image: Image) -> dict[str, Any]:
    image = Image.objects.get(pk=image.pk)
    return {
        "title": image.title,
        "label": image.label,
        "caption": image.caption,
        "common": image.common,
        "tags": sorted(tag.name for tag in image.tags.all()),
        "collections": sorted(each.name for each in image.collections.all()),
        "attributes": {each.name: each.value for each in image.attributes.all()},
    }


def _everything(collection: Collection) -> Edit:
    values = {
        "label": "heron",
        "caption": "By the pond",
        "tag:grey": True,
        "tag:blue": False,
        f"collection:{collection.pk}": True,
        "attribute:camera": "Nikon",
        "common": False,
    }
    return Edit(values, "Heron {number}")


def test_it_works(images: list[Image]) -> None:
    pond = Collection.objects.create(name="Pond")
    images[1].tags.add(Tag.objects.create(name="blue"))
    apply(_ids(images[:2]), _everything(pond), None)
    for number, image in enumerate(images[:2], start=1):
        assert _look(image) == {
            "title": f"Heron {number}",
            "label": "heron",
            "caption": "By the pond",
            "common": False,
            "tags": ["grey"],
            "collections": ["Pond"],
            "attributes": {"camera": "Nikon"},
        }
    assert _look(images[2])["title"] == ""


def test_a_plan_tells_what_changes_and_changes_nothing(images: list[Image]) -> None:
    before = [_look(image) for image in images]
    first, *rest = _ids(images)
    moves = plan(_ids(images), Edit({"label": "heron", "tag:grey": True, "attribute:camera": None}))
    assert moves == {
        "label": {("", "heron"): rest},
        "tag:grey": {(False, True): rest},
        "attribute:camera": {("Leica", None): [first]},
    }
    assert changed_ids(moves) == _ids(images)
    assert [_look(image) for image in images] == before


def test_an_edit_is_taken_back(images: list[Image]) -> None:
    pond = Collection.objects.create(name="Pond")
    before = [_look(image) for image in images]
    moves = apply(_ids(images), _everything(pond), None)
    stored = from_state(json.loads(json.dumps(as_state(moves))))
    assert stored == moves
    assert changed_ids(revert(stored, None)) == _ids(images)
    assert [_look(image) for image in images] == before


def test_what_was_changed_again_stays_when_an_edit_is_taken_back(images: list[Image]) -> None:
    moves = apply(_ids(images), Edit({"label": "egret", "attribute:camera": "Nikon", "tag:pond": True}), None)
    Image.objects.filter(pk=images[0].pk).update(label="bittern")
    Attribute.objects.filter(image=images[1]).update(value="Canon")
    images[2].delete()
    revert(moves, None)
    assert _look(images[0])["label"] == "bittern"
    assert _look(images[0])["attributes"] == {"camera": "Leica"}
    assert _look(images[1])["attributes"] == {"camera": "Canon"}
    assert _look(images[1])["label"] == ""


def test_a_tag_or_collection_that_is_gone_does_not_hinder_the_way_back(images: list[Image]) -> None:
    pond = Collection.objects.create(name="Pond", description="")
    pond.images.set(images)
    moves = apply(_ids(images), Edit({f"collection:{pond.pk}": False, "tag:grey": False}), None)
    pond.delete()
    Tag.objects.all().delete()
    revert(moves, None)
    assert _look(images[0])["tags"] == ["grey"]
    assert not Collection.objects.exists()


def test_it_is_told_once_with_before_and_after(images: list[Image], told: list[dict[str, Any]]) -> None:
    apply(_ids(images), Edit({"label": "heron"}), None)
    apply(_ids(images), Edit({"label": "heron"}), None)
    (act,) = told
    assert (str(act["action"]), act["subject"]) == ("edit", "")
    assert act["details"] == {
        "subject": {"kind": "images", "num": 2},
        "sha256": [image.sha256 for image in images[1:]],
        "changes": {"label": [{"before": "", "after": "heron", "images": [0, 1]}]},
    }


def test_who_may_see_what_is_told_when_collections_change(images: list[Image]) -> None:
    heard: list[object] = []
    pond = Collection.objects.create(name="Pond")

    def listen(sender: object, **_rest: Any) -> None:
        heard.append(sender)

    visibility_changed.connect(listen)
    try:
        apply(_ids(images), Edit({"label": "heron"}), None)
        assert heard == []
        apply(_ids(images), Edit({f"collection:{pond.pk}": True}), None)
        assert heard == [Image]
    finally:
        visibility_changed.disconnect(listen)


def test_images_that_nobody_would_see_are_named(images: list[Image]) -> None:
    pond, shore = (Collection.objects.create(name=name) for name in ("Pond", "Shore"))
    pond.images.set(images)
    shore.images.set(images[:1])
    private = Edit({"common": False, f"collection:{pond.pk}": False})
    assert out_of_sight(plan(_ids(images), private)) == _ids(images[1:])
    moved = Edit({**private.values, f"collection:{shore.pk}": True})
    assert out_of_sight(plan(_ids(images), moved)) == []
    assert out_of_sight(plan(_ids(images), Edit({"common": False}))) == []
    assert out_of_sight(plan(_ids(images), Edit({f"collection:{pond.pk}": False}))) == []


def test_titles_follow_a_pattern(images: list[Image]) -> None:
    Image.objects.filter(pk=images[1].pk).update(title="Old")
    apply(_ids(images), Edit(title_pattern="{label} {name}  no. {number} {title}"), None)
    assert [_look(image)["title"] for image in images] == [
        "heron image-0 no. 1",
        "image-1 no. 2 Old",
        "image-2 no. 3",
    ]


def test_many_titles_are_written_and_taken_back() -> None:
    """More of them than are written value by value."""
    images = make_images(30)
    moves = apply(_ids(images), Edit(title_pattern="Heron’s “{number}” 100%"), None)
    assert _look(images[29])["title"] == "Heron’s “30” 100%"
    revert(moves, None)
    assert not Image.objects.exclude(title="").exists()


def test_a_title_too_long_changes_nothing(images: list[Image]) -> None:
    Image.objects.filter(pk=images[2].pk).update(original_name="x" * 199 + ".png")
    with refused(PatternError, "title_too_long", most=200, length=201):
        apply(_ids(images), Edit({"label": "heron"}, "a {name}"), None)
    assert _look(images[1])["label"] == ""


def test_many_images_need_few_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    images = make_images(40)
    edit = Edit({"label": "heron", "tag:grey": True, "attribute:camera": "Nikon"})
    counts = []
    expected = 21 if connection.vendor == "sqlite" else 22  # that waits for its turn in the audit
    for chosen in (images[:10], images[10:]):
        with django_assert_num_queries(expected) as queries:
            apply(_ids(chosen), edit, None)
        counts.append(len(queries))
        Tag.objects.all().delete()


def test_moves_of_nothing() -> None:
    nothing: Moves = {}
    assert apply([], Edit({"label": "x"}), None) == plan([10**9], Edit({"tag:x": False})) == nothing
    assert make_image().label == ""
