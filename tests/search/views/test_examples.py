"""The search page with several examples: what it shows of them, and what is wrong with some."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.test import Client

from gallery.models import Image
from search.generations import snapshot
from search.models import Query
from search.query.request import MAX_EXAMPLES
from search.types import MethodScore, Pooled
from search.views.examples import pooled_sentence
from tests.codes import notes
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_network")]


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def ids(rng: np.random.Generator) -> list[int]:
    found: list[int] = add_library(12, rng)[0].tolist()
    Image.objects.filter(pk__in=found).update(width=200, height=100)
    return found


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(f"/search/?{address}")
    assert response.status_code == status
    return html.unescape(response.content.decode())


def shown(text: str) -> list[str]:
    """Return which examples stand in the strip."""
    return re.findall(r'data-example="(\d+)"', text)


def test_it_works(client: Client, ids: list[int]) -> None:
    text = page(client, f"image={ids[0]}&like={ids[1]}&unlike={ids[2]}&w_color=1")
    assert shown(text) == ["0", "1", "2"]
    assert "examples" in notes(text)
    assert not {f'data-image="{image_id}"' for image_id in ids[:3]} & set(re.findall(r'data-image="\d+"', text))
    # Each can be turned, taken away and drawn on, and hits can be added, with all else of the address.
    assert f"/search/?w_color=1&image={ids[0]}&like={ids[1]}&like={ids[2]}" in text
    assert f"/search/?w_color=1&image={ids[1]}&unlike={ids[2]}" in text
    assert f"/search/?w_color=1&image={ids[0]}&box=DRAWN&like={ids[1]}&unlike={ids[2]}" in text
    assert f"/search/?image={ids[0]}&like={ids[1]}&unlike={ids[2]}&w_color=1&unlike={ids[5]}" in text
    assert re.search(rf'name="like"\s+value="{ids[1]}"\s+data-example-field', text)
    # Comparisons start from one of the liked examples.
    assert {int(pk) for pk in re.findall(r'href="/compare/(\d+)/', text)} <= set(ids[:2])


def test_one_image_is_shown_as_ever(client: Client, ids: list[int]) -> None:
    text = page(client, f"image={ids[0]}")
    assert shown(text) == []
    assert "examples" not in notes(text)
    assert "&box=DRAWN" in text


def test_examples_that_are_left_out_are_named_and_the_others_answer(client: Client, ids: list[int]) -> None:
    text = page(client, f"image={ids[0]}&like=99999999&unlike={ids[1]}@0.9,0,0.5,1")
    assert notes(text).count("example_left_out") == 2
    assert f'data-image="{ids[5]}"' in text
    assert "looks_again" not in notes(text)


@pytest.mark.parametrize("box", ["0,0,0,1", "0.5,0.5,0.9,0.5", "0,0,0.1,0.1"])
def test_a_part_that_cannot_be_searched_by_is_refused(client: Client, ids: list[int], box: str) -> None:
    text = page(client, f"image={ids[0]}&box={box}")
    assert notes(text).count("no_answer") == 1
    assert shown(text) == ["0"]  # where it can be drawn again
    assert not Query.objects.exists()


def test_a_part_that_is_not_described_yet_is_waited_for(client: Client, ids: list[int]) -> None:
    assert "not_yet" in notes(page(client, f"image={ids[0]}&box=0,0,0.5,1"))
    text = page(client, f"image={ids[0]}&box=0,0,0.5,1&like={ids[1]}")
    assert {"example_left_out", "looks_again"} <= set(notes(text))
    assert Query.objects.count() == 1


@pytest.mark.parametrize("address", ["unlike={}", "unlike_q=night", "unlike={}&unlike_q=night"])
def test_what_results_should_not_be_like_is_not_enough(client: Client, ids: list[int], address: str) -> None:
    assert "no_answer" in notes(page(client, address.format(ids[0])))


def test_a_first_example_that_is_gone_does_not_spoil_the_page(client: Client, ids: list[int]) -> None:
    text = page(client, f"image=99999999&like={ids[1]}")
    assert "example_left_out" in notes(text)
    assert shown(text) == ["0", "1"]
    page(client, "image=99999999", 404)
    page(client, "image=99999999&box=0,0,0.5,1", 404)


def test_too_many_examples_are_refused(client: Client, ids: list[int]) -> None:
    address = "&".join(f"like={image_id}" for image_id in ids[: MAX_EXAMPLES + 1])
    assert len(shown(page(client, address, 400))) == MAX_EXAMPLES


def test_what_examples_have_to_do_with_a_score_is_said() -> None:
    names = {0: "A", 1: "B", 2: "C"}
    score = MethodScore("color", 1.0, 0.5, decades=3.0, rarity=0.3)
    assert pooled_sentence(score, names) == ""
    alone = pooled_sentence(score.of_examples(Pooled(1, 3.0)), names)
    assert "B" in alone
    assert "1,000" not in alone
    told = pooled_sentence(score.of_examples(Pooled(1, 2.0, 2, 1.0)), names)
    assert all(part in told for part in ("B", "100", "C", "10"))
