"""The page of one image."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image, Tag
from tests.gallery.rows import make_image

pytestmark = pytest.mark.django_db


def _neighbors(client: Client, url: str) -> list[str]:
    html = client.get(url).content.decode()
    return re.findall(r'id="(?:newer|older)"\s+rel="\w+"\s+href="([^"]*)"', html)


def test_it_works(client: Client) -> None:
    image = make_image("heron.jpg", title="A heron", label="bird", width=4000, height=3000)
    image.collections.add(Collection.objects.create(name="Pond"))
    image.tags.add(Tag.objects.create(name="gray & blue"))
    html = client.get(f"/images/{image.pk}/").content.decode()
    for text in ("A heron", "4000 × 3000", "(12.0 MP)", "heron.jpg", "?label=bird", "Pond", "gray &amp; blue"):
        assert text in html
    for url in (
        f"/media/display/{image.sha256}.webp",
        f"/search/?image={image.pk}",
        f"/images/{image.pk}/original/",
        "?tag=gray%20%26%20blue",
    ):
        assert url in html


def test_search_fills_its_two_regions(client: Client) -> None:
    image = make_image()
    html = client.get(f"/images/{image.pk}/").content.decode()
    assert f'hx-get="/search/images/{image.pk}/features/"' in html
    assert f'hx-get="/search/images/{image.pk}/strip/"' in html


def test_neighbors_are_the_newer_and_the_older_image(client: Client) -> None:
    first, second, third = (make_image(f"{name}.jpg") for name in "abc")
    assert _neighbors(client, f"/images/{second.pk}/") == [f"/images/{third.pk}/", f"/images/{first.pk}/"]
    assert _neighbors(client, f"/images/{first.pk}/") == [f"/images/{second.pk}/"]


def test_neighbors_pass_the_filters_of_the_gallery(client: Client) -> None:
    first = make_image("a.jpg", label="bird")
    second = make_image("b.jpg", label="bird")
    make_image("c.jpg", label="boat")
    assert _neighbors(client, f"/images/{second.pk}/?label=bird") == [f"/images/{first.pk}/?label=bird"]


def test_queries_are_few(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    image = make_image()
    for name in "abcdef":
        image.tags.add(Tag.objects.create(name=name))
    with django_assert_num_queries(5):  # image, tags, collections, newer, older
        client.get(f"/images/{image.pk}/")


def test_only_staff_see_hidden_images(client: Client, admin_client: Client) -> None:
    image = make_image(hidden=True)
    assert client.get(f"/images/{image.pk}/").status_code == 404
    assert "Hidden: only curators see it" in admin_client.get(f"/images/{image.pk}/").content.decode()


@pytest.mark.parametrize("status", [Image.Status.PENDING, Image.Status.REFUSED])
def test_images_without_pixels_have_no_page(admin_client: Client, status: str) -> None:
    assert admin_client.get(f"/images/{make_image(status=status).pk}/").status_code == 404


def test_an_unknown_image_is_not_found(client: Client) -> None:
    assert client.get("/images/77/").status_code == 404
