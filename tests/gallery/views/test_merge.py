"""Merging selected images: which one stays, what it gets, and the way back."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Change, Collection, Image, Tag
from gallery.people.roles import Role
from jobs.errors import sentence
from tests.codes import notes
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image, make_images
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db
PAGE = "/images/merge/"


def test_it_works(admin_client: Client) -> None:
    """The largest is suggested; another may stay; what it lacks is shown first, and all of it is undone."""
    small, large = make_image("small.jpg", title="A heron"), make_image("large.jpg", width=4000, height=3000)
    small.tags.add(Tag.objects.create(name="bird"))
    small.collections.add(Collection.objects.create(name="Pond"))
    small.attributes.create(name="camera", value="Leica")
    asked = {"image": f"{small.pk},{large.pk}", "next": "/?q=x"}
    question = admin_client.post(PAGE, asked)
    assert question.context["keeper"] == large
    page = question.content.decode()
    for text in ("A heron", "bird", "Pond", "Leica"):
        assert text in page
    assert admin_client.post(PAGE, asked | {"keeper": small.pk}).context["keeper"] == small
    assert Image.objects.shown().count() == 2
    response = admin_client.post(PAGE, asked | {"keeper": large.pk, "step": "apply"})
    assert response.headers["Location"] == "/?q=x"
    assert codes(response) == ["merged"]
    large.refresh_from_db()
    assert large.title == "A heron"
    assert list(Image.objects.shown()) == [large]
    admin_client.post(f"/changes/{Change.objects.get().pk}/undo/")
    large.refresh_from_db()
    assert large.title == ""
    assert Image.objects.shown().count() == 2


def test_closed_collections_are_kept_and_not_named() -> None:
    user, vault = make_person("ada", Role.CURATOR), Collection.objects.create(name="Vault", private=True)
    keeper, other = make_image("large.jpg", width=4000), make_image("small.jpg")
    vault.images.add(other)  # by a member; the library has it, too
    ada, asked = client_of(user), {"image": f"{keeper.pk},{other.pk}", "keeper": keeper.pk}
    assert "Vault" not in ada.post(PAGE, asked).content.decode()
    ada.post(PAGE, asked | {"step": "apply"})
    assert list(keeper.collections.all()) == [vault]
    make_member(user, vault, Role.VIEWER)
    ada.post(f"/changes/{Change.objects.get().pk}/undo/")
    assert "Vault" in ada.post(PAGE, asked).content.decode()


@pytest.mark.parametrize(
    ("chosen", "code"),
    [("", "nothing_selected"), ("x", "not_numbers"), ("1", "too_few_to_merge"), ("1,99", "too_few_to_merge")],
)
def test_unusable_choices_are_refused(admin_client: Client, chosen: str, code: str) -> None:
    make_image(pk=1)
    response = admin_client.post(PAGE, {"image": chosen, "step": "apply"})
    assert response.status_code == 400
    assert notes(response.text) == [code]
    assert Image.objects.shown().count() == 1


def test_too_many_are_refused(admin_client: Client) -> None:
    images = make_images(51)
    response = admin_client.post(PAGE, {"image": ",".join(str(image.pk) for image in images), "step": "apply"})
    assert notes(response.text) == ["too_many_to_merge"]
    assert sentence("too_many_to_merge", {"most": 50, "number": 51}) in response.text


def test_images_of_others_are_not_merged() -> None:
    user = make_person("ada")
    own = Collection.objects.create(name="Own", private=True)
    make_member(user, own, Role.CURATOR)
    mine, other = make_image("mine.jpg", common=False), make_image("other.jpg")
    own.images.add(mine)
    response = client_of(user).post(PAGE, {"image": f"{mine.pk},{other.pk}", "step": "apply"})
    assert response.status_code == 400
    assert sentence("images_of_others", {"n": 1}) in response.content.decode()
    assert Image.objects.shown().count() == 2


def test_the_number_of_queries_does_not_grow(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    images = make_images(20)
    for image in images:
        image.tags.add(Tag.objects.create(name=str(image)))
    for chosen in (images[:2], images):
        with django_assert_num_queries(10):
            admin_client.post(PAGE, {"image": ",".join(str(image.pk) for image in chosen)})
