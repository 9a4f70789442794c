"""The gallery page."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image, Tag
from gallery.views.index import AUTO_PAGES, PAGE_SIZE
from tests.codes import form_codes
from tests.gallery.rows import make_image, make_images

pytestmark = pytest.mark.django_db


def _names(client: Client, url: str = "/", **headers: str) -> list[str]:
    html = client.get(url, headers=headers).content.decode()
    return re.findall(r'<img src="[^"]*"[^>]*alt="([^"]*)"', html)


def test_it_works(client: Client) -> None:
    """The newest image comes first, with its size, its place in the grid and a link to its page."""
    make_image("old.jpg")
    image = make_image("new.jpg", title="A heron", width=320, height=160)
    response = client.get("/")
    html = response.content.decode()
    assert response.status_code == 200
    assert _names(client) == ["A heron", "old.jpg"]
    assert 'width="320"' in html
    assert 'data-ratio="35"' in html  # 1.02 ** 35 = 2.0
    assert f'href="/images/{image.pk}/"' in html


def test_the_library_may_be_empty(client: Client) -> None:
    html = client.get("/").content.decode()
    assert "Nothing here yet" in html
    assert 'href="/upload/"' in html


def test_only_decoded_and_shown_images_appear(client: Client) -> None:
    make_image("shown.jpg")
    make_image("hidden.jpg", hidden=True)
    make_image("waiting.jpg", status=Image.Status.PENDING)
    make_image("bad.jpg", status=Image.Status.REFUSED, reason="corrupt")
    assert _names(client) == ["shown.jpg"]


@pytest.mark.parametrize("number", [5, 50, PAGE_SIZE + 5, PAGE_SIZE + 50])
def test_queries_do_not_grow_with_the_images(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for image in make_images(number):
        image.tags.add(Tag.objects.get_or_create(name="bird")[0])
    with django_assert_num_queries(7):
        client.get("/?q=image")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=HERON", ["heron.jpg"]),
        ("q=wader", ["heron.jpg"]),
        ("q=nothing", []),
        ("label=boat", ["ferry.jpg"]),
        ("tag=gray", ["heron.jpg"]),
        ("since=2026-02-01", ["ferry.jpg"]),
        ("until=2026-01-31", ["heron.jpg"]),
        ("since=2026-01-31&until=2026-01-31", ["heron.jpg"]),
        ("q=e&label=boat", ["ferry.jpg"]),
    ],
)
def test_filters(client: Client, query: str, names: list[str]) -> None:
    heron = make_image("heron.jpg", title="heron.jpg", label="wader")
    ferry = make_image("ferry.jpg", label="boat")
    heron.tags.add(Tag.objects.create(name="gray"))
    Image.objects.filter(pk=heron.pk).update(uploaded_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC))
    Image.objects.filter(pk=ferry.pk).update(uploaded_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert _names(client, f"/?{query}") == names


@pytest.mark.parametrize("text", ["grey", "BIRD", "by the pond", "leica", "camera: leica", "Camera:LEI"])
def test_words_are_found_in_tags_captions_and_attributes(client: Client, text: str) -> None:
    image = make_image("a.jpg", caption="A grey one,\nby the pond")
    image.tags.set([Tag.objects.create(name="bird"), Tag.objects.create(name="bird of May")])
    image.attributes.create(name="camera", value="Leica M6")
    other = make_image("b.jpg")
    other.attributes.create(name="lens", value="camera")
    assert list(client.get("/", {"q": text}).context["images"]) == [image]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("attribute=camera", ["b.jpg", "a.jpg"]),
        ("attribute=camera&value=Leica", ["a.jpg"]),
        ("attribute=camera&value=leica", []),
        ("attribute=lens", []),
        ("value=Leica", ["c.jpg", "b.jpg", "a.jpg"]),
    ],
)
def test_attributes_filter(client: Client, query: str, names: list[str]) -> None:
    for name, camera in (("a.jpg", "Leica"), ("b.jpg", "Nikon"), ("c.jpg", None)):
        image = make_image(name)
        if camera:
            image.attributes.create(name="camera", value=camera)
    assert [image.original_name for image in client.get(f"/?{query}").context["images"]] == names


def test_curators_edit_all_that_passes(client: Client, admin_client: Client) -> None:
    make_image("heron.jpg")
    assert "/images/edit/?q=heron&amp;next=" in admin_client.get("/?q=heron").content.decode()
    assert "/images/edit/?" not in admin_client.get("/").content.decode()
    assert "/images/edit/" not in client.get("/?q=heron").content.decode()


def test_a_collection_filters(client: Client) -> None:
    collection = Collection.objects.create(name="Birds")
    make_image("boat.jpg")
    collection.images.add(make_image("bird.jpg"))
    assert _names(client, f"/?collection={collection.pk}") == ["bird.jpg"]


def test_chosen_images_are_shown_alone(client: Client) -> None:
    """Other pages, such as the map, lead to a selection of theirs in the gallery."""
    first, _second, third = make_images(3)
    address = f"/?ids={third.pk},{first.pk},999999"
    assert _names(client, address) == [str(third), str(first)]
    assert _names(client, f"{address}&q=image-0") == [str(first)]
    assert f'name="ids" value="{third.pk},{first.pk},999999"' in client.get(address).content.decode()
    assert _names(client, "/?ids=x,,") == []


def test_filters_travel_to_the_image_page(client: Client) -> None:
    image = make_image("heron.jpg")
    assert f'href="/images/{image.pk}/?q=heron"' in client.get("/?q=heron").content.decode()


@pytest.mark.parametrize(
    "query",
    ["collection=abc", "collection=-1", f"collection={10**30}", "since=yesterday", "before=x", f"before={10**30}"],
)
def test_unusable_filters_are_passed_over(client: Client, query: str) -> None:
    make_image("heron.jpg")
    response = client.get(f"/?{query}")
    assert response.status_code == 200


def test_a_date_that_is_none_is_said(client: Client) -> None:
    response = client.get("/?since=yesterday")
    assert form_codes(response.context["form"]) == {"invalid"}
    assert str(response.context["form"].errors["since"][0]) in response.text


def test_staff_choose_the_status(admin_client: Client) -> None:
    make_image("shown.jpg")
    make_image("hidden.jpg", hidden=True)
    assert _names(admin_client) == ["shown.jpg"]
    assert _names(admin_client, "/?status=hidden") == ["hidden.jpg"]
    assert _names(admin_client, "/?status=all") == ["hidden.jpg", "shown.jpg"]


def test_others_do_not_choose_the_status(client: Client) -> None:
    make_image("hidden.jpg", hidden=True)
    assert _names(client, "/?status=hidden") == []


def test_pages_follow_each_other_without_gap_or_repetition(client: Client) -> None:
    make_images(2 * PAGE_SIZE + 3)
    url, names = "/", []
    while url:
        html = client.get(url).content.decode()
        names += re.findall(r'<img src="[^"]*"[^>]*alt="([^"]*)"', html)
        more = re.search(r'class="button"\s+href="(\?before=\d+)"', html)
        url = f"/{more[1]}" if more else ""
    assert names == [f"image-{position}.jpg" for position in reversed(range(2 * PAGE_SIZE + 3))]


def test_scrolling_gets_tiles_only_and_stops_by_itself(client: Client) -> None:
    images = make_images(2 * PAGE_SIZE)
    before = images[-1].pk + 1
    parts = [client.get(f"/?before={before}&part={part}", headers={"HX-Request": "true"}) for part in (1, AUTO_PAGES)]
    first, last = (part.content.decode() for part in parts)
    assert "<html" not in first
    assert "HX-Request" in parts[0]["Vary"]
    assert "tiles-sentinel" in first
    assert "tiles-sentinel" not in last
    assert "Load more" in last


def test_only_staff_get_the_acts(client: Client, admin_client: Client) -> None:
    make_image()
    assert 'value="trash"' not in client.get("/").content.decode()
    assert 'value="trash"' in admin_client.get("/").content.decode()


def test_names_are_escaped(client: Client) -> None:
    make_image('"><script>alert(1)</script>.jpg')
    html = client.get("/").content.decode()
    assert "<script>alert" not in html


def test_a_closed_site_asks_for_the_log_in(client: Client, settings: LazySettings) -> None:
    settings.OPEN_ACCESS = False
    make_image("heron.jpg")
    assert client.get("/").headers["Location"].startswith("/accounts/login/")
    client.force_login(User.objects.create_user("reader"))
    assert _names(client) == ["heron.jpg"]
