"""What people decided, shown on the hits of a search."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Image
from review.verdicts.badges import verdict_badges
from review.verdicts.record import record
from search.generations import snapshot
from search.query.badges import badges_of
from tests.codes import notes
from tests.review.people import person
from tests.search.conftest import few_methods, without_network  # noqa: F401 (fixtures)
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


@pytest.fixture
def images(rng: np.random.Generator) -> list[Image]:
    ids, _vectors = add_library(6, rng)
    return [Image.objects.get(pk=pk) for pk in ids]


@pytest.fixture
def ada(client: Client) -> User:
    user = person("ada")
    client.force_login(user)
    return user


def search(client: Client, image: Image, **parameters: object) -> str:
    response: HttpResponse = client.get(reverse("search:results"), {"image": image.pk, **parameters})
    assert response.status_code == 200
    return response.content.decode()


def found(text: str) -> list[int]:
    return [int(image_id) for image_id in re.findall(r'data-image="(\d+)"', text)]


def test_it_works(client: Client, ada: User, images: list[Image]) -> None:
    record(images[0].sha256, images[1].sha256, "same", author_name="bob")
    record(images[2].sha256, images[0].sha256, "different", author=ada)
    text = search(client, images[0])
    assert sorted(found(text)) == [image.pk for image in images[1:]]
    marks = verdict_badges(ada, images[0], {image.pk: image for image in images})
    assert {image_id: mark.text for image_id, mark in marks.items()} == {
        images[1].pk: "same",
        images[2].pk: "different",
    }
    assert all(f'title="{mark.title}"' in text for mark in marks.values())
    assert text.count("hit-marks") == 2
    assert "hit-apart" not in text


def test_what_is_different_can_be_marked_or_left_out(client: Client, ada: User, images: list[Image]) -> None:
    record(images[2].sha256, images[0].sha256, "different", author=ada)
    assert search(client, images[0], judged="mark").count("hit-apart") == 1
    text = search(client, images[0], judged="hide")
    assert images[2].pk not in found(text)
    assert len(found(text)) == 4
    assert "apart_left_out" in notes(text)
    assert client.get(reverse("search:results"), {"image": images[0].pk, "judged": "burn"}).status_code == 400


def test_people_who_are_split(ada: User, images: list[Image]) -> None:
    record(images[0].sha256, images[1].sha256, "same", author_name="bob")
    record(images[0].sha256, images[1].sha256, "different", author=ada)
    (mark,) = verdict_badges(ada, images[0], {image.pk: image for image in images}).values()
    assert (mark.text, mark.tone, mark.apart) == ("split", "warn", False)


def test_one_query_and_none_without_a_query_image(
    ada: User, images: list[Image], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hits = {image.pk: image for image in images[1:]}
    with django_assert_num_queries(1):
        assert badges_of(ada, images[0], hits) == {}
    with django_assert_num_queries(0):
        assert badges_of(ada, None, hits) == badges_of(ada, images[0], {}) == {}
