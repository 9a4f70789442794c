"""What others decided about a pair that two read without knowing of each other is shown nowhere."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gallery.models import Image
from gallery.people.roles import Role
from review.models import Queue, QueuedPair
from review.verdicts.badges import verdict_badges
from review.verdicts.decide import decide
from review.verdicts.listing import split_pairs, visible_verdicts
from review.verdicts.record import record, sorted_pair
from review.verdicts.toolbar import toolbar_of
from tests.codes import notes
from tests.gallery.rows import make_image
from tests.review.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client) -> User:
    user = person("ada")
    client.force_login(user)
    return user


@pytest.fixture
def pair(ada: User) -> tuple[Image, Image]:
    """Two images in an open queue of two readers, of whom bob has decided."""
    images = make_image("heron.jpg"), make_image("ferry.jpg")
    hashes = sorted_pair(images[0].sha256, images[1].sha256)
    queue = Queue.objects.create(name="q", source=Queue.Source.SEARCH, two_readers=True, state="ready", num_pairs=1)
    QueuedPair.objects.create(queue=queue, position=1, first_sha256=hashes[0], second_sha256=hashes[1])
    record(*hashes, "different", author=person("bob"), note="another bird")
    return images


def everything(client: Client, user: User, pair: tuple[Image, Image]) -> str:
    """Return all that the pages tell this person."""
    exported = client.post(reverse("review:verdicts_export"), {"format": "json"}).streaming_content
    history = client.get(reverse("review:pair", args=[each.sha256 for each in pair]))
    toolbar = toolbar_of(user, *pair)
    return " ".join(
        [
            client.get(reverse("review:verdicts")).content.decode(),
            json.dumps(json.loads(b"".join(exported))["verdicts"]),
            history.content.decode() if history.status_code == 200 else "",
            str([toolbar.others, toolbar.about.summary]),
            str(verdict_badges(user, pair[0], {pair[1].pk: pair[1]})),
        ]
    )


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMIN])
def test_it_works(client: Client, pair: tuple[Image, Image], role: Role) -> None:
    user = person("eve", role)
    client.force_login(user)
    told = everything(client, user, pair)
    assert "bob" not in told
    assert "different (1" not in told
    assert toolbar_of(user, *pair).about.hidden
    QueuedPair.objects.update(state=QueuedPair.State.DECIDED)
    told = everything(client, user, pair)
    assert told.count("another bird") == 3
    assert "different (1 person)" in told


def test_ones_own_verdict_is_never_kept_back(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    decide(ada, pair[0].sha256, pair[1].sha256, "same")
    toolbar = toolbar_of(ada, *pair)
    assert toolbar.own is not None
    assert toolbar.others == []
    assert [each.author_name for each in visible_verdicts(ada)] == ["ada"]
    assert split_pairs(ada) == []
    answer = client.post(
        reverse("review:decide"),
        {"first": pair[0].pk, "second": pair[1].pk, "kind": "unsure", "seen": toolbar.seen},
        headers={"HX-Request": "true"},
    )
    assert "kept_back" in notes(answer.text)


def test_kept_back_verdicts_are_no_part_of_chains(ada: User, pair: tuple[Image, Image]) -> None:
    third = make_image("swan.jpg")
    record(pair[0].sha256, third.sha256, "same", author_name="bob")
    record(pair[1].sha256, third.sha256, "same", author_name="bob")
    assert toolbar_of(ada, pair[0], third).about.contradictions == []
    QueuedPair.objects.update(state=QueuedPair.State.DECIDED)
    assert len(toolbar_of(ada, pair[0], third).about.contradictions) == 1
