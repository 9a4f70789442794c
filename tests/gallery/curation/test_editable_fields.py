"""Each field that people may edit: read and written for many images, and put back as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoAssertNumQueries

from gallery.curation import editable_fields
from gallery.curation.edit_summary import collection_names, field_words, lines, samples, value_words
from gallery.curation.editable_fields import Value, editable_field
from gallery.models import Attribute, Collection, Image, Tag
from gallery.signals import visibility_changed
from tests.gallery.rows import make_images

pytestmark = pytest.mark.django_db
GONE = 10**9


@pytest.fixture
def ids() -> list[int]:
    """Three images; the first has everything."""
    images = make_images(3)
    images[0].tags.add(Tag.objects.create(name="bird"))
    images[0].collections.add(Collection.objects.create(name="Herons"))
    Attribute.objects.create(image=images[0], name="camera", value="Leica")
    Image.objects.filter(pk=images[0].pk).update(title="A heron", label="heron", caption="It waits.")
    return [image.pk for image in images]


def key_of(kind: str) -> str:
    return f"collection:{Collection.objects.get().pk}" if kind == "collection" else kind


CASES: list[tuple[str, list[Value], list[Value]]] = [
    ("title", ["A heron", "", ""], ["", "Egret", "Egret"]),
    ("label", ["heron", "", ""], ["heron", "egret", "bittern"]),
    ("caption", ["It waits.", "", ""], ["It waits.", "It flies.", ""]),
    ("common", [True, True, True], [False, True, False]),
    ("tag:bird", [True, False, False], [False, True, True]),
    ("tag:new: with a colon", [False, False, False], [True, False, False]),
    ("collection", [True, False, False], [False, True, True]),
    ("attribute:camera", ["Leica", None, None], [None, "Nikon", ""]),
]


@pytest.mark.parametrize(("kind", "before", "after"), CASES)
def test_what_is_written_is_read_and_put_back(
    ids: list[int], kind: str, before: list[Value], after: list[Value]
) -> None:
    field = editable_field(key_of(kind))
    assert field.read(ids) == dict(zip(ids, before, strict=True))
    field.write(dict(zip(ids, after, strict=True)))
    assert field.read(ids) == dict(zip(ids, after, strict=True))
    field.write(dict(zip(ids, before, strict=True)))
    assert field.read(ids) == dict(zip(ids, before, strict=True))


@pytest.mark.parametrize(("kind", "before", "after"), CASES)
def test_images_that_are_gone_are_passed_over(
    ids: list[int], kind: str, before: list[Value], after: list[Value]
) -> None:
    field = editable_field(key_of(kind))
    field.write({GONE: after[-1] or after[0], ids[1]: after[1]})
    assert field.read([ids[1]]) == {ids[1]: after[1]}
    assert not Image.objects.filter(pk=GONE).exists()


@pytest.mark.parametrize(("kind", "before", "after"), CASES)
def test_other_images_stay_as_they_are(ids: list[int], kind: str, before: list[Value], after: list[Value]) -> None:
    field = editable_field(key_of(kind))
    field.write({ids[1]: after[1]})
    assert field.read([ids[0], ids[2]]) == {ids[0]: before[0], ids[2]: before[2]}


def test_many_different_texts_are_written_row_by_row(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(editable_fields, "MAX_DISTINCT", 2)
    ids = [image.pk for image in make_images(5)]
    titles: dict[int, Value] = {pk: f"Number {pk}" for pk in ids}
    with django_assert_num_queries(1):
        editable_field("title").write(titles | {GONE: "nobody"})
    assert editable_field("title").read(ids) == titles


def test_a_collection_that_is_gone_has_no_value(ids: list[int]) -> None:
    field = editable_field(key_of("collection"))
    Collection.objects.all().delete()
    assert field.read(ids) == {}


@pytest.fixture
def told() -> Iterator[list[object]]:
    calls: list[object] = []

    def listen(sender: object, **about: object) -> None:
        calls.append(sender)

    visibility_changed.connect(listen)
    yield calls
    visibility_changed.disconnect(listen)


@pytest.mark.parametrize("kind", ["collection", "common"])
def test_what_changes_who_sees_an_image_is_told(ids: list[int], told: list[object], kind: str) -> None:
    editable_field(key_of(kind)).write({ids[1]: kind == "collection"})
    assert told


@pytest.mark.parametrize("kind", ["title", "tag:bird", "attribute:camera"])
def test_what_does_not_is_not(ids: list[int], told: list[object], kind: str) -> None:
    editable_field(kind).write({ids[1]: kind == "tag:bird" or "text"})
    assert told == []


@pytest.mark.parametrize(
    "key", ["", "sha256", "title:x", "tag:", "tag", "attribute:", "collection:", "collection:x", "collection:-1", "id"]
)
def test_there_is_no_other_field(key: str) -> None:
    with pytest.raises(ValueError, match="Expected title"):
        editable_field(key)


class TestSummary:
    def test_each_aspect_says_what_it_becomes_and_of_how_many(self, ids: list[int]) -> None:
        first, second, third = ids
        name = key_of("collection")
        moves = {
            "label": {("heron", "bird"): [first], ("", "bird"): [second]},
            "title": {("", "One"): [second], ("", "Two"): [third]},
            name: {(False, True): [second, third]},
        }
        label, title, collection = lines(moves, 3)
        assert (label.becomes, label.num_changed, label.num_same) == ("bird", 2, 1)
        assert (title.num_changed, title.num_same) == (2, 1)
        assert "One" not in title.becomes  # each its own
        assert "Herons" in collection.name

    def test_samples_are_the_first_that_change(self, ids: list[int]) -> None:
        first, second, third = ids
        moves = {"label": {("heron", "bird"): [first]}, "tag:bird": {(True, False): [first], (False, True): [third]}}
        one, other = samples(moves)
        assert (one.image.pk, len(one.changes)) == (first, 2)
        assert (other.image.pk, len(other.changes)) == (third, 1)
        assert second not in (one.image.pk, other.image.pk)

    def test_a_sample_that_is_gone_is_left_out(self, ids: list[int]) -> None:
        assert samples({"label": {("", "bird"): [GONE]}}) == []

    def test_a_collection_that_is_gone_goes_by_its_number(self) -> None:
        assert collection_names([f"collection:{GONE}", "title"]) == {}
        assert str(GONE) in field_words(f"collection:{GONE}", {})

    def test_values_in_words(self) -> None:
        assert value_words("title", "A heron") == "A heron"
        assert value_words("title", "") == value_words("attribute:camera", None) != ""
        has, has_not = value_words("tag:bird", True), value_words("tag:bird", False)
        inside, outside = value_words("common", True), value_words("common", False)
        assert len({has, has_not, inside, outside}) == 4
