"""Editing one image on a page of its own."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from gallery.models import Attribute, Change, Collection, Image
from gallery.people.roles import Role
from tests.codes import form_codes, notes
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> Image:
    """A heron with an attribute."""
    image = make_image(title="Heron", label="bird")
    Attribute.objects.create(image=image, name="camera", value="Leica")
    return image


def _address(image: Image) -> str:
    return f"/images/{image.pk}/edit/"


def _sent(client: Client, image: Image) -> dict[str, Any]:
    """Return what the page's form sends when nothing is changed in it."""
    page = client.get(_address(image)).content.decode()
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen
    state = json.loads(unescape(seen[1]))
    attributes = state.pop("attributes")
    return {
        **state,
        "seen": unescape(seen[1]),
        "attributes_name": [*attributes, ""],
        "attributes_value": [*attributes.values(), ""],
    }


def _look(image: Image) -> tuple[str, str, str, dict[str, str]]:
    image = Image.objects.get(pk=image.pk)
    return image.title, image.caption, image.label, {each.name: each.value for each in image.attributes.all()}


def test_it_works(admin_client: Client, image: Image) -> None:
    """Texts and attributes are saved, and the message takes it back."""
    sent = _sent(admin_client, image) | {
        "title": " Grey heron ",
        "caption": "At the pond,\r\nin May",
        "attributes_name": ["camera", "year", ""],
        "attributes_value": ["Nikon", "1999", ""],
        "next": "/?q=heron",
    }
    response = admin_client.post(_address(image), sent)
    assert response.headers["Location"] == "/?q=heron"
    assert _look(image) == ("Grey heron", "At the pond,\nin May", "bird", {"camera": "Nikon", "year": "1999"})
    assert codes(response) == ["saved"]
    admin_client.post(f"/changes/{Change.objects.get().pk}/undo/")
    assert _look(image) == ("Heron", "", "bird", {"camera": "Leica"})


def test_nothing_changed_is_nothing_told(admin_client: Client, image: Image) -> None:
    response = admin_client.post(_address(image), _sent(admin_client, image))
    assert response.headers["Location"] == f"/images/{image.pk}/"
    assert codes(response) == ["nothing_changed"]
    assert not Change.objects.exists()


def test_an_attribute_that_is_emptied_goes(admin_client: Client, image: Image) -> None:
    sent = _sent(admin_client, image) | {"attributes_name": ["", ""], "attributes_value": ["", ""]}
    admin_client.post(_address(image), sent)
    assert _look(image)[3] == {}


def test_two_windows_that_change_different_things_both_count(admin_client: Client, image: Image) -> None:
    first, second = _sent(admin_client, image), _sent(admin_client, image)
    admin_client.post(_address(image), first | {"title": "Egret"})
    admin_client.post(_address(image), second | {"label": "white"})
    assert _look(image)[:3] == ("Egret", "", "white")


def test_two_windows_that_change_the_same_are_asked(admin_client: Client, image: Image) -> None:
    """What somebody else saved meanwhile is shown, nothing is lost, and saving again decides."""
    first, second = _sent(admin_client, image), _sent(admin_client, image)
    admin_client.post(_address(image), first | {"title": "Egret", "attributes_value": ["Canon", ""]})
    mine = second | {"title": "Bittern", "attributes_value": ["Nikon", ""]}
    response = admin_client.post(_address(image), mine)
    page = response.content.decode()
    assert response.status_code == 409
    assert "changed_meanwhile" in notes(page)
    for text in ("Egret", "Canon", 'value="Bittern"', 'value="Nikon"'):
        assert text in page
    assert _look(image)[0] == "Egret"
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen
    admin_client.post(_address(image), mine | {"seen": unescape(seen[1])})
    assert (_look(image)[0], _look(image)[3]) == ("Bittern", {"camera": "Nikon"})


def test_the_same_change_in_two_windows_is_no_quarrel(admin_client: Client, image: Image) -> None:
    first, second = _sent(admin_client, image), _sent(admin_client, image)
    for sent in (first, second):
        response = admin_client.post(_address(image), sent | {"title": "Egret"})
        assert response.status_code == 302


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": "x" * 201}, "max_length"),
        ({"attributes_name": ["a:b"], "attributes_value": ["c"]}, "colon"),
        ({"attributes_name": [""], "attributes_value": ["c"]}, "nameless"),
        ({"attributes_name": ["a"], "attributes_value": [""]}, "valueless"),
        ({"attributes_name": ["a", " a"], "attributes_value": ["b", "c"]}, "twice"),
        ({"attributes_name": ["a" * 81], "attributes_value": ["b"]}, "long_name"),
        ({"attributes_name": ["a"], "attributes_value": ["b" * 501]}, "long_value"),
        ({"attributes_name": ["a", "b"], "attributes_value": ["c"]}, "valueless"),
    ],
)
def test_unusable_input_changes_nothing_and_stays(
    admin_client: Client, image: Image, change: dict[str, Any], code: str
) -> None:
    before = _look(image)
    response = admin_client.post(_address(image), _sent(admin_client, image) | {"caption": "Keep me"} | change)
    page = response.content.decode()
    assert response.status_code == 400
    assert form_codes(response.context["form"]) == {code}
    assert "Keep me" in page
    assert _look(image) == before


@pytest.mark.parametrize("seen", ["", "{", "[]", '{"attributes": 3}', '{"title": 5}'])
def test_a_form_without_what_it_saw_is_taken_as_it_is(admin_client: Client, image: Image, seen: str) -> None:
    sent = _sent(admin_client, image) | {"title": "Egret", "seen": seen}
    assert admin_client.post(_address(image), sent).status_code in (302, 409)


def test_htmx_gets_the_form_alone(admin_client: Client, image: Image) -> None:
    part = admin_client.get(_address(image), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<form")
    assert "<html" not in part


def test_images_of_others_are_not_there() -> None:
    """A curator of one private collection does not edit what lies outside of it."""
    user = make_person("ada")
    collection = Collection.objects.create(name="Own", private=True)
    make_member(user, collection, Role.CURATOR)
    own = make_image("own.jpg", common=False)
    own.collections.add(collection)
    client = client_of(user)
    assert client.get(_address(own)).status_code == 200
    assert client.get(_address(make_image("other.jpg"))).status_code == 404
