"""Nothing of a private collection reaches those who are no members, whatever page they look at."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from gallery.models import Attribute, Collection, Image, Tag
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from search.generations import build, snapshot
from search.map import building, opened
from tests.gallery.members import client_of, make_member, make_person
from tests.role_matrix import ROWS, World
from tests.search.library import add_library

pytestmark = pytest.mark.django_db
SECRET = "zebra"
NUM, NUM_CLOSED = 12, 4
"""In all, and in the private collection only."""


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MAPS_DIR, settings.GENERATIONS_DIR = tmp_path / "maps", tmp_path / "generations"
    for name in ("EARLY_STEPS", "STEPS"):
        monkeypatch.setattr(f"search.map.tsne.{name}", 20)
    for held in (snapshot, opened):
        held.forget()


@pytest.fixture
def closed(rng: np.random.Generator) -> list[Image]:
    """Images of a private collection, called by one word all over, among others of the common library."""
    ids, _vectors = add_library(NUM, rng, ("color", "ssim"))
    Image.objects.update(label="wader")
    closed = [int(image_id) for image_id in ids[:NUM_CLOSED]]
    collection = Collection.objects.create(name=f"{SECRET} collection", description=SECRET, private=True)
    collection.images.set(closed)
    tag = Tag.objects.create(name=f"{SECRET} tag")
    tag.images.set(closed)
    Attribute.objects.bulk_create(Attribute(image_id=pk, name=f"{SECRET} name", value=SECRET) for pk in closed)
    said = {name: f"{SECRET} {name}" for name in ("title", "label", "caption", "original_name")}
    Image.objects.filter(pk__in=closed).update(common=False, **said)
    return list(Image.objects.filter(pk__in=closed).order_by("pk"))


@pytest.fixture
def drawn(closed: list[Image]) -> None:
    """Draw the map of the library."""
    build.build()
    building.draw()


def marks(images: list[Image]) -> re.Pattern[str]:
    """Return what must not be read: words, hashes and links of closed images."""
    hashes = "|".join(image.sha256 for image in images)
    links = "|".join(f'data-image="{image.pk}"|/images/{image.pk}/' for image in images)
    return re.compile(f"{SECRET}|{hashes}|{links}")


def text_of(response: object) -> str:
    body = b"".join(response) if getattr(response, "streaming", False) else response.content  # type: ignore[attr-defined, call-overload]
    return str(body.decode(errors="replace"))


def outsiders() -> dict[str, Client]:
    """Return browsers of everybody who is neither a member nor an admin."""
    people = {role.name: client_of(make_person(f"no-member-{role.name}", role)) for role in Role if role < Role.ADMIN}
    return {"nobody": Client(), **people}


READ = sorted(name for name, row in ROWS.items() if "GET" in row)


@pytest.mark.slow
def test_no_page_shows_it(closed: list[Image], drawn: None) -> None:
    """Every address that can be read, as it is asked for in the matrix of roles."""
    pattern, found = marks(closed), {}
    for who, client in outsiders().items():
        for name in READ:
            with transaction.atomic():
                world, cell = World(), ROWS[name]["GET"]
                text = text_of(client.get(reverse(name, args=cell.args(world)), cell.data(world)))
                transaction.set_rollback(True)
            if mark := pattern.search(text):
                found[who, name] = mark[0]
    assert found == {}


Asked = Callable[[Image], tuple[str, dict[str, object]]]
ABOUT: dict[str, Asked] = {
    "image": lambda image: (f"/images/{image.pk}/", {}),
    "original": lambda image: (f"/images/{image.pk}/original/", {}),
    "thumbnail": lambda image: (f"/media/thumb/{image.sha256}.webp", {}),
    "display copy": lambda image: (f"/media/display/{image.sha256}.webp", {}),
    "search": lambda image: ("/search/", {"image": image.pk}),
    "strip": lambda image: (f"/search/images/{image.pk}/strip/", {}),
    "features": lambda image: (f"/search/images/{image.pk}/features/", {}),
    "map card": lambda image: (f"/map/images/{image.pk}/", {}),
    "collection": lambda image: (reverse("gallery:collection", args=[image.collections.get().pk]), {}),
    "compare": lambda image: (reverse("review:compare", args=[image.pk, an_open(image).pk]), {}),
    "compare, the other way": lambda image: (reverse("review:compare", args=[an_open(image).pk, image.pk]), {}),
    "places": lambda image: (reverse("review:compare_places", args=[an_open(image).pk, image.pk]), {}),
    "history of a pair": lambda image: (reverse("review:pair", args=sorted_pair(image, an_open(image))), {}),
}
FORBIDDEN = {"history of a pair"}
"""What is for reviewers, so that others are not even told that it is not there."""


def an_open(image: Image) -> Image:
    """Return the image of the common library that is in the place of a closed one."""
    return Image.objects.filter(common=True).exclude(pk=image.pk)[0]


def sorted_pair(first: Image, second: Image) -> list[str]:
    return sorted((first.sha256, second.sha256))


@pytest.mark.parametrize("about", ABOUT)
def test_it_is_not_found_by_its_address(closed: list[Image], about: str) -> None:
    address, data = ABOUT[about](closed[0])
    for who, client in outsiders().items():
        response = client.get(address, data)
        assert response.status_code == 404 or (about in FORBIDDEN and response.status_code == 403), who
        assert SECRET not in text_of(response), who


FILTERS: list[dict[str, object]] = [
    {"q": SECRET},
    {"label": f"{SECRET} label"},
    {"tag": f"{SECRET} tag"},
    {"status": "all"},
    {"status": "hidden"},
]


@pytest.mark.parametrize("asked", FILTERS, ids=str)
def test_no_filter_of_the_gallery_finds_it(closed: list[Image], asked: dict[str, object]) -> None:
    for who, client in outsiders().items():
        text = text_of(client.get("/", asked))
        for value in map(str, asked.values()):  # what was asked is repeated
            for written in (value, quote(value), quote_plus(value), quote(quote_plus(value))):
                text = text.replace(written, "")
        assert marks(closed).search(text) is None, who


def test_numbers_do_not_count_it(closed: list[Image]) -> None:
    """Neither the gallery, nor its filter by that collection, nor searches, nor the status page."""
    collection, other = closed[0].collections.get(), Image.objects.filter(common=True).first()
    assert other is not None
    open_images = NUM - NUM_CLOSED
    for who, client in outsiders().items():
        text = " ".join(text_of(client.get("/")).split())
        assert f"{open_images} images" in text, who
        assert "Nothing here yet" not in text
        assert "0 images" in " ".join(text_of(client.get("/", {"collection": collection.pk})).split()), who
        answer = " ".join(text_of(client.get("/search/", {"image": other.pk})).split())
        assert f"<strong>{open_images - 1}</strong> images compared" in answer, who
        status = " ".join(text_of(client.get("/status/")).split())
        assert f"{open_images} images in the gallery" in status, who
        assert not re.search(rf'<td class="number">\s*{NUM}\s*</td>', status), who


def test_a_search_within_it_is_refused(closed: list[Image]) -> None:
    other = Image.objects.filter(common=True).first()
    assert other is not None
    collection = closed[0].collections.get()
    for who, client in outsiders().items():
        response = client.get("/search/", {"image": other.pk, "collection": collection.pk})
        assert response.status_code == 400, who


def test_the_map_does_not_show_it(closed: list[Image], drawn: None) -> None:
    ids = ",".join(str(image.pk) for image in closed)
    for who, client in outsiders().items():
        points = client.get("/map/points/", {"color": "collection"}).content
        assert f'"num_visible":{NUM - NUM_CLOSED},'.encode() in points, who
        assert SECRET.encode() not in points, who
        assert b'"sprites":[]' in client.get("/map/sprites/", {"ids": ids}).content, who
        assert text_of(client.get("/map/tiles/", {"ids": ids})).strip() == "", who
        assert marks(closed).search(text_of(client.get("/map/", {"view": "list"}))) is None, who


def test_the_marks_are_there_for_members(closed: list[Image], drawn: None) -> None:
    """Or the tests above would prove nothing."""
    ada = make_person("ada")
    make_member(ada, closed[0].collections.get(), Role.VIEWER)
    assert permissions_of(ada).member_of(Role.VIEWER)
    hers = client_of(ada)
    for name in ("image", "search", "strip", "features", "map card", "collection", "compare"):
        address, data = ABOUT[name](closed[0])
        assert hers.get(address, data).status_code == 200, name
    assert marks(closed).search(text_of(hers.get("/")))
    assert f"{NUM} images in the gallery" in " ".join(text_of(hers.get("/status/")).split())
    assert marks(closed).search(text_of(hers.get("/search/", {"image": closed[0].pk})))
    assert SECRET.encode() in hers.get("/map/points/", {"color": "collection"}).content
