"""What words mean, among images whose rows are those of texts: no network is needed for that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from gallery.models import Image
from search.features import registry
from search.generations import snapshot, words_calibration
from search.generations.snapshot import current_snapshot
from search.methods.words import Naming
from search.query.answer import search
from search.query.request import GalleryImage, SearchRequest, TypedWords
from search.scoring.calibration import MAX_DECADES
from search.scoring.phrases import fit_phrases
from search.scoring.said import SAID
from tests.codes import notes
from tests.search.library import add_features, add_images

pytestmark = pytest.mark.django_db
NOBODY = np.empty(0, np.int64)
SHOWN = ("a puppy", "a sports car", "a church", "a mountain lake", "a bowl of soup")


@pytest.fixture(autouse=True)
def _named_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setitem(settings.SEARCH_METHOD_OPTIONS, "deep", {"backbone": "lite2", "models_dir": tmp_path})
    registry.methods.cache_clear()
    snapshot.forget()
    words_calibration.forget()
    yield
    registry.methods.cache_clear()
    snapshot.forget()


def method() -> Naming:
    return cast("Naming", registry.methods()["words"])


@pytest.fixture
def library() -> list[int]:
    ids = add_images(len(SHOWN))
    add_features(ids, {"words": method().place(SHOWN)})
    return ids


@pytest.mark.parametrize(
    ("words", "place"), [("dog", 0), ("狗", 0), ("automobile", 1), ("汽车", 1), ("cathedral", 2), ("食物", 4)]
)
def test_it_works(library: list[int], words: str, place: int) -> None:
    found = search(SearchRequest((TypedWords(words),))).found
    assert found.results[0].image_id == library[place]
    assert len(found.results) == len(library)
    best = found.results[0].methods["words"]
    assert best.raw is not None
    assert best.raw < SAID
    assert best.one_in is not None
    assert best.one_in > 10
    assert "words" not in found.missing_methods


def test_exact_words_go_before_what_they_mean(library: list[int]) -> None:
    Image.objects.filter(pk=library[3]).update(title="dog")
    found = search(SearchRequest((TypedWords("dog"),))).found
    assert [result.image_id for result in found.results][:2] == [library[3], library[0]]
    said, meant = (result.methods["words"] for result in found.results[:2])
    assert said.raw is not None
    assert meant.raw is not None
    assert said.raw >= SAID > meant.raw
    assert said.decades == pytest.approx(MAX_DECADES)


def test_words_take_the_place_of_the_images_own_row(library: list[int]) -> None:
    asked = SearchRequest((GalleryImage(library[2]), TypedWords("dog")))
    found = search(asked).found
    assert library[2] not in [result.image_id for result in found.results]
    assert found.results[0].image_id == library[0]


def test_a_score_is_judged_by_phrases(library: list[int]) -> None:
    plain = current_snapshot()
    row = method().place(["dog"])[0]
    judged = words_calibration.for_words(plain, row, NOBODY)
    rows = method().place(SHOWN)
    expected = fit_phrases(method().background() @ rows.T).judging(rows @ row)
    table = judged.tables["words"].scan
    assert (table.low, table.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    np.testing.assert_allclose(table.decades, expected.decades)
    assert judged.tables.keys() >= plain.tables.keys()


def test_closed_images_have_no_part_in_how_words_are_judged(library: list[int]) -> None:
    snapshot, row = current_snapshot(), method().place(["dog"])[0]
    seen = words_calibration.for_words(snapshot, row, np.array(library[:1])).tables["words"].scan
    table = fit_phrases(method().background() @ method().place(SHOWN).T)
    expected = table.judging(method().place(SHOWN[1:]) @ row)
    assert (seen.low, seen.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_the_table_is_made_once_for_a_library(library: list[int]) -> None:
    row = method().place(["dog"])[0]
    first, again = (words_calibration.for_words(current_snapshot(), row, NOBODY) for _each in range(2))
    assert again.tables["words"].scan.decades is first.tables["words"].scan.decades


def test_a_writing_that_the_text_model_does_not_know_is_sought_as_it_stands(library: list[int]) -> None:
    Image.objects.filter(pk=library[1]).update(label="σκύλος")
    found = search(SearchRequest((TypedWords("σκύλος"),))).found
    assert [result.image_id for result in found.results] == [library[1]]
    assert found.missing_methods["words"].code == "unknown_writing"


@pytest.mark.parametrize(
    ("words", "guessed"),
    [
        ("dog", False),
        ("狗", False),
        ("σκύλος dog 😀", False),
        ("Hund", True),
        ("собака", True),
        ("xqzvw", True),
    ],
)
def test_what_has_no_name_is_said_to_be_guessed(library: list[int], words: str, guessed: bool) -> None:
    found = search(SearchRequest((TypedWords(words),))).found
    assert len(found.results) == len(library)
    assert found.guessed is guessed
    assert "words" not in found.missing_methods


def test_the_page_says_so(client: Client, library: list[int]) -> None:
    for words, expected in (("собака", True), ("dog", False), ("😀", False)):
        text = client.get(reverse("search:results"), {"q": words}).content.decode()
        assert ("words_guessed" in notes(text)) is expected


@pytest.mark.parametrize("words", ["Hund", "собака", "いぬ"])
def test_other_languages_are_understood_by_the_text_model(library: list[int], words: str) -> None:
    assert search(SearchRequest((TypedWords(words),))).found.results[0].image_id == library[0]


def called(word: str, *others: str) -> list[int]:
    """Return five images of a puppy that are called so, and further images, called by what else they are."""
    ids = add_images(5, label=word)
    further = add_images(len(others) + len(SHOWN))
    add_features([*ids, *further], {"words": method().place(["a puppy"] * 5 + [*others, *SHOWN])})
    return [*ids, *further]


def test_images_that_say_it_show_what_it_means() -> None:
    """The name says nothing; the likes of those that bear it come next, before all that is not called so."""
    ids = called("xqzvw", "a dog")
    found = search(SearchRequest((TypedWords("xqzvw"),))).found
    places = [result.image_id for result in found.results]
    assert set(places[:5]) == set(ids[:5])
    assert set(places[5:7]) == {ids[5], ids[6]}
    assert (found.num_namesakes, found.guessed) == (5, False)


def test_images_that_are_closed_to_a_person_show_nothing() -> None:
    ids = called("xqzvw", "a dog")
    Image.objects.filter(pk=ids[0]).update(hidden=True)
    snapshot.forget()
    found = search(SearchRequest((TypedWords("xqzvw"),), viewer=AnonymousUser())).found
    assert ids[0] not in [result.image_id for result in found.results]
    assert (found.num_namesakes, found.guessed) == (0, True)


def test_images_with_nothing_in_common_show_nothing() -> None:
    ids = add_images(5, label="2019")
    others = add_images(5)
    add_features([*ids, *others], {"words": method().place([*SHOWN, *["a puppy"] * 5])})
    assert search(SearchRequest((TypedWords("a 2019"),))).found.num_namesakes == 0


def test_the_page_says_what_was_learned(client: Client) -> None:
    called("puppy")
    text = client.get(reverse("search:results"), {"q": "puppy"}).content.decode()
    assert "words_taught" in notes(text)
