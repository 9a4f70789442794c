"""The search page."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.curation.visibility import hide, restore, trash
from gallery.models import Collection, Image
from jobs.rows import JobState
from search.forms import PAGE_SIZE
from search.generations import snapshot
from search.models import Feature
from tests.codes import notes
from tests.search.library import add_images, add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
NUM_QUERIES = 10


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


@pytest.fixture
def library(rng: np.random.Generator) -> list[int]:
    """Ids of a dozen images with features."""
    ids, _vectors = add_library(12, rng)
    return [int(image_id) for image_id in ids]


def search(client: Client, headers: dict[str, str] | None = None, **parameters: object) -> HttpResponse:
    """Ask for the search page."""
    response: HttpResponse = client.get(reverse("search:results"), parameters, headers=headers)
    return response


def found(response: HttpResponse) -> list[int]:
    """Return the images of the answer, in order."""
    return [int(image_id) for image_id in re.findall(r'data-image="(\d+)"', response.content.decode())]


def test_it_works(client: Client, library: list[int]) -> None:
    response = search(client, image=library[0])
    assert response.status_code == 200
    assert sorted(found(response)) == library[1:]
    text = response.content.decode()
    assert "<strong>11</strong> images compared" in text
    assert "data-bar" in text


def test_every_hit_carries_what_re_ranking_needs(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0]).content.decode()
    carried = [json.loads(each.replace("&quot;", '"')) for each in re.findall(r"data-rarities='([^']+)'", text)]
    assert len(carried) == 11
    assert all(0 <= rarities["color"] <= 1 for rarities in carried)
    assert all(rarities["deep"] is None for rarities in carried)


def test_weights_in_the_url_change_the_order(client: Client, library: list[int]) -> None:
    by_color = found(search(client, image=library[0], w_color=1, w_ssim=0, w_deep=0))
    by_structure = found(search(client, image=library[0], w_color=0, w_ssim=1, w_deep=0))
    assert by_color != by_structure
    assert sorted(by_color) == sorted(by_structure)


def test_where_no_method_with_a_weight_can_compare_the_page_says_so(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0], w_color=0, w_ssim=0, w_deep=1).content.decode()
    assert "not_counted" in notes(text)
    assert "mute" in notes(text)
    assert "no weights for ResNet50" in text
    (alone,) = add_images(1)
    Image.objects.exclude(pk__in=[alone, library[0]]).delete()
    assert "nothing_to_compare" in notes(search(client, image=library[0]).content.decode())


def test_a_preset_in_the_url_sets_the_sliders(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0], preset="medical").content.decode()
    assert re.search(r'name="w_ssim"[^>]*value="0.05"', text)
    assert re.search(r'value="medical"[^>]*aria-pressed="true"', text)


def test_a_part_is_answered_to_scripts(client: Client, library: list[int]) -> None:
    response = search(client, {"HX-Request": "true"}, image=library[0])
    assert "<html" not in response.content.decode()
    assert len(found(response)) == 11
    assert "HX-Request" in response.headers["Vary"]


def test_the_bare_address_invites_a_search(client: Client) -> None:
    response = search(client)
    assert response.status_code == 200
    assert 'name="file"' in response.content.decode()


def test_the_start_page_offers_gallery_images(client: Client, library: list[int]) -> None:
    assert f"?image={library[-1]}" in search(client).content.decode()


def test_an_unknown_image_is_not_found(client: Client) -> None:
    assert search(client, image=4711).status_code == 404


def test_a_hidden_image_is_found_by_nobody_but_staff(client: Client, library: list[int], admin_user: User) -> None:
    hide([library[3]], None)
    assert library[3] not in found(search(client, image=library[0]))
    assert search(client, image=library[3]).status_code == 404
    client.force_login(admin_user)
    assert search(client, image=library[3]).status_code == 200


def test_what_is_in_the_trash_is_found_by_nobody_until_it_is_restored(client: Client, library: list[int]) -> None:
    trash([library[3]], None)
    assert library[3] not in found(search(client, image=library[0]))
    assert search(client, image=library[3]).status_code == 404
    restore([library[3]], None)
    assert library[3] in found(search(client, image=library[0]))


def test_a_bad_weight_is_named(client: Client, library: list[int]) -> None:
    response = search(client, image=library[0], w_color=7)
    assert response.status_code == 400
    assert [problem.partition(":")[0] for problem in response.context["problems"]] == ["Color"]
    assert notes(response.content.decode()) == ["no_answer"]
    assert found(response) == []


def test_no_weight_at_all_is_explained(client: Client, library: list[int]) -> None:
    response = search(client, image=library[0], w_color=0, w_ssim=0, w_texture=0, w_deep=0)
    assert response.status_code == 200
    assert notes(response.content.decode()) == ["no_answer"]
    assert len(response.context["problems"]) == 1


def test_a_threshold_narrows_the_answer(client: Client, library: list[int]) -> None:
    everything = search(client, image=library[0]).content.decode()
    scores = [int(score) for score in re.findall(r"data-score>(\d+)<", everything)]
    lowest = scores[4] - 0.5
    response = search(client, image=library[0], min=lowest)
    kept = [int(score) for score in re.findall(r"data-score>(\d+)<", response.content.decode())]
    assert kept == [score for score in scores if score >= lowest]
    assert re.search(r'id="outside"\s*>', response.content.decode())  # not hidden


def test_more_is_shown_on_demand(client: Client, library: list[int]) -> None:
    response = search(client, image=library[0], k=5)
    assert len(found(response)) == 5
    assert f"k={5 + PAGE_SIZE}" in response.content.decode()
    assert "Show more" not in search(client, image=library[0], k=60).content.decode()


def test_a_collection_narrows_the_search(client: Client, library: list[int]) -> None:
    collection = Collection.objects.create(name="Herons")
    collection.images.add(*library[:4])
    assert sorted(found(search(client, image=library[0], collection=collection.pk))) == library[1:4]


def test_missing_is_shown_as_missing(client: Client, library: list[int]) -> None:
    Feature.objects.filter(image=library[5], method="color").update(
        state=JobState.FAILED, error_code="message", error_params={"text": "ValueError: flat"}
    )
    snapshot.forget()
    text = search(client, image=library[0]).content.decode()
    hit = text[text.index(f'data-image="{library[5]}"') :].split("</li>")[0]
    assert "&quot;color&quot;:null" in hit
    assert "missing" in hit
    assert "partial" in hit


def test_a_method_that_cannot_be_used_is_named(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0]).content.decode()
    assert "not_counted" in notes(text)
    assert ": Content." in text
    assert 'name="w_deep"' not in text


def test_an_image_without_features_is_looked_at_again(client: Client, library: list[int]) -> None:
    (fresh,) = add_images(1)
    response = search(client, image=fresh)
    assert response.status_code == 200
    text = response.content.decode()
    assert notes(text) == ["not_yet"]
    assert f'hx-get="/search/?image={fresh}"' in text


def test_work_under_way_makes_the_answer_partial(client: Client, library: list[int]) -> None:
    Feature.objects.filter(image=library[7], method="color").update(state=JobState.WAITING)
    assert "Partial: 1 feature" in search(client, image=library[0]).content.decode()


def test_a_label_names_the_hit(client: Client, library: list[int]) -> None:
    Image.objects.filter(pk=library[1]).update(label="grey heron")
    assert 'data-name="grey heron"' in search(client, image=library[0]).content.decode()


@pytest.mark.parametrize("num_images", [5, PAGE_SIZE])
def test_the_number_of_database_queries_is_fixed(
    client: Client, rng: np.random.Generator, num_images: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids, _vectors = add_library(num_images, rng)
    search(client, image=ids[0])
    with django_assert_num_queries(NUM_QUERIES):
        assert len(found(search(client, image=ids[0]))) == num_images - 1
