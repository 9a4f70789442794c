"""Actions of curators on selected images."""

from __future__ import annotations

import pytest
from django.test import Client

from gallery.models import Change, Collection, Image, Tag
from gallery.people.roles import Role
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image, make_images
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db


def test_it_works(admin_client: Client) -> None:
    """Selected images are hidden, the others are not, and the page of before comes back with a word."""
    first, second, third = make_images(3)
    response = admin_client.post("/curate/", {"action": "hide", "image": [first.pk, third.pk], "next": "/?q=heron"})
    assert response.headers["Location"] == "/?q=heron"
    assert codes(response) == ["hide"]
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
    assert codes(response) == ["trash"]
    assert not Image.objects.shown().exists()
    assert Image.objects.count() == 2


def test_several_tags_come_at_once(admin_client: Client) -> None:
    image = make_image()
    image.tags.add(Tag.objects.create(name="old, with a comma"))
    admin_client.post("/curate/", {"action": "tag", "image": image.pk, "tag": "bird, grey"})
    assert [tag.name for tag in image.tags.all()] == ["bird", "grey", "old, with a comma"]
    admin_client.post("/curate/", {"action": "untag", "image": image.pk, "tag": "old, with a comma"})
    assert [tag.name for tag in image.tags.all()] == ["bird", "grey"]


@pytest.mark.parametrize("action", ["hide", "trash"])
def test_undoing_brings_back_only_what_the_act_changed(admin_client: Client, action: str) -> None:
    shown, other = make_images(2)
    ids = [shown.pk, other.pk]
    admin_client.post("/curate/", {"action": action, "image": other.pk})
    admin_client.post("/curate/", {"action": action, "image": ids})
    latest = Change.objects.latest("pk")
    response = admin_client.post(f"/changes/{latest.pk}/undo/", {"next": "/"})
    assert codes(response)[-1] == "undone"
    assert list(Image.objects.shown()) == [shown]


def test_tags_and_collections_are_undone(admin_client: Client) -> None:
    image = make_image()
    admin_client.post("/curate/", {"action": "tag", "image": image.pk, "tag": "bird"})
    admin_client.post("/curate/", {"action": "collect", "image": image.pk, "collection": "Pond"})
    for change in Change.objects.all():
        admin_client.post(f"/changes/{change.pk}/undo/")
    assert not image.tags.exists()
    assert not image.collections.exists()


def test_images_leave_a_collection(admin_client: Client) -> None:
    image, lonely = make_image("a.jpg"), make_image("b.jpg", common=False)
    pond = Collection.objects.create(name="Pond")
    pond.images.add(image, lonely)
    asked = {"action": "uncollect", "leave": "Pond"}
    refused = admin_client.post("/curate/", asked | {"image": [image.pk, lonely.pk]})
    assert codes(refused)[-1] == "in_no_other_collection"
    assert pond.images.count() == 2
    admin_client.post("/curate/", asked | {"image": image.pk})
    assert list(pond.images.all()) == [lonely]
    refused = admin_client.post("/curate/", asked | {"image": image.pk, "leave": "Lake"})
    assert codes(refused)[-1] == "not_its_curator"


def test_curators_of_a_collection_take_out_of_it_what_they_do_not_curate() -> None:
    user = make_person("ada")
    own = Collection.objects.create(name="Own", private=True)
    make_member(user, own, Role.CURATOR)
    image = make_image()
    own.images.add(image)
    client = client_of(user)
    for action in ("hide", "trash", "tag"):
        response = client.post("/curate/", {"action": action, "image": image.pk, "tag": "bird"})
        assert codes(response)[-1] == "images_of_others"
    assert list(Image.objects.shown()) == [image]
    client.post("/curate/", {"action": "uncollect", "image": image.pk, "leave": "Own"})
    assert not own.images.exists()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"action": "hide"}, "nothing_selected"),
        ({"action": "hide", "image": "1,x"}, "not_numbers"),
        ({"action": "hide", "image": "9" * 30}, "not_numbers"),
        ({"action": "tag", "image": "1"}, "nameless"),
        ({"action": "tag", "image": "1", "tag": "x" * 81}, "tag_too_long"),
        ({"action": "collect", "image": "1", "collection": " "}, "nameless"),
        ({"action": "paint", "image": "1"}, "invalid_choice"),
    ],
)
def test_unusable_acts_are_refused(admin_client: Client, asked: dict[str, str], code: str) -> None:
    image = make_image(pk=1)
    assert codes(admin_client.post("/curate/", asked)) == [code]
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
