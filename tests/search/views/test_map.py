"""The map's page, its twin as a list, and what its script asks for."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from numpy.typing import NDArray
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from jobs import transport
from search.generations import build, snapshot
from search.map import building as map_building
from search.map import opened
from search.map import points as map_points
from search.map.sprites import open_sprites, write_sprites
from search.map.state import phase_words
from search.methods import METHODS
from search.models import MapDrawing
from search.views.map_data import EXPECTED_IDS
from tests.codes import notes
from tests.search.library import add_library

pytestmark = pytest.mark.django_db
NUM_IMAGES = 8
NO_SPACE = "No space left on device"
FAILED = {"state": "failed", "error_code": "file_error", "error_params": {"text": NO_SPACE}}


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MAPS_DIR = tmp_path / "maps"
    settings.GENERATIONS_DIR = tmp_path / "generations"
    for name in ("EARLY_STEPS", "STEPS"):
        monkeypatch.setattr(f"search.map.tsne.{name}", 20)
    for held in (snapshot, opened):
        held.forget()
    yield
    for held in (snapshot, opened):
        held.forget()


@pytest.fixture
def library(rng: np.random.Generator) -> list[int]:
    """Eight images on a map: three waders, three boats, two without a label; the first four in a collection."""
    ids, _vectors = add_library(NUM_IMAGES, rng, ("color", "ssim"))
    Image.objects.filter(pk__in=ids[:3]).update(label="wader")
    Image.objects.filter(pk__in=ids[3:6]).update(label="boat")
    Collection.objects.create(name="shore").images.add(*ids[:4].tolist())
    build.build()
    map_building.draw()
    return [int(image_id) for image_id in ids]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("boss", is_staff=True))
    return client


def page(client: Client, query: str = "") -> str:
    response = client.get(f"{reverse('search:map')}?{query}")
    assert response.status_code == 200
    return response.content.decode()


class Binary:
    """A binary answer, read as the page's script reads it."""

    def __init__(self, data: bytes) -> None:
        (length,) = struct.unpack_from("<I", data)
        self.head: dict[str, Any] = json.loads(data[4 : 4 + length])
        self.start = 4 + length
        assert self.start % 8 == 0
        self.data = data

    def points(self) -> dict[int, tuple[float, float, str]]:
        """Return place and group of each image."""
        num, at = self.head["num"], self.start
        ids = np.frombuffer(self.data, "<f8", num, at)
        x, y = (np.frombuffer(self.data, "<f4", num, at + offset * num) for offset in (8, 12))
        groups = np.frombuffer(self.data, "<u2", num, at + 16 * num)
        assert len(self.data) == at + 18 * num
        names = [group["kind"] or group["name"] for group in self.head["groups"]]
        return {int(i): (float(a), float(b), names[g]) for i, a, b, g in zip(ids, x, y, groups, strict=True)}


def points(client: Client, query: str = "") -> Binary:
    response = client.get(f"{reverse('search:map_points')}?{query}")
    assert response.status_code == 200
    return Binary(response.content)


# The page


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


# While there is none


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


# Points


@pytest.mark.parametrize("projection", ["tsne", "pca"])
def test_points_are_those_of_the_map(client: Client, library: list[int], projection: str) -> None:
    found = opened.current_map("color")
    assert found is not None
    sent = points(client, f"projection={projection}").points()
    assert list(sent) == found.image_ids[found.order[projection]].tolist()
    for row, image_id in enumerate(found.image_ids.tolist()):
        assert sent[image_id][:2] == tuple(found.points[projection][row].tolist())


def test_points_carry_their_label(client: Client, library: list[int]) -> None:
    sent = points(client)
    assert [(group["name"], group["num"], group["kind"]) for group in sent.head["groups"]] == [
        ("boat", 3, ""),
        ("wader", 3, ""),
        ("", 2, "none"),
    ]
    assert [sent.points()[image_id][2] for image_id in library] == 3 * ["wader"] + 3 * ["boat"] + 2 * ["none"]


def test_points_carry_their_collection(client: Client, library: list[int]) -> None:
    Collection.objects.create(name="art").images.add(*library[3:5])
    groups = [group for _x, _y, group in map(points(client, "color=collection").points().get, library)]  # type: ignore[misc]
    assert groups == ["shore", "shore", "shore", "several", "art", "none", "none", "none"]
    assert {group for _x, _y, group in points(client, "color=none").points().values()} == {"none"}


