"""What becomes of words that somebody types."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from gallery.models import Image
from search.exceptions import QueryError
from search.query.typed_words import MAX_CHARACTERS, ask, check_writing, plain
from tests.search.library import add_images


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  a\tdog \n at  night ", "a dog at night"),
        ("ｄｏｇ", "dog"),
        ("a\u200bb\x00c\ufeff", "abc"),
        ("黑夜里的　狗", "黑夜里的 狗"),
        (" \u200b \n", ""),
    ],
)
def test_words_are_made_plain(text: str, words: str) -> None:
    assert plain(text) == words


@pytest.mark.parametrize("text", ["dog", "狗", "いぬ", "犬 dog", "köpek", "собака", "개", "หมา", "كلب"])
def test_the_text_model_knows_the_writing(text: str) -> None:
    check_writing(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("😀😀", "no_letters"),
        ("12 34", "no_letters"),
        ("…", "no_letters"),
        ("σκύλος", "unknown_writing"),
        ("कुत्ता", "unknown_writing"),
        ("שלום", "unknown_writing"),
    ],
)
def test_what_it_does_not_know_is_said(text: str, code: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_writing(text)
    assert caught.value.code == code
    assert text in str(caught.value)


@pytest.mark.django_db
def test_ten_thousand_characters_are_not_sought() -> None:
    add_images(1, label="x" * 100)
    asked = ask("x" * 10_000, None, None)
    assert (asked.row, asked.said.tolist()) == (None, [])
    assert asked.why_not
    assert asked.why_not.code == "words_too_long"
    assert asked.why_not.params == {"most": MAX_CHARACTERS, "num": 10_000}


@pytest.mark.django_db
@pytest.mark.usefixtures("without_network")
def test_exact_words_are_found_where_meaning_cannot_be_compared() -> None:
    (said,) = add_images(1, label="dog")
    asked = ask("Dog", None, None)
    assert asked.said.tolist() == [said]
    assert asked.row is None
    assert asked.why_not
    assert asked.why_not.code == "builds_on_content"


@pytest.mark.django_db
@pytest.mark.usefixtures("without_network")
def test_what_is_closed_to_a_person_is_not_found() -> None:
    add_images(1, label="dog")
    Image.objects.update(hidden=True)
    viewer = AnonymousUser()
    expected = list(Image.objects.visible_to(viewer).values_list("pk", flat=True))
    assert ask("dog", viewer, None).said.tolist() == expected
