"""The search page, asked by words."""

from __future__ import annotations

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client

from gallery.models import Collection, Image
from search.generations import snapshot
from tests.codes import notes
from tests.search.library import add_library
from tests.search.views.test_results import found, search

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_network")]


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


@pytest.fixture
def library(rng: np.random.Generator) -> list[int]:
    """Ids of a dozen images with features, two of them dogs by their texts."""
    ids = [int(image_id) for image_id in add_library(12, rng)[0]]
    Image.objects.filter(pk=ids[2]).update(label="dog")
    Image.objects.filter(pk=ids[5]).update(original_name="Dog_07.jpg")
    return ids


def test_exact_words_are_found_and_explained(client: Client, library: list[int]) -> None:
    response = search(client, q="dog")
    assert response.status_code == 200
    assert sorted(found(response)) == [library[2], library[5]]
    text = response.content.decode()
    assert "no_meaning" in notes(text)
    assert 'data-method="words"' in text
    assert 'data-method="color"' not in text
    assert '<span data-score="">100</span>' in text or "data-score>100<" in text


def test_words_beside_an_image_lead_and_the_image_orders_the_rest(client: Client, library: list[int]) -> None:
    alone = found(search(client, image=library[0]))
    both = found(search(client, image=library[0], q="dog"))
    assert set(both[:2]) == {library[2], library[5]}
    assert [each for each in both if each not in both[:2]] == [each for each in alone if each not in both[:2]]


@pytest.mark.parametrize("words", ["zebra", "😀😀", "σκύλος", "?!…", "x" * 10_000])
def test_words_that_say_nothing_here_leave_the_image_to_answer(client: Client, library: list[int], words: str) -> None:
    alone = found(search(client, image=library[0]))
    response = search(client, image=library[0], q=words)
    assert found(response) == alone
    assert "no_meaning" in notes(response.content.decode())


@pytest.mark.parametrize("words", ["zebra", "😀😀", "?!…", "犬 σκύλος 😀", "x" * 10_000])
def test_words_alone_that_say_nothing_here_are_answered_in_words(
    client: Client, library: list[int], words: str
) -> None:
    text = search(client, q=words).content.decode()
    assert {"no_meaning", "words_nowhere"} <= set(notes(text))


@pytest.mark.parametrize("words", ["", "  ", "\u200b"])
def test_no_words_are_no_search(client: Client, library: list[int], words: str) -> None:
    assert found(search(client, q=words)) == []
    assert 'name="q"' in search(client, q=words).content.decode()


def test_words_search_in_a_collection(client: Client, library: list[int]) -> None:
    collection = Collection.objects.create(name="some")
    collection.images.add(library[5], library[6])
    assert found(search(client, q="dog", collection=collection.pk)) == [library[5]]


def test_links_from_a_hit_ask_for_that_hit_alone(client: Client, library: list[int]) -> None:
    text = search(client, q="dog", min=1).content.decode()
    assert f"?image={library[2]}&amp;min=1" in text
    assert f"q=dog&amp;min=1&amp;image={library[2]}" not in text
    assert f"image={library[2]}&amp;min=1&amp;q=dog" not in text


def test_a_search_by_words_can_be_recorded(client: Client, library: list[int]) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert 'name="address" value="q=dog"' in search(client, q="dog").content.decode()
