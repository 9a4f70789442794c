"""Where uploads belong: the common library, collections open or private, and bytes that were known before."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser, User

from gallery.intake.decode_and_settle import Outcome
from gallery.intake.store import store_image, store_images
from gallery.models import Collection, Image, Membership, RepeatUpload
from gallery.people.roles import Role
from tests.gallery.members import make_member, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]
Png = Callable[[int], bytes]


def bring(data: bytes, user: User | AnonymousUser | None, collection: str = "", **options: object) -> Outcome:
    collections = [collection] if collection else []
    return store_image(BytesIO(data), name="x.png", user=user, collections=collections, **options)  # type: ignore[arg-type]


@pytest.fixture
def ada() -> User:
    return make_person("ada", Role.CONTRIBUTOR)


@pytest.fixture
def scans() -> Collection:
    return Collection.objects.create(name="Scans", private=True)


@pytest.mark.parametrize(("collection", "common"), [("", True), ("Public", True), ("Scans", False)])
def test_what_goes_into_a_private_collection_is_not_common(
    png: Png, ada: User, scans: Collection, collection: str, common: bool
) -> None:
    Collection.objects.create(name="Public")
    make_member(ada, scans, Role.CONTRIBUTOR)
    outcome = bring(png(0), ada, collection)
    assert (outcome.kind, Image.objects.get().common) == ("stored", common)


def test_who_may_add_to_one_collection_only_adds_to_that_alone(png: Png) -> None:
    public, bob = Collection.objects.create(name="Public"), make_person("bob")
    make_member(bob, public, Role.CONTRIBUTOR)
    bring(png(0), bob, "Public")
    assert not Image.objects.get().common


def test_who_makes_a_private_collection_curates_it(png: Png, ada: User) -> None:
    bring(png(0), ada, "Mine", private=True)
    made = Collection.objects.get()
    assert (made.private, Membership.objects.get().role) == (True, Role.CURATOR)
    bring(png(1), ada, "Ours")
    assert not Collection.objects.get(name="Ours").private
    assert Membership.objects.count() == 1


def test_known_bytes_that_were_closed_are_like_new(png: Png, ada: User, scans: Collection) -> None:
    bring(png(0), None, "Scans")
    assert not Image.objects.visible_to(ada).exists()
    outcome = bring(png(0), ada)
    assert outcome.kind == "stored"
    assert Image.objects.visible_to(ada).get() == outcome.image
    assert bring(png(0), ada).kind == "duplicate"


def test_known_bytes_join_a_private_collection_and_stay_out_of_the_common_library(
    png: Png, ada: User, scans: Collection
) -> None:
    bring(png(0), None, "Scans")
    assert bring(png(0), ada, "Mine", private=True).kind == "stored"
    assert {each.name for each in Image.objects.get().collections.all()} == {"Scans", "Mine"}
    assert not Image.objects.visible_to(AnonymousUser()).exists()


def test_members_do_not_publish_what_they_can_see_already(png: Png, ada: User, scans: Collection) -> None:
    make_member(ada, scans, Role.CONTRIBUTOR)
    bring(png(0), None, "Scans")
    assert bring(png(0), ada).kind == "duplicate"
    assert not Image.objects.get().common


def test_closed_bytes_twice_in_a_batch_are_new_once(png: Png, ada: User, scans: Collection, tmp_path: Path) -> None:
    bring(png(0), None, "Scans")
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        path.write_bytes(png(0))
    assert [outcome.kind for _path, outcome in store_images(paths, user=ada, num_decoders=1)] == ["stored", "duplicate"]


def test_every_repeat_is_kept(png: Png, ada: User) -> None:
    bring(png(0), ada)
    assert not RepeatUpload.objects.exists()
    store_image(BytesIO(png(0)), name="again.png", user=make_person("bob"))
    bring(png(0), ada)
    image = Image.objects.get()
    kept = [(each.image, each.original_name, str(each.uploaded_by)) for each in RepeatUpload.objects.all()]
    assert kept == [(image, "x.png", "ada"), (image, "again.png", "bob")]


def test_a_second_copy_in_a_batch_is_a_repeat(png: Png, tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        path.write_bytes(png(0))
    list(store_images(paths, num_decoders=1))
    assert [each.original_name for each in RepeatUpload.objects.all()] == ["b.png"]


def test_commands_may_be_run_again(png: Png, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(0))
    for _time in range(2):
        list(store_images([path], num_decoders=1))
    assert not RepeatUpload.objects.exists()


def test_what_was_refused_is_no_repeat(ada: User) -> None:
    for _time in range(2):
        assert bring(b"no image", ada).kind == "refused"
    assert not RepeatUpload.objects.exists()
