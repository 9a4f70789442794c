"""Which images an action is about: chosen one by one or by filters, and only those that one may change."""

from __future__ import annotations

import pytest
from django import forms
from django.contrib.auth.models import User
from django.http import QueryDict

from gallery.curation.selection import NotTheirsError, all_curated, curated, select_images, visible
from gallery.models import Collection, Image
from gallery.people.roles import Role
from tests.codes import refused
from tests.gallery.members import make_member, make_person
from tests.gallery.rows import make_image, make_images

pytestmark = pytest.mark.django_db


@pytest.fixture
def images() -> list[Image]:
    return make_images(4)


@pytest.fixture
def cora() -> User:
    return make_person("cora", Role.CURATOR)


@pytest.fixture
def mary(images: list[Image]) -> User:
    """Who curates one private collection, with the last image in it, and looks at everything else."""
    mary, herons = make_person("mary", Role.VIEWER), Collection.objects.create(name="herons", private=True)
    make_member(mary, herons, Role.CURATOR)
    herons.images.add(images[3])
    Image.objects.filter(pk=images[3].pk).update(common=False)
    return mary


def ids(*images: Image) -> list[int]:
    return [image.pk for image in images]


class TestOneByOne:
    def test_those_that_one_may_change(self, images: list[Image], mary: User) -> None:
        found = select_images(QueryDict(f"image={images[3].pk},{images[0].pk}&image={images[3].pk}"), mary)
        assert (found.ids, found.num_left_out) == (ids(images[3]), 1)
        assert found.fields == {"image": str(images[3].pk)}

    def test_what_one_may_not_see_is_not_counted(self, images: list[Image], mary: User) -> None:
        rob = make_person("rob", Role.VIEWER)
        found = select_images(QueryDict(f"image={images[3].pk}&image={images[0].pk}"), rob)
        assert (found.ids, found.num_left_out) == ([], 1)

    @pytest.mark.parametrize("address", ["image=x", "image=0", "image="])
    def test_what_names_no_image_is_refused(self, cora: User, address: str) -> None:
        with pytest.raises(forms.ValidationError):
            select_images(QueryDict(address), cora)


class TestByFilters:
    def test_all_that_pass_and_nothing_newer(self, images: list[Image], cora: User) -> None:
        Image.objects.filter(pk__in=ids(*images[:2])).update(label="heron")
        first = select_images(QueryDict("label=heron"), cora)
        assert first.ids == ids(*images[:2])
        make_image("late.jpg", label="heron")
        again = QueryDict(mutable=True)
        again.update(first.fields)
        second = select_images(again, cora)
        assert second.ids == first.ids
        assert second.digest == first.digest

    def test_those_that_one_only_looks_at_are_counted(self, images: list[Image], mary: User) -> None:
        found = select_images(QueryDict("q=image"), mary)
        assert (found.ids, found.num_left_out) == (ids(images[3]), 3)

    def test_an_empty_library_has_nothing_to_choose(self, cora: User) -> None:
        found = select_images(QueryDict(""), cora)
        assert (found.ids, found.num_left_out, found.fields["newest"]) == ([], 0, "0")


def test_a_digest_tells_choices_apart(images: list[Image], cora: User) -> None:
    one, other = (select_images(QueryDict(f"image={image.pk}"), cora) for image in images[:2])
    assert one.digest != other.digest
    assert select_images(QueryDict(f"image={images[0].pk}"), cora).digest == one.digest


class TestAll:
    def test_one_image_of_others_refuses_all(self, images: list[Image], mary: User) -> None:
        assert all_curated(ids(images[3]), mary) == ids(images[3])
        with refused(NotTheirsError, "images_of_others", n=2):
            all_curated(ids(*images[:2], images[3]), mary)

    def test_images_that_are_gone_or_closed_refuse_nothing(self, images: list[Image], cora: User, mary: User) -> None:
        assert all_curated([*ids(images[0], images[3]), 10**9], cora) == ids(images[0])

    def test_they_come_rising_and_once(self, images: list[Image], cora: User) -> None:
        mixed = [*ids(*reversed(images)), *ids(images[1])]
        assert curated(mixed, cora) == visible(mixed, cora) == ids(*images)
