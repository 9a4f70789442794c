"""Images by the words of their own texts, and by what is found anywhere about them."""

from __future__ import annotations

import pytest

from gallery.models import Attribute, Collection, Image, Tag
from gallery.text_search import ids_saying, mentions, words_of
from tests.gallery.rows import make_image
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


def test_words_are_sought_as_they_were_typed() -> None:
    dog = make(label="σκύλος")  # folded, its last letter is another
    assert said("σκύλος") == [dog]


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
        ("a “Red” car, red", ["a", "Red", "car"]),
        ("夜里的 狗", ["夜里的", "狗"]),
        ("black-cat_01", ["black-cat_01"]),
        ("ＤＯＧ dog", ["DOG"]),
    ],
)
def test_words_of(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.fixture
def library() -> None:
    """One image for each place in which a word may stand."""
    make_image("heron.jpg")
    make_image("1.jpg", title="A grey Heron")
    make_image("2.jpg", label="heron")
    make_image("3.jpg", caption="Here a heron\nwaits.")
    make_image("4.jpg").tags.add(Tag.objects.create(name="herons"), Tag.objects.create(name="heron chick"))
    camera = make_image("5.jpg")
    Attribute.objects.create(image=camera, name="camera", value="Leica M6")
    Attribute.objects.create(image=camera, name="lens", value="Leica Summicron")
    Attribute.objects.create(image=make_image("6.jpg"), name="bag", value="for a Leica")
    make_image("7.jpg", title="100 % wool_socks")


def found(text: str) -> list[str]:
    return sorted(Image.objects.filter(mentions(text)).values_list("original_name", flat=True))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("heron", ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "heron.jpg"]),
        ("HERON", ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "heron.jpg"]),
        ("heron chick", ["4.jpg"]),
        ("leica", ["5.jpg", "6.jpg"]),
        ("camera:leica", ["5.jpg"]),
        ("Camera : Leica", ["5.jpg"]),
        ("camera:summicron", []),  # the value of another attribute
        ("cam:leica", []),  # names are named whole
        (":leica", []),
        ("camera:", ["5.jpg"]),  # whatever its value
        ("100 %", ["7.jpg"]),  # signs of SQL mean themselves
        ("wool_", ["7.jpg"]),
        ("%", ["7.jpg"]),
        ("stork", []),
    ],
)
@pytest.mark.usefixtures("library")
def test_where_words_are_looked_for(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.usefixtures("library")
def test_an_image_that_mentions_it_often_is_found_once() -> None:
    image = Image.objects.get(original_name="4.jpg")
    Image.objects.filter(pk=image.pk).update(title="heron", label="heron", caption="heron")
    assert found("heron").count("4.jpg") == 1
