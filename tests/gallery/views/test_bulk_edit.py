"""Editing many images: the form, the preview, the change, and its way back."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Change, Collection, Image, Tag
from gallery.people.roles import Role
from gallery.views.bulk_edit import TOO_MANY
from tests.codes import form_codes, notes
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image, make_images
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db
PAGE = "/images/edit/"


def _fields(page: str) -> dict[str, list[str]]:
    """Return what the hidden fields of the page's last form send."""
    form = page.rpartition("<form class=")[2].partition("</form>")[0]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', form):
        name, value = (re.search(rf'\b{part}="([^"]*)"', tag) for part in ("name", "value"))
        assert name is not None
        assert value is not None
        found.setdefault(name[1], []).append(unescape(value[1]))
    return found


def _apply(client: Client, preview: Any) -> Any:
    return client.post(PAGE, _fields(preview.content.decode()) | {"step": "apply"})


def test_it_works(admin_client: Client) -> None:
    """A selection is edited by way of a preview, and the message takes it back."""
    first, second, third = make_images(3)
    first.tags.add(Tag.objects.create(name="bird"))
    form = admin_client.post(PAGE, {"image": f"{first.pk},{second.pk}", "next": "/?q=image"}).content.decode()
    asked = {
        "step": "preview",
        "add_tags": "bird, grey",
        "label": "heron",
        "title": "Heron {number}",
        "attributes_name": ["camera", ""],
        "attributes_value": ["Leica", ""],
        "add_collection": "Pond",
    }
    preview = admin_client.post(PAGE, _fields(form) | asked)
    page = preview.content.decode()
    assert preview.context["num_changed"] == 2
    assert notes(page) == ["new_collection"]
    assert "“Pond”" in page
    for words in ("Tag “bird”", "Heron 1", "Attribute “camera”"):
        assert words in page
    assert not Image.objects.filter(label="heron").exists()
    assert not Collection.objects.exists()
    response = _apply(admin_client, preview)
    assert response.headers["Location"] == "/?q=image"
    assert codes(response) == ["edited"]
    for number, image in enumerate((first, second), start=1):
        image.refresh_from_db()
        assert (image.label, image.title) == ("heron", f"Heron {number}")
        assert [tag.name for tag in image.tags.all()] == ["bird", "grey"]
        assert image.attributes.get().value == "Leica"
        assert image.collections.get().name == "Pond"
    third.refresh_from_db()
    assert third.label == ""
    response = admin_client.post(f"/changes/{Change.objects.get().pk}/undo/", {"next": "/?q=image"})
    assert codes(response)[-1] == "undone"
    assert [tag.name for tag in first.tags.all()] == ["bird"]
    assert not Image.objects.exclude(label="").exists()


def test_all_that_passes_the_filters_is_edited(admin_client: Client) -> None:
    """The filters choose; what comes after the form was opened is spared."""
    make_image("other.png")
    images = make_images(70)
    form = admin_client.get(PAGE, {"q": "image-"}).content.decode()
    assert "Edit 70 images" in form
    late = make_image("image-late.jpg")
    preview = admin_client.post(PAGE, _fields(form) | {"step": "preview", "label": "heron"})
    _apply(admin_client, preview)
    assert set(Image.objects.filter(label="heron")) == set(images)
    assert late not in Image.objects.filter(label="heron")


def test_a_choice_that_moved_is_looked_at_again(admin_client: Client) -> None:
    """Between preview and change an image fell out of the filters: nothing happens before a second look."""
    images = make_images(3)
    form = admin_client.get(PAGE, {"q": "image-"}).content.decode()
    preview = admin_client.post(PAGE, _fields(form) | {"step": "preview", "label": "heron"})
    images[0].delete()
    again = _apply(admin_client, preview)
    assert "choice_has_moved" in notes(again.content.decode())
    assert not Image.objects.filter(label="heron").exists()
    _apply(admin_client, again)
    assert Image.objects.filter(label="heron").count() == 2


def test_asking_for_something_else_keeps_what_was_filled_in(admin_client: Client) -> None:
    image = make_image()
    preview = admin_client.post(PAGE, {"image": image.pk, "step": "preview", "label": "heron", "add_tags": "a, b"})
    again = admin_client.post(PAGE, _fields(preview.content.decode()) | {"step": "again"})
    page = again.content.decode()
    assert again.status_code == 200
    assert 'value="heron"' in page
    assert 'value="a, b"' in page


def test_what_is_so_already_issaid(admin_client: Client) -> None:
    image = make_image(label="heron")
    page = admin_client.post(PAGE, {"image": image.pk, "step": "preview", "label": "heron"}).content.decode()
    assert notes(page) == ["so_already"]
    assert 'value="apply"' not in page