def test_the_smallest_groups_share_one(client: Client, library: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_points, "MAX_GROUPS", 1)
    assert points(client).head["groups"] == [
        {"name": "boat", "num": 3, "kind": ""},
        {"name": "1", "num": 3, "kind": "rest"},
        {"name": "", "num": 2, "kind": "none"},
    ]


def test_points_of_one_collection(client: Client, library: list[int]) -> None:
    sent = points(client, f"collection={Collection.objects.get().pk}")
    assert set(sent.points()) == set(library[:4])
    assert (sent.head["num_visible"], sent.head["num_on_map"]) == (4, 4)


def test_hidden_images_are_not_sent_to_anybody(staff: Client, library: list[int]) -> None:
    Image.objects.filter(pk=library[0]).update(hidden=True)
    assert set(points(staff).points()) == set(library[1:])


def test_images_that_still_wait_are_counted(client: Client, library: list[int], rng: np.random.Generator) -> None:
    add_library(2, rng, ("color",))
    head = points(client).head
    assert (head["num"], head["num_visible"]) == (NUM_IMAGES, NUM_IMAGES + 2)


def test_of_very_many_points_a_part_is_sent(
    client: Client, library: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_points, "MAX_POINTS", 5)
    sent = points(client)
    assert (sent.head["num"], sent.head["num_on_map"], len(sent.points())) == (5, NUM_IMAGES, 5)


def test_nothing_visible_is_an_answer_too(client: Client, library: list[int]) -> None:
    empty = Collection.objects.create(name="empty")
    assert points(client, f"collection={empty.pk}").points() == {}


def test_the_same_points_are_not_sent_twice(client: Client, library: list[int]) -> None:
    address = reverse("search:map_points")
    etag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    Image.objects.filter(pk=library[0]).update(label="boat")
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 200


# Thumbnails, tiles, cards


def sprites(client: Client, ids: list[int]) -> dict[int, bytes]:
    response = client.get(f"{reverse('search:map_sprites')}?ids={','.join(map(str, ids))}")
    assert response.status_code == 200
    found, sent = {}, Binary(response.content)
    at = sent.start
    for image_id, length in sent.head["sprites"]:
        found[image_id] = sent.data[at : at + length]
        at += length
    assert at == len(sent.data)
    return found


def test_small_thumbnails_are_sent_to_those_who_may_see_them(
    client: Client, library: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_sprites(tmp_path / "s", [(image_id, f"picture {image_id}".encode()) for image_id in library])
    monkeypatch.setattr(opened, "current_sprites", lambda: open_sprites(tmp_path / "s"))
    Image.objects.filter(pk=library[1]).update(hidden=True)
    assert sprites(client, [*library[:3], 999_999]) == {
        image_id: f"picture {image_id}".encode() for image_id in (library[0], library[2])
    }


@pytest.mark.parametrize("name", ["map_sprites", "map_tiles"])
@pytest.mark.parametrize("ids", ["", "x", "1,,2", "-1", "1,2," * 100])
def test_ids_that_cannot_be_read_are_refused(client: Client, name: str, ids: str) -> None:
    response = client.get(f"{reverse(f'search:{name}')}?ids={ids}")
    assert response.status_code == 400
    assert response.content.decode() == EXPECTED_IDS % {"most": 128}


def test_tiles_come_in_the_order_asked_for(client: Client, library: list[int]) -> None:
    Image.objects.filter(pk=library[1]).update(hidden=True)
    asked = [library[2], library[0], library[1], 999_999]
    text = client.get(f"{reverse('search:map_tiles')}?ids={','.join(map(str, asked))}").content.decode()
    assert [int(part.split('"')[0]) for part in text.split('data-image="')[1:]] == [library[2], library[0]]
    assert f"{reverse('search:results')}?image={library[0]}" in text


def test_a_card_names_the_image(client: Client, library: list[int]) -> None:
    text = client.get(reverse("search:map_card", args=[library[0]])).content.decode()
    assert "wader" in text
    assert "shore" in text
    Image.objects.filter(pk=library[0]).update(hidden=True)
    assert client.get(reverse("search:map_card", args=[library[0]])).status_code == 404


# The list


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


def test_colors_do_not_name_closed_collections(client: Client, library: list[int]) -> None:
    """Images of the common library that are in a private collection as well look as if they were not."""
    assert {kind for _x, _y, kind in points(client, "color=collection").points().values()} == {"shore", "none"}
    Collection.objects.update(private=True)
    assert {kind for _x, _y, kind in points(client, "color=collection").points().values()} == {"none"}
    assert "shore" not in page(client)
    assert "shore" not in client.get(reverse("search:map_card", args=[library[0]])).content.decode()
