"""Acts of staff on selected images."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from gallery.models import Collection, Image, Tag
from tests.gallery.rows import make_image, make_images

pytestmark = pytest.mark.django_db


def _said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_it_works(admin_client: Client) -> None:
    """Selected images are hidden, the others are not, and the page of before comes back with a word."""
    first, second, third = make_images(3)
    response = admin_client.post("/curate/", {"action": "hide", "image": [first.pk, third.pk], "next": "/?q=heron"})
    assert response.headers["Location"] == "/?q=heron"
    assert _said(response) == ["2 images are hidden. The status filter of the gallery shows them."]
    assert set(Image.objects.filter(hidden=True)) == {first, third}
    assert not Image.objects.get(pk=second.pk).hidden


def test_hidden_images_come_back(admin_client: Client) -> None:
    image = make_image(hidden=True)
    admin_client.post("/curate/", {"action": "unhide", "image": image.pk})
    assert list(Image.objects.shown()) == [image]


def test_long_selections_come_as_one_value(admin_client: Client) -> None:
    images = make_images(3)
    admin_client.post("/curate/", {"action": "hide", "image": ",".join(str(image.pk) for image in images)})
    assert Image.objects.filter(hidden=True).count() == 3


def test_tags_are_put_on_and_taken_off(admin_client: Client) -> None:
    image = make_image()
    admin_client.post("/curate/", {"action": "tag", "image": image.pk, "tag": " bird "})
    assert [tag.name for tag in image.tags.all()] == ["bird"]
    admin_client.post("/curate/", {"action": "untag", "image": image.pk, "tag": "bird"})
    assert not image.tags.exists()
    admin_client.post("/curate/", {"action": "untag", "image": image.pk, "tag": "never seen"})
    assert not Tag.objects.filter(name="never seen").exists()


def test_images_go_into_a_collection(admin_client: Client) -> None:
    images = make_images(2)
    asked = {"action": "collect", "image": [image.pk for image in images], "collection": "Pond"}
    for _ in range(2):
        admin_client.post("/curate/", asked)
    assert Collection.objects.get(name="Pond").images.count() == 2


def test_images_go_into_the_trash(admin_client: Client) -> None:
    images = make_images(2)
    response = admin_client.post("/curate/", {"action": "trash", "image": [image.pk for image in images]})
    assert _said(response) == ["2 images are in the trash now."]
    assert not Image.objects.shown().exists()
    assert Image.objects.count() == 2


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"action": "hide"}, "Select at least one image."),
        ({"action": "hide", "image": "1,x"}, "Images are named by number."),
        ({"action": "hide", "image": "9" * 30}, "Images are named by number."),
        ({"action": "tag", "image": "1"}, "Give it a name first."),
        ({"action": "collect", "image": "1", "collection": " "}, "Give it a name first."),
        ({"action": "paint", "image": "1"}, "Select a valid choice. paint is not one of the available choices."),
    ],
)
def test_unusable_acts_are_refused(admin_client: Client, asked: dict[str, str], sentence: str) -> None:
    image = make_image(pk=1)
    assert _said(admin_client.post("/curate/", asked)) == [sentence]
    image.refresh_from_db()
    assert not image.hidden


@pytest.mark.parametrize("back", ["https://example.com/", "//example.com", "javascript:alert(1)", ""])
def test_the_way_back_stays_on_this_site(admin_client: Client, back: str) -> None:
    response = admin_client.post("/curate/", {"action": "hide", "image": make_image().pk, "next": back})
    assert response.headers["Location"] == "/"


def test_others_may_not(client: Client) -> None:
    image = make_image()
    response = client.post("/curate/", {"action": "hide", "image": image.pk})
    assert response.status_code == 403
    image.refresh_from_db()
    assert not image.hidden


def test_reading_does_nothing(admin_client: Client) -> None:
    assert admin_client.get("/curate/").status_code == 405