def test_tags_labels_and_attributes_are_taken_away(admin_client: Client) -> None:
    image = make_image(label="heron")
    image.tags.add(Tag.objects.create(name="bird"))
    image.attributes.create(name="camera", value="Leica")
    asked = {"remove_tags": "bird", "clear_label": "on", "attributes_name": "camera", "attributes_value": ""}
    _apply(admin_client, admin_client.post(PAGE, {"image": image.pk, "step": "preview"} | asked))
    image.refresh_from_db()
    assert (image.label, image.tags.count(), image.attributes.count()) == ("", 0, 0)


def test_images_move_from_one_collection_to_another(admin_client: Client) -> None:
    image = make_image(common=False)
    pond, shore = (Collection.objects.create(name=name) for name in ("Pond", "Shore"))
    image.collections.add(pond)
    asked = {"image": image.pk, "step": "preview", "remove_collection": pond.pk}
    refused = admin_client.post(PAGE, asked)
    assert refused.status_code == 400
    assert refused.context["form"].has_error(NON_FIELD_ERRORS, "out_of_sight")
    assert "errorlist nonfield" in refused.content.decode()
    _apply(admin_client, admin_client.post(PAGE, asked | {"add_collection": "Shore"}))
    assert list(image.collections.all()) == [shore]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "nothing_asked"),
        ({"add_tags": " , "}, "nothing_asked"),
        ({"add_tags": "x" * 81}, "tag_too_long"),
        ({"add_tags": "a, b", "remove_tags": "b"}, "added_too"),
        ({"label": "a", "clear_label": "on"}, "given_too"),
        ({"title": "{nmae}"}, "unknown_place"),
        ({"title": "{name}" * 30}, "title_too_long"),
        ({"remove_collection": "99"}, "invalid_choice"),
        ({"common": "maybe"}, "invalid_choice"),
        ({"attributes_name": "a:b", "attributes_value": "c"}, "colon"),
        ({"label": "x" * 121}, "max_length"),
    ],
)
def test_unusable_edits_change_nothing_and_stay(admin_client: Client, asked: dict[str, str], code: str) -> None:
    image = make_image("grey-heron.jpg")
    response = admin_client.post(PAGE, {"image": image.pk, "step": "preview"} | asked)
    assert response.status_code == 400
    assert form_codes(response.context["form"]) == {code}
    for name in asked.keys() - {"remove_collection", "common"}:
        assert asked[name] in unescape(response.content.decode())


@pytest.mark.parametrize(("asked", "code"), [("x", "not_numbers"), ("99", "none_of_theirs"), (",", "nothing_selected")])
def test_unusable_choices_are_refused(admin_client: Client, asked: str, code: str) -> None:
    response = admin_client.post(PAGE, {"image": asked})
    assert response.status_code == 400
    assert notes(response.text) == [code]


def test_too_many_at_once_are_refused(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gallery.views.bulk_edit.MAX_IMAGES", 2)
    make_images(3)
    response = admin_client.get(PAGE)
    assert response.status_code == 400
    assert response.context["sentence"] == TOO_MANY % {"most": 2, "number": 3}
    assert response.context["sentence"] in response.content.decode()


def test_filters_that_choose_nothing_aresaid(admin_client: Client) -> None:
    assert admin_client.get(PAGE, {"q": "nothing like it"}).status_code == 400


def test_images_that_one_may_only_look_at_are_left_out() -> None:
    """A curator of one collection edits its images; the others of the choice are left out, and that is said."""
    user = make_person("ada")
    own = Collection.objects.create(name="Own")
    make_member(user, own, Role.CURATOR)
    mine, other = make_image("mine.jpg", common=False), make_image("other.jpg")
    mine.collections.add(own)
    client = client_of(user)
    preview = client.post(PAGE, {"image": f"{mine.pk},{other.pk}", "step": "preview", "label": "heron"})
    assert notes(preview.content.decode()) == ["left_out"]
    assert 'data-number="1"' in preview.content.decode()
    _apply(client, preview)
    assert list(Image.objects.filter(label="heron")) == [mine]
    assert "Edit 1 image" in client.get(PAGE).content.decode()


def test_the_common_library_is_for_the_roles_of_the_site() -> None:
    """Who curates a private collection only can neither publish its images to all nor take them from all."""
    user = make_person("ada")
    own = Collection.objects.create(name="Own", private=True)
    make_member(user, own, Role.CURATOR)
    image = make_image(common=False)
    image.collections.add(own)
    client = client_of(user)
    assert 'name="common"' not in client.post(PAGE, {"image": image.pk}).content.decode()
    for value in ("in", "out"):
        asked = {"image": image.pk, "step": "preview", "common": value}
        assert client.post(PAGE, asked).status_code == 400
    other = {"image": image.pk, "step": "preview", "add_collection": "New"}
    assert client.post(PAGE, other).status_code == 400


def test_the_number_of_queries_does_not_grow(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    images = make_images(40)
    asked = {"step": "preview", "label": "heron", "add_tags": "bird"}
    for chosen in (images[:3], images):
        with django_assert_num_queries(7):
            admin_client.post(PAGE, {"image": ",".join(str(image.pk) for image in chosen)} | asked)
