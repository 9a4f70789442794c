"""What the map's script asks for: points, thumbnails, tiles and cards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from gallery.models import Collection, Image
from search.map import opened
from search.map import points as map_points
from search.map.sprites import open_sprites, write_sprites
from search.views.map_data import EXPECTED_IDS
from tests.search.library import add_library
from tests.search.views.map.answers import Binary, page, points

pytestmark = pytest.mark.django_db
NUM_IMAGES = 8


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


def test_colors_do_not_name_closed_collections(client: Client, library: list[int]) -> None:
    """Images of the common library that are in a private collection as well look as if they were not."""
    assert {kind for _x, _y, kind in points(client, "color=collection").points().values()} == {"shore", "none"}
    Collection.objects.update(private=True)
    assert {kind for _x, _y, kind in points(client, "color=collection").points().values()} == {"none"}
    assert "shore" not in page(client)
    assert "shore" not in client.get(reverse("search:map_card", args=[library[0]])).content.decode()
