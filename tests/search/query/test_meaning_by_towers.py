"""What words mean to a pair of towers, among images whose rows are those of texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from numpy.typing import NDArray

from gallery.models import Image
from search.features import registry
from search.generations import snapshot, words_calibration
from search.models import Feature
from search.query.answer import search
from search.query.request import GalleryImage, SearchRequest, TypedWords
from search.types import Answer
from tests.codes import notes
from tests.search.library import add_features, add_images
from tests.search.methods.onnx.onnx_files import DIM
from tests.search.methods.onnx.text_towers import TABLE, by_definition, save_pair, save_tower, tower

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where the pair lies that is set."""
    monkeypatch.setitem(settings.SEARCH_METHOD_OPTIONS, "deep", {"weights": save_pair(tmp_path)})
    registry.methods.cache_clear()
    snapshot.forget()
    words_calibration.forget()
    yield tmp_path
    registry.methods.cache_clear()
    snapshot.forget()


@pytest.fixture
def library() -> list[int]:
    """Images of a dog, a car and something red."""
    ids = add_images(3)
    rows: NDArray[np.float32] = np.stack([by_definition(word) for word in ("dog", "car", "red")])
    add_features(ids, {"words": rows, "deep": rows})
    return ids


def answer(words: str, *wanted: GalleryImage) -> Answer:
    return search(SearchRequest((*wanted, TypedWords(words)))).found


@pytest.mark.parametrize(("words", "place"), [("a dog", 0), ("car", 1), ("red", 2)])
def test_it_works(library: list[int], words: str, place: int) -> None:
    found = answer(words)
    assert found.results[0].image_id == library[place]
    assert not found.guessed
    assert "words" not in found.missing_methods


def test_beside_an_image(library: list[int]) -> None:
    found = answer("car", GalleryImage(library[2]))
    assert found.results[0].image_id == library[1]
    assert found.results[0].methods["words"].raw == pytest.approx(1, abs=1e-5)


def test_towers_of_different_widths_leave_exact_words_and_the_other_methods(library: list[int], folder: Path) -> None:
    wider = np.hstack([TABLE, TABLE])
    save_tower(folder, tower(wider, given=(1, 2 * DIM)))
    Feature.objects.filter(method="words").update(version=registry.methods()["words"].version)
    snapshot.forget()
    Image.objects.filter(pk=library[1]).update(title="dog")
    found = answer("dog")
    assert [result.image_id for result in found.results] == [library[1]]
    why = found.missing_methods["words"]
    assert (why.code, why.params["expected"], why.params["got"]) == ("towers_apart", DIM, 2 * DIM)
    assert len(answer("dog", GalleryImage(library[0])).results) == 2


def test_rows_of_a_former_pair_are_not_compared(library: list[int], folder: Path) -> None:
    before = registry.methods()["words"].version
    save_tower(folder, tower(-TABLE))
    assert registry.methods()["words"].version != before
    found = answer("dog")
    assert found.results == []
    assert found.missing_methods["words"].code == "words_not_placed_yet"


def test_the_page_says_what_is_wrong_with_the_tokenizer(client: Client, library: list[int], folder: Path) -> None:
    (folder / "textual" / "tokenizer.json").write_text("{}")
    response = client.get(reverse("search:results"), {"image": library[0], "q": "dog"})
    text = response.content.decode()
    assert "no_meaning" in notes(text)
    assert text.count('data-image="') == 2
