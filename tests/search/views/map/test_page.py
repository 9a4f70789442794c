"""The map's page, and its twin as a list."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from numpy.typing import NDArray
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from jobs import transport
from search.map import opened
from search.map.state import phase_words
from search.methods import METHODS
from search.models import MapDrawing
from tests.codes import notes
from tests.search.library import add_library
from tests.search.views.map.answers import page

pytestmark = pytest.mark.django_db
NO_SPACE = "No space left on device"
FAILED = {"state": "failed", "error_code": "file_error", "error_params": {"text": NO_SPACE}}


def test_it_works(client: Client, library: list[int]) -> None:
    text = page(client)
    assert f'data-points="{reverse("search:map_points")}"' in text
    assert "8 images" in text
    assert ">Color" in text
    assert 'value="collect"' not in text  # for curators


def test_staff_may_curate_the_selection(staff: Client, library: list[int]) -> None:
    text = page(staff)
    assert f'action="{reverse("gallery:curate")}"' in text
    assert 'value="collect"' in text
    assert '<option value="shore"></option>' in text


def test_choices_stand_in_the_address(client: Client, library: list[int]) -> None:
    shore = Collection.objects.get()
    text = page(client, f"method=ssim&projection=pca&collection={shore.pk}&color=collection")
    for name in ("ssim", "pca", f"{shore.pk}", "collection"):
        assert re.search(rf'<option value="{name}"\s+selected', text)


@pytest.mark.parametrize(
    "query", ["method=sky", "projection=globe", "collection=x", "color=blue", "after=-1", "view=3d"]
)
def test_what_cannot_be_read_is_the_default(client: Client, library: list[int], query: str) -> None:
    response, usual = client.get(f"{reverse('search:map')}?{query}"), client.get(reverse("search:map"))
    assert response.context["chosen"] == usual.context["chosen"]
    assert reverse("search:map_points") in response.content.decode()


def test_the_number_of_database_queries_is_fixed(
    client: Client, library: list[int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page(client)
    with django_assert_num_queries(3):  # the collections, the revision, where the drawing stands
        page(client)
    with django_assert_num_queries(5):  # ... the walk, and the images of one page
        page(client, "view=list")


def test_an_empty_library_leads_to_the_upload(client: Client) -> None:
    text = page(client)
    assert notes(text) == ["too_few"]
    assert f'href="{reverse("gallery:upload")}"' in text


def test_before_the_first_drawing_the_page_waits(client: Client, rng: np.random.Generator) -> None:
    add_library(4, rng, ("color",))
    text = page(client)
    assert notes(text) == ["not_drawn"]
    assert reverse("search:map_state") in text
    assert reverse("search:map_draw") not in text


def test_the_drawing_shows_its_progress(client: Client, rng: np.random.Generator) -> None:
    add_library(4, rng, ("color",))
    about = {"phase": "laying_out", "numbers": {"num": 4}, "num_done": 400, "num_total": 1000}
    MapDrawing.objects.create(state="running", **about)
    text = client.get(reverse("search:map_state")).content.decode()
    assert phase_words("laying_out", {"num": 4}) in text
    assert 'value="40"' in text


def test_a_failed_drawing_says_why(staff: Client, rng: np.random.Generator) -> None:
    add_library(4, rng, ("color",))
    MapDrawing.objects.create(**FAILED)
    text = page(staff)
    assert notes(text) == ["not_drawn", "failed"]
    assert NO_SPACE in text
    assert reverse("search:map_draw") in text


def test_a_method_without_a_map_leads_to_the_one_that_is_drawn(client: Client, library: list[int]) -> None:
    text = page(client, "method=texture")
    assert "not_by_this_method" in notes(text)
    assert str(METHODS["texture"].label) in text
    assert f'class="button" href="{reverse("search:map")}"' in text
    assert client.get(f"{reverse('search:map_points')}?method=texture").status_code == 404


def test_the_page_is_loaded_anew_once_there_is_a_map(client: Client, library: list[int]) -> None:
    assert client.get(reverse("search:map_state")).headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get(f"{reverse('search:map_state')}?method=texture").headers


def test_a_map_that_cannot_be_brought_up_to_date_is_shown_and_says_why(client: Client, library: list[int]) -> None:
    MapDrawing.objects.create(**FAILED)
    text = page(client)
    assert notes(text) == ["out_of_date"]
    assert NO_SPACE in text


def test_staff_has_a_map_drawn(
    staff: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *what, job_id="": sent.append(what) or True)
    with django_capture_on_commit_callbacks(execute=True):
        response = staff.post(reverse("search:map_draw"), {"method": "texture"})
        staff.post(reverse("search:map_draw"), {"method": "sky"})
    assert response.headers["Location"] == f"{reverse('search:map')}?method=texture"
    row = MapDrawing.objects.get()
    assert row.methods == ["texture"]
    assert set(sent) == {("maintenance", "jobs.job.run", "map_drawing", str(row.pk))}


def test_only_staff_has_maps_drawn(client: Client) -> None:
    response = client.post(reverse("search:map_draw"), {"method": "texture"})
    assert response.status_code == 403
    assert client.get(reverse("search:map_draw")).status_code == 405


def listed(text: str) -> list[int]:
    return [int(part.split("/")[0]) for part in text.split('class="map-tile-name" href="/images/')[1:]]


def test_the_list_walks_over_the_whole_map(client: Client, library: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.views.map_page.PAGE_SIZE", 3)
    found = opened.current_map("color")
    assert found is not None
    walk: NDArray[np.int64] = found.image_ids[found.order["tsne"]]
    seen: list[int] = []
    query: str | None = "view=list"
    for _page in range(3):
        assert query is not None
        text = page(client, query)
        seen += listed(text)
        more = re.search(r'href="\?([^"]*)" rel="next"', text)
        query = more and more[1].replace("&amp;", "&")
    assert seen == walk.tolist()
    assert query is None
    assert 'rel="start"' in text


def test_the_list_of_one_collection(client: Client, library: list[int]) -> None:
    shore = Collection.objects.get()
    assert set(listed(page(client, f"view=list&collection={shore.pk}"))) == set(library[:4])
    empty = Collection.objects.create(name="empty")
    assert "none_on_map" in notes(page(client, f"view=list&collection={empty.pk}"))


def test_the_list_hides_what_is_hidden(client: Client, library: list[int]) -> None:
    Image.objects.filter(pk=library[0]).update(hidden=True)
    assert set(listed(page(client, "view=list"))) == set(library[1:])


@pytest.mark.parametrize("name", ["map", "map_points", "map_sprites", "map_tiles", "map_state"])
def test_closed_sites_ask_for_a_log_in(
    client: Client, settings: LazySettings, name: str, library: Callable[..., object]
) -> None:
    settings.OPEN_ACCESS = False
    assert client.get(reverse(f"search:{name}"), headers={"Accept": "text/html"}).status_code == 302
