"""Recorded searches for words, alone and beside an image."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gallery.models import Collection, Image, Membership
from gallery.people.roles import Role
from search.generations import snapshot
from tests.codes import notes
from tests.review.people import person
from tests.review.views.test_records import hits, keep, page, send
from tests.search.conftest import without_network  # noqa: F401 (fixture)
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_network")]


@pytest.fixture
def herons(rng: np.random.Generator) -> list[Image]:
    """Eight images, the third and the sixth of which are labelled."""
    snapshot.forget()
    ids = [int(image_id) for image_id in add_library(8, rng)[0]]
    Image.objects.filter(pk__in=[ids[2], ids[5]]).update(label="heron")
    return [Image.objects.get(pk=image_id) for image_id in ids]


@pytest.fixture
def viewer(client: Client) -> User:
    user = person("ada", Role.VIEWER)
    client.force_login(user)
    return user


def test_words_are_kept_shown_and_sought_again(client: Client, viewer: User, herons: list[Image]) -> None:
    record = keep(client, "q=heron")
    kept = record.document
    assert (kept["words"], kept["query"]) == ("heron", {"name": "heron", "sha256": ""})
    assert record.title == "Images of heron"
    assert {each["image"] for each in kept["results"]} == {herons[2].pk, herons[5].pk}
    assert kept["results"][0]["methods"]["words"]["raw"] >= 1
    text = page(client, record, again=1)
    assert "same_hits" in notes(text)
    assert f"{reverse('search:results')}?q=heron" in text
    assert "<code>" not in text.split("<dl>")[1].split("</dl>")[0]
    (row, *_others) = csv.DictReader(io.StringIO(send(client, record, "csv").removeprefix("\ufeff")))
    assert (row["query_words"], row["query_sha256"]) == ("heron", "")
    assert json.loads(send(client, record, "json"))["words"] == "heron"
    assert "heron" in client.get(reverse("review:records")).content.decode()


def test_words_are_kept_beside_the_image(client: Client, viewer: User, herons: list[Image]) -> None:
    record = keep(client, f"image={herons[0].pk}&q=heron")
    kept = record.document
    assert (kept["words"], kept["query"]["sha256"], kept["order"]) == ("heron", herons[0].sha256, "score")
    assert record.title == f"Images like {herons[0]}, “heron”"
    assert {each["image"] for each in kept["results"][:2]} == {herons[2].pk, herons[5].pk}
    assert len(kept["results"]) == 7
    assert "same_hits" in notes(page(client, record, again=1))


def test_others_see_of_words_what_they_may_see(client: Client, viewer: User, herons: list[Image]) -> None:
    private = Collection.objects.create(name="Closed", private=True)
    private.images.add(herons[5])
    Image.objects.filter(pk=herons[5].pk).update(common=False)
    Membership.objects.create(collection=private, user=viewer, role=Role.VIEWER)
    record = keep(client, "q=heron")
    assert hits(page(client, record)) == 2
    client.force_login(person("eve", Role.VIEWER))
    text = page(client, record, again=1)
    assert hits(text) == 1
    assert herons[5].sha256 not in text
    assert "same_hits" in notes(text)
