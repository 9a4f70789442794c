"""Images by the words of their own texts."""

from __future__ import annotations

import pytest

from gallery.models import Collection, Image, Tag
from gallery.text_search import ids_saying, words_of
from tests.search.library import add_images

pytestmark = pytest.mark.django_db


def make(**texts: str) -> int:
    (pk,) = add_images(1)
    Image.objects.filter(pk=pk).update(**texts)
    return pk


def said(text: str, most: int = 10) -> list[int]:
    return ids_saying(Image.objects.all(), text, most)


def test_it_works() -> None:
    titled, labelled = make(title="A black Cat"), make(label="cat")
    named, tagged = make(original_name="black-cat_01.jpg"), make()
    Image.objects.get(pk=tagged).tags.add(Tag.objects.create(name="my cat"))
    make(title="dog")
    assert said("cat") == [tagged, named, labelled, titled]
    assert said("CAT", most=2) == [tagged, named]


def test_a_word_is_one_by_itself() -> None:
    make(title="catalog", label="bobcat")
    numbered = make(original_name="cat2.png")
    assert said("cat") == [numbered]


def test_each_word_stands_somewhere() -> None:
    both = make(title="red", label="car")
    make(label="red")
    assert said("a red car") == []
    assert said("red, car!") == [both]


def test_scripts_without_spaces_have_no_borders() -> None:
    night = make(title="黑夜里的狗")
    assert said("狗") == [night]
    assert said("夜 狗") == [night]
    assert said("猫") == []


def test_a_caption_does_not_name() -> None:
    make(caption="no cat anywhere")
    assert said("cat") == []


def test_only_what_may_be_found_is_looked_at() -> None:
    inside, _outside = make(label="cat"), make(label="cat")
    collection = Collection.objects.create(name="some")
    collection.images.add(inside)
    assert ids_saying(Image.objects.filter(collections=collection), "cat", 10) == [inside]


@pytest.mark.parametrize("text", ["", "😀 😀", "—", "%", "_"])
def test_no_word_finds_nothing(text: str) -> None:
    make(title="100 % _ 😀")
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a “Red” car, red", ["a", "red", "car"]),
        ("夜里的 狗", ["夜里的", "狗"]),
        ("black-cat_01", ["black-cat_01"]),
        ("ＤＯＧ", ["dog"]),
    ],
)
def test_words_of(text: str, words: list[str]) -> None:
    assert words_of(text) == words
