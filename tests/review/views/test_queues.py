"""The list of queues: what it shows to whom, making queues, closing, opening and deleting them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image, Membership
from gallery.people.roles import Role
from jobs import transport as sending
from jobs.rows import JobState
from review.models import AuditRow, Queue, Verdict
from review.queues import create
from review.queues.gather import GATHERERS
from review.queues.reading import decide
from search.scoring.presets import PRESETS
from tests.codes import notes
from tests.gallery.rows import make_images
from tests.review.people import person
from tests.review.queues.rows import LIVES, add_pairs, make_queue, pair_at

pytestmark = pytest.mark.django_db
QUEUES, MAKE = reverse("review:queues"), reverse("review:queue_make")


@pytest.fixture
def cora(client: Client) -> User:
    """A curator, who is logged in."""
    cora = person("cora", Role.CURATOR)
    client.force_login(cora)
    return cora


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What would be sent to Redis."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(sending, "send", lambda *what, job_id="": found.append(what) or True)
    return found


def words(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def posted(client: Client, address: str, **form: Any) -> str:
    return words(client.post(address, form, follow=True))


def test_it_works(client: Client, cora: User) -> None:
    queue = make_queue(4, two_readers=True, asked_by=cora)
    for user, kind in ((cora, "same"), (person("rob"), "different")):
        decide(pair_at(queue, 1), user, kind)
    text = words(client.get(QUEUES))
    assert "herons" in text
    assert "two blind readers" in text
    assert "<strong>0</strong> of 4 pairs decided (0 %)" in text
    assert "1 to adjudicate" in text
    assert "rob <span" in text
    assert "by cora" in text
    assert reverse("review:queue", args=[queue.pk]) in text


def test_without_any_it_says_what_to_do(client: Client, cora: User) -> None:
    assert "none_yet" in notes(words(client.get(QUEUES)))


def test_the_number_of_queries_is_fixed(
    client: Client, cora: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    birds = Collection.objects.create(name="birds")
    make_queue(3, collection=birds, asked_by=cora)
    with django_assert_num_queries(9):
        client.get(QUEUES)
    for number in range(20):
        queue = Queue.objects.create(name=f"queue {number}", source="nearest", state="ready", collection=birds)
        for position in (1, 2):
            queue.pairs.create(position=position, first_sha256=f"{position:064x}", second_sha256=f"{position:063x}f")
    with django_assert_num_queries(9):
        client.get(QUEUES)


def test_a_long_list_has_pages(client: Client, cora: User) -> None:
    for number in range(27):
        Queue.objects.create(name=f"queue <{number}>", source="nearest", **LIVES["closed"])
    text = words(client.get(QUEUES))
    assert "queue &lt;26&gt;" in text
    assert "queue &lt;1&gt;" not in text
    assert "Newest" not in text
    older = words(client.get(QUEUES, {"before": Queue.objects.order_by("-pk")[24].pk}))
    assert "queue &lt;1&gt;" in older
    assert "Newest" in older
    assert words(client.get(QUEUES, {"before": "x"}))


def test_queues_of_private_collections_are_for_their_reviewers(client: Client) -> None:
    vault = Collection.objects.create(name="vault", private=True)
    queue = make_queue(1, name="secret queue", collection=vault)
    rob = person("rob")
    client.force_login(rob)
    assert "secret queue" not in words(client.get(QUEUES))
    for name in ("queue", "queue_turn", "queue_report"):
        assert client.get(reverse(f"review:{name}", args=[queue.pk])).status_code == 404
    Membership.objects.create(collection=vault, user=rob, role=Role.REVIEWER)
    assert "secret queue" in words(client.get(QUEUES))
    Membership.objects.update(role=Role.VIEWER)
    assert "secret queue" not in words(client.get(QUEUES))


def test_a_queue_made_of_closed_images_is_not_there_for_others(client: Client) -> None:
    """It is called by the image that its search started from."""
    vault, cora, rob = Collection.objects.create(name="vault", private=True), person("cora"), person("rob")
    Membership.objects.create(collection=vault, user=cora, role=Role.REVIEWER)
    queue = make_queue(2, name="Images like secret.jpg", source="search", asked_by=cora)
    secret = Image.objects.order_by("pk")[0]  # in every pair
    Image.objects.filter(pk=secret.pk).update(common=False)
    vault.images.add(secret)
    addresses = [QUEUES, *(reverse(f"review:{name}", args=[queue.pk]) for name in ("queue", "queue_report"))]
    for user, found in ((rob, [200, 404, 404]), (cora, [200, 200, 200]), (person("root", Role.ADMIN), [200, 200, 200])):
        client.force_login(user)
        answers = [client.get(address) for address in addresses]
        assert [answer.status_code for answer in answers] == found
        assert any("secret.jpg" in answer.content.decode() for answer in answers) == (user != rob)
    Membership.objects.create(collection=vault, user=rob, role=Role.VIEWER)
    client.force_login(rob)
    assert "secret.jpg" in words(client.get(QUEUES))


def test_a_queue_of_a_collection_that_is_gone_is_for_admins(client: Client) -> None:
    cora, vault = person("cora", Role.CURATOR), Collection.objects.create(name="vault", private=True)
    images = make_images(2)
    vault.images.set(images)  # the library has them too
    queue = create.ask("nearest", cora, name="Nearest pairs: vault", collection=vault, wanted=20)
    add_pairs(queue, images)
    Queue.objects.update(state=JobState.READY, num_pairs=1)
    vault.delete()
    for user, told in ((person("rob"), False), (cora, False), (person("root", Role.ADMIN), True)):
        client.force_login(user)
        assert ("vault" in words(client.get(QUEUES))) == told


def test_viewers_are_refused(client: Client) -> None:
    client.force_login(person("vic", Role.VIEWER))
    assert client.get(QUEUES).status_code == 403
    assert client.post(MAKE, {"source": "nearest"}).status_code == 403


# Making


def test_a_curator_makes_a_queue(
    client: Client, cora: User, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    birds = Collection.objects.create(name="birds")
    with django_capture_on_commit_callbacks(execute=True):
        text = posted(
            client, MAKE, source="nearest", collection=birds.pk, wanted="500", preset="product", two_readers="on"
        )
    queue = Queue.objects.get()
    assert sent == [("maintenance", "jobs.job.run", "queue", str(queue.pk))]
    assert (queue.name, queue.collection, queue.two_readers, queue.state) == (
        "Nearest pairs: birds",
        birds,
        True,
        JobState.WAITING,
    )
    assert queue.parameters["wanted"] == 500
    assert queue.parameters["weights"] == PRESETS["product"].full_weights()
    assert "Being gathered" in text
    assert "no_worker" in notes(text)  # no Redis here


def test_what_is_not_said_is_as_usual(client: Client, cora: User, sent: list[Any]) -> None:
    posted(client, MAKE, source="uncertain", name="  my doubts ")
    queue = Queue.objects.get()
    assert (queue.name, queue.collection, queue.parameters["wanted"]) == ("my doubts", None, 200)


@pytest.mark.parametrize(
    ("form", "code", "label"),
    [
        ({}, "required", "Pairs: "),
        ({"source": "magic"}, "invalid_choice", "Pairs: "),
        ({"source": "nearest", "wanted": "7"}, "invalid_choice", "Pairs at most: "),
        ({"source": "nearest", "collection": "99"}, "invalid_choice", "Images: "),
        ({"source": "nearest", "preset": "magic"}, "invalid_choice", "What counts: "),
        ({"source": "nearest", "name": "x" * 121}, "max_length", "Name: "),
    ],
)
def test_what_cannot_be_made_is_refused(
    client: Client, cora: User, form: dict[str, str], code: str, label: str
) -> None:
    text = posted(client, MAKE, **form)
    assert code in notes(text)
    assert label in text
    assert not Queue.objects.exists()


def test_reviewers_make_queues_of_searches_only(client: Client) -> None:
    client.force_login(person("rob"))
    assert "not_its_curator" in notes(posted(client, MAKE, source="nearest"))
    assert not Queue.objects.exists()


def test_curators_of_a_collection_make_queues_of_it(client: Client, sent: list[Any]) -> None:
    rob, birds = person("rob"), Collection.objects.create(name="birds")
    client.force_login(rob)
    Membership.objects.create(collection=birds, user=rob, role=Role.CURATOR)
    assert "not_its_curator" in notes(posted(client, MAKE, source="nearest"))
    posted(client, MAKE, source="nearest", collection=birds.pk)
    assert Queue.objects.get().collection == birds


def test_without_redis_gathering_waits_and_the_page_says_so(
    client: Client, cora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "send_after_commit", lambda *_what, job_id="": False)
    assert "queue_unreachable" in notes(posted(client, MAKE, source="nearest"))
    assert Queue.objects.get().state == JobState.WAITING


def test_a_search_that_could_not_be_gathered_now_waits_for_a_worker(
    client: Client, cora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was busy: nothing is lost, and the list of queues shows how far it is."""

    def busy(*_args: Any, **_options: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setitem(GATHERERS, Queue.Source.SEARCH, busy)
    response = client.post(MAKE, {"source": "search", "address": "image=1", "image": "1"})
    assert response.headers["Location"] == QUEUES
    assert Queue.objects.get().is_active


def test_a_search_that_finds_nothing_is_told_where_it_was_asked(client: Client) -> None:
    client.force_login(person("rob"))
    make_queue(1)
    Queue.objects.all().delete()
    response = client.post(MAKE, {"source": "search", "address": "image=999999", "image": "999999"})
    assert response.headers["Location"].startswith(reverse("search:results"))
    assert not Queue.objects.exists()


# Progress


def test_progress_is_told_until_the_end(client: Client, cora: User) -> None:
    queue = make_queue(1, state=JobState.RUNNING, phase="comparing", num_done=3, num_total=10)
    address = reverse("review:queues_progress")
    text = words(client.get(address, {"watched": queue.pk}))
    assert "comparing: block 3 of 10" in text
    assert "<html" not in text
    Queue.objects.update(phase="scoring", num_done=2000, num_total=8000)
    assert "scoring: pair 2000 of 8000" in words(client.get(address, {"watched": queue.pk}))
    Queue.objects.update(state=JobState.WAITING, phase="")
    assert "waiting" in words(client.get(address, {"watched": queue.pk}))
    Queue.objects.update(state=JobState.READY)
    assert client.get(address, {"watched": queue.pk}).headers["HX-Redirect"] == QUEUES
    assert client.get(address, {"watched": "7x,"}).headers["HX-Redirect"] == QUEUES


# Closing, opening, deleting


def change(client: Client, queue: Queue, act: str) -> str:
    return posted(client, reverse("review:queue_change", args=[queue.pk, act]))


def test_queues_are_closed_and_opened_again(client: Client, cora: User) -> None:
    queue = make_queue(1)
    assert "closed" in notes(change(client, queue, "close"))
    assert "nothing_changed" in notes(change(client, queue, "close"))
    assert "reopened" in notes(change(client, queue, "reopen"))
    assert [row.details["act"] for row in AuditRow.objects.order_by("number")] == ["close", "reopen"]


def test_what_failed_is_gathered_again(client: Client, cora: User, sent: list[Any]) -> None:
    queue = make_queue(1, **LIVES["failed"])
    assert "Try again" in words(client.get(QUEUES))
    assert "Being gathered" in change(client, queue, "retry")
    queue.refresh_from_db()
    assert (queue.state, queue.error_code) == (JobState.WAITING, "")
    assert "nothing_changed" in notes(change(client, queue, "retry"))
    assert [row.details["act"] for row in AuditRow.objects.all()] == ["retry"]


def test_a_deleted_queue_leaves_its_verdicts(client: Client, cora: User) -> None:
    queue = make_queue(1)
    decide(pair_at(queue, 1), cora, "same")
    assert "deleted" in notes(change(client, queue, "delete"))
    assert not Queue.objects.exists()
    assert Verdict.objects.count() == 1


def test_only_these_acts_there_are(client: Client, cora: User) -> None:
    queue = make_queue(1)
    assert client.post(reverse("review:queue_change", args=[queue.pk, "burn"])).status_code == 404


def test_others_look_after_it(client: Client) -> None:
    rob = person("rob")
    client.force_login(rob)
    queue = make_queue(1)
    address = reverse("review:queue_change", args=[queue.pk, "delete"])
    assert client.post(address).status_code == 403
    assert Queue.objects.exists()
    Queue.objects.update(asked_by=rob)
    assert client.post(address).status_code == 302  # it is his own
