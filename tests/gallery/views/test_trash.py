"""The page of the trash."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gallery.curation import merge, visibility
from gallery.models import Collection, Image
from gallery.people.roles import Role
from tests.codes import notes
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.rows import make_image, make_images
from tests.gallery.saying import codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]
PAGE = "/trash/"


def _trashed(number: int) -> list[Image]:
    images = make_images(number)
    visibility.trash([image.pk for image in images], None)
    return images


def test_it_works(admin_client: Client) -> None:
    """What is in the trash is shown with its days, and comes back when asked."""
    image = _trashed(2)[0]
    Image.objects.filter(pk=image.pk).update(trashed_at=timezone.now() - timedelta(days=4, minutes=1))
    page = admin_client.get(PAGE).content.decode()
    assert "26 days left" in page
    assert "30 days left" in page
    response = admin_client.post(PAGE, {"action": "restore", "image": [image.pk]})
    assert codes(response) == ["restored"]
    assert list(Image.objects.shown()) == [image]


def test_who_trashed_it_and_what_it_was_merged_into_are_told() -> None:
    curator = make_person("ada", Role.CURATOR)
    keeper, other = make_images(2)
    merge.merge(keeper.pk, [other.pk], curator)
    page = client_of(curator).get(PAGE).content.decode()
    assert "by ada" in page
    assert f'<a href="/images/{keeper.pk}/">image-0.jpg</a>' in page


def test_the_empty_trash_says_so(admin_client: Client) -> None:
    assert notes(admin_client.get(PAGE).content.decode()) == ["trash_empty"]


def test_pages_follow_one_another(admin_client: Client) -> None:
    images = _trashed(70)
    first = admin_client.get(PAGE)
    assert len(first.context["rows"]) == 60
    second = admin_client.get(PAGE + first.context["more"])
    assert [row[0] for row in second.context["rows"]] == images[9::-1]
    assert second.context["more"] == ""


@pytest.mark.parametrize("place", ["x", "2026-13-45T00:00:00+0000_3", "2026-01-01_3", "2026-01-01T00:00:00+0000_x"])
def test_a_place_that_is_none_is_no_error(admin_client: Client, place: str) -> None:
    _trashed(1)
    assert admin_client.get(PAGE, {"after": place}).status_code == 200


def test_the_number_of_queries_does_not_grow(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    merge.merge(make_image().pk, [image.pk for image in make_images(3)], None)
    admin_client.get(PAGE)
    with django_assert_num_queries(5):
        admin_client.get(PAGE)
    for number in range(3, 40):
        make_image(f"more-{number}.jpg", trashed_at=timezone.now())
    with django_assert_num_queries(5):
        admin_client.get(PAGE)


def test_curators_see_only_what_they_curate() -> None:
    """A curator of a private collection sees its images in the trash and no others, and restores no others."""
    user = make_person("ada")
    collection = Collection.objects.create(name="Own", private=True)
    make_member(user, collection, Role.CURATOR)
    own = make_image("own.jpg", common=False)
    own.collections.add(collection)
    other = make_image("other.jpg")
    visibility.trash([own.pk, other.pk], None)
    client = client_of(user)
    page = client.get(PAGE).content.decode()
    assert "own.jpg" in page
    assert "other.jpg" not in page
    assert codes(client.post(PAGE, {"action": "restore", "image": [own.pk, other.pk]})) == ["restored"]
    assert own in Image.objects.shown()
    other.refresh_from_db()
    assert other.trashed_at


def test_thumbnails_of_the_trash_are_for_those_who_see_it(client: Client) -> None:
    image = _trashed(1)[0]
    address = f"/media/thumb/{image.sha256}.webp"
    curator, viewer = (client_of(make_person(name, role)) for name, role in (("a", Role.CURATOR), ("b", Role.VIEWER)))
    assert viewer.get(address).status_code == client.get(address).status_code == 404
    assert curator.get(address).status_code == 404, "there is no file behind this row"
    Image.objects.filter(pk=image.pk).update(trashed_at=None)
    assert viewer.get(address).status_code == 404


def test_deleting_for_good_asks_first(admin_client: Client) -> None:
    images = _trashed(2)
    asked = {"action": "purge", "image": [image.pk for image in images]}
    assert admin_client.post(PAGE, asked).context["num_images"] == 2
    assert Image.objects.count() == 2
    assert codes(admin_client.post(PAGE, asked | {"confirmed": "yes"})) == ["purged"]
    assert not Image.objects.exists()


def test_emptying_spares_what_is_shown(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gallery.views.trash.MAX_PURGED", 2)
    kept = make_image("kept.jpg")
    _trashed(3)
    assert admin_client.post(PAGE, {"action": "empty"}).context["num_images"] == 3
    assert codes(admin_client.post(PAGE, {"action": "empty", "confirmed": "yes"})) == ["purged some_left"]
    assert Image.objects.count() == 2
    admin_client.post(PAGE, {"action": "empty", "confirmed": "yes"})
    assert list(Image.objects.all()) == [kept]


def test_what_is_not_in_the_trash_cannot_be_deleted_here(admin_client: Client) -> None:
    image = make_image()
    admin_client.post(PAGE, {"action": "purge", "image": [image.pk], "confirmed": "yes"})
    assert Image.objects.exists()


def test_only_admins_delete_for_good() -> None:
    image = _trashed(1)[0]
    client = client_of(make_person("ada", Role.CURATOR))
    assert "Delete now" not in client.get(PAGE).content.decode()
    for action in ("purge", "empty"):
        response = client.post(PAGE, {"action": action, "image": [image.pk], "confirmed": "yes"})
        assert response.status_code == 403
    assert Image.objects.exists()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"action": "restore"}, "nothing_selected"),
        ({"action": "restore", "image": "x"}, "not_numbers"),
        ({"action": "restore", "image": "99"}, "not_in_trash"),
        ({"action": "burn", "image": "99"}, "no_such_act"),
    ],
)
def test_unusable_acts_are_refused(admin_client: Client, asked: dict[str, str], code: str) -> None:
    assert codes(admin_client.post(PAGE, asked)) == [code]
