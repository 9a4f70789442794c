"""The page of one image."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.curation.merge import merge
from gallery.models import Collection, Image, RepeatUpload, Tag
from tests.codes import notes
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
    with django_assert_num_queries(6):  # image, tags, attributes, collections, newer, older
        client.get(f"/images/{image.pk}/")


def test_only_staff_see_hidden_images(client: Client, admin_client: Client) -> None:
    image = make_image(hidden=True)
    assert client.get(f"/images/{image.pk}/").status_code == 404
    assert "hidden" in notes(admin_client.get(f"/images/{image.pk}/").content.decode())


@pytest.mark.parametrize("status", [Image.Status.PENDING, Image.Status.REFUSED])
def test_images_without_pixels_have_no_page(admin_client: Client, status: str) -> None:
    assert admin_client.get(f"/images/{make_image(status=status).pk}/").status_code == 404


def test_an_unknown_image_is_not_found(client: Client) -> None:
    assert client.get("/images/77/").status_code == 404


def test_attributes_lead_to_images_that_share_them(client: Client) -> None:
    image = make_image(caption="By the pond,\n\nin May")
    image.attributes.create(name="camera", value="Leica & more")
    html = client.get(f"/images/{image.pk}/").content.decode()
    assert "?attribute=camera&amp;value=Leica%20%26%20more" in html
    assert "<p>in May</p>" in html


def test_curators_see_under_which_names_it_came_again(client: Client, admin_client: Client) -> None:
    image = make_image()
    RepeatUpload.objects.create(image=image, original_name="copy of heron.jpg")
    assert "copy of heron.jpg" in admin_client.get(f"/images/{image.pk}/").content.decode()
    assert "copy of heron.jpg" not in client.get(f"/images/{image.pk}/").content.decode()


def test_curators_see_what_was_merged_into_it(client: Client, admin_client: Client) -> None:
    keeper, other = make_image("keeper.jpg"), make_image("other.jpg")
    merge(keeper.pk, [other.pk], None)
    assert f'<a href="/images/{other.pk}/">other.jpg</a>' in admin_client.get(f"/images/{keeper.pk}/").content.decode()
    assert "other.jpg" not in client.get(f"/images/{keeper.pk}/").content.decode()


def test_an_image_in_the_trash_says_so_to_those_who_may_restore_it(client: Client, admin_client: Client) -> None:
    keeper, other = make_image("keeper.jpg"), make_image("other.jpg")
    merge(keeper.pk, [other.pk], None)
    html = admin_client.get(f"/images/{other.pk}/").content.decode()
    assert "In the trash" in html
    assert f'<a href="/images/{keeper.pk}/">keeper.jpg</a>' in html
    assert client.get(f"/images/{other.pk}/").status_code == 404
    admin_client.post("/trash/", {"action": "restore", "image": other.pk})
    assert client.get(f"/images/{other.pk}/").status_code == 200


def test_reviewers_are_led_to_all_that_was_decided_about_it(client: Client, admin_client: Client) -> None:
    image = make_image()
    link = f"/review/verdicts/?image={image.pk}&amp;rows=all"
    assert link in admin_client.get(f"/images/{image.pk}/").content.decode()
    assert link not in client.get(f"/images/{image.pk}/").content.decode()


def test_curators_have_the_acts(client: Client, admin_client: Client) -> None:
    image = make_image()
    image.collections.add(Collection.objects.create(name="Pond"))
    html = admin_client.get(f"/images/{image.pk}/").content.decode()
    for text in (f"/images/{image.pk}/edit/", 'value="hide"', 'value="trash"', "Take out of Pond"):
        assert text in html
        assert text not in client.get(f"/images/{image.pk}/").content.decode()


def test_queries_of_curators_are_few(admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    image = make_image()
    admin_client.get(f"/images/{image.pk}/")
    with django_assert_num_queries(13):
        admin_client.get(f"/images/{image.pk}/")
    for number in range(5):
        image.attributes.create(name=f"name {number}", value="value")
        image.tags.add(Tag.objects.create(name=f"tag {number}"))
        image.collections.add(Collection.objects.create(name=f"collection {number}"))
        RepeatUpload.objects.create(image=image, original_name=f"{number}.jpg")
        merge(image.pk, [make_image(f"{number}.jpg").pk], None)
    with django_assert_num_queries(13):
        admin_client.get(f"/images/{image.pk}/")
