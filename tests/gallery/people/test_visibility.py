"""Who may know of which image, and what people are to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User

from gallery.models import Collection, Image, Tag
from gallery.people.roles import Role
from gallery.signals import visibility_changed
from tests.gallery.members import make_member, make_person
from tests.gallery.rows import make_image

pytestmark = pytest.mark.django_db


@pytest.fixture
def private() -> Collection:
    return Collection.objects.create(name="Scans", private=True)


@pytest.fixture
def library(private: Collection) -> dict[str, Image]:
    """Images by where they belong."""
    public = Collection.objects.create(name="Birds")
    images = {
        "common": make_image("common"),
        "both": make_image("both"),  # in the common library and in the private collection
        "private": make_image("private", common=False),
        "public": make_image("public", common=False),
        "nowhere": make_image("nowhere", common=False),
    }
    private.images.add(images["both"], images["private"])
    public.images.add(images["public"])
    return images


def names(images: object) -> set[str]:
    return set(images.values_list("original_name", flat=True))  # type: ignore[attr-defined]


OPEN = {"common", "both", "public"}


def test_what_is_in_private_collections_only_is_closed_to_others(library: dict[str, Image]) -> None:
    for user in (AnonymousUser(), make_person("ada"), make_person("bob", Role.CURATOR)):
        assert names(Image.objects.visible_to(user)) == OPEN
        assert names(Image.objects.closed_to(user)) == {"private", "nowhere"}


def test_members_see_it(library: dict[str, Image], private: Collection) -> None:
    ada = make_person("ada")
    make_member(ada, private, Role.VIEWER)
    assert names(Image.objects.visible_to(ada)) == {*OPEN, "private"}
    assert names(Image.objects.closed_to(ada)) == {"nowhere"}


def test_admins_see_everything(library: dict[str, Image]) -> None:
    root = make_person("root", Role.ADMIN)
    assert names(Image.objects.visible_to(root)) == set(library)
    assert names(Image.objects.closed_to(root)) == set()


def test_nobody_sees_anything_of_a_closed_site(library: dict[str, Image], settings: LazySettings) -> None:
    settings.OPEN_ACCESS = False
    assert names(Image.objects.visible_to(AnonymousUser())) == set()
    assert names(Image.objects.closed_to(AnonymousUser())) == set(library)
    assert list(Collection.objects.visible_to(AnonymousUser())) == []


@pytest.mark.parametrize(
    ("site", "member", "expected"),
    [
        (Role.VIEWER, Role.CURATOR, {"private"}),
        (Role.CURATOR, Role.VIEWER, OPEN),
        (Role.CURATOR, Role.CURATOR, {*OPEN, "private"}),
    ],
)
def test_curators_curate_what_is_theirs(
    library: dict[str, Image], private: Collection, site: Role, member: Role, expected: set[str]
) -> None:
    """Whoever puts a common image into a collection of their own does not become its curator by that."""
    ada = make_person("ada", site)
    make_member(ada, private, member)
    assert names(Image.objects.with_role(ada, Role.CURATOR)) == expected


def test_reviewers_of_a_collection_judge_all_that_is_in_it(library: dict[str, Image], private: Collection) -> None:
    ada = make_person("ada")
    make_member(ada, private, Role.REVIEWER)
    assert names(Image.objects.with_role(ada, Role.REVIEWER)) == {"both", "private"}


def test_hidden_images_are_for_their_curators(library: dict[str, Image], private: Collection) -> None:
    Image.objects.update(hidden=True)
    ada, bob = make_person("ada"), make_person("bob")
    make_member(ada, private, Role.CURATOR)
    make_member(bob, private, Role.REVIEWER)
    assert names(Image.objects.visible_to(ada)) == {"private"}
    assert names(Image.objects.visible_to(bob)) == set()


def test_tags_of_closed_images_are_not_known(library: dict[str, Image], private: Collection) -> None:
    library["private"].tags.add(Tag.objects.create(name="secret"))
    library["common"].tags.add(Tag.objects.create(name="gray"))
    ada = make_person("ada")
    assert [tag.name for tag in Tag.objects.visible_to(ada)] == ["gray"]
    make_member(ada, private, Role.VIEWER)
    ada = User.objects.get(pk=ada.pk)
    assert [tag.name for tag in Tag.objects.visible_to(ada)] == ["gray", "secret"]


class TestTelling:
    """Whatever changes who sees what is told, so that searches ask again."""

    @pytest.fixture
    def heard(self) -> Iterator[list[object]]:
        found: list[object] = []

        def listen(sender: object, **_rest: object) -> None:
            found.append(sender)

        visibility_changed.connect(listen)
        yield found
        visibility_changed.disconnect(listen)

    def test_of_images(self, library: dict[str, Image], private: Collection, heard: list[object]) -> None:
        image = library["common"]
        heard.clear()
        for act in (
            lambda: Image.objects.filter(pk=image.pk).update(common=False),
            lambda: image.save(),
            lambda: image.collections.add(private),
            lambda: private.images.remove(image),
        ):
            before = len(heard)
            act()
            assert len(heard) > before

    def test_of_collections(self, private: Collection, heard: list[object]) -> None:
        heard.clear()
        for act in (lambda: Collection.objects.update(private=False), private.save, private.delete):
            before = len(heard)
            act()
            assert len(heard) > before

    def test_not_of_other_changes(self, library: dict[str, Image], heard: list[object]) -> None:
        heard.clear()
        Image.objects.update(title="x")
        library["common"].save(update_fields=["title"])
        Collection.objects.create(name="New")
        assert heard == []
