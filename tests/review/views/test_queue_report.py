"""The report of a queue: its progress, the agreement of its readers, where it comes from, and all of it as CSV."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gallery.models import Image
from gallery.people.roles import Role
from jobs.errors import sentence
from review.models import AuditRow, Queue
from review.queues.assign import Direction, assign_pair
from review.queues.reading import decide
from tests.codes import notes
from tests.review.people import person
from tests.review.queues.rows import LIVES, make_queue, pair_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def cora(client: Client) -> User:
    """A curator, who is logged in."""
    cora = person("cora", Role.CURATOR)
    client.force_login(cora)
    return cora


def words(client: Client, queue: Queue) -> str:
    response = client.get(reverse("review:queue_report", args=[queue.pk]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def rows(client: Client, queue: Queue) -> list[dict[str, str]]:
    response: Any = client.post(reverse("review:queue_export", args=[queue.pk]))
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"))))


def read_by_two(num_pairs: int, *answers: tuple[str, str], **fields: Any) -> Queue:
    queue, ada, bob = make_queue(num_pairs, two_readers=True, **fields), person("ada"), person("bob")
    for position, (one, other) in enumerate(answers, start=1):
        decide(pair_at(queue, position), ada, one)
        if other:
            decide(pair_at(queue, position), bob, other)
    return queue


def test_it_works(client: Client, cora: User) -> None:
    weights = {"color": 0.5, "deep": 0.5}
    queue = read_by_two(
        5,
        *(("same", "same"), ("different", "different"), ("same", "near_duplicate"), ("related", "")),
        parameters={"wanted": 200, "left_out": 1234, "weights": weights},
    )
    text = words(client, queue)
    assert "<strong>2</strong> of 5 pairs decided (40 %)" in text
    assert "ada and bob" in text
    assert "<strong>0.50</strong>" in text  # five verdicts
    assert "<strong>1.00</strong>" in text  # same or different
    assert "5 of at most 200" in text
    assert 'data-left-out="1234"' in text
    assert "1,234" in text
    assert "Color" in text
    assert "Delete the queue" in text


@pytest.mark.parametrize(
    ("origin", "sentence"),
    [("learned", "learned weights 7"), ("advised", "measurement 7")],
)
def test_it_says_where_the_doubt_is(client: Client, cora: User, origin: str, sentence: str) -> None:
    boundary = {"score": 0.25, "origin": origin, "number": 7, "num_pairs": 36}
    text = words(client, make_queue(1, source="uncertain", parameters={"wanted": 20, "boundary": boundary}))
    assert "Nearest to score 0.25" in text
    assert sentence in text


def test_a_search_is_linked(client: Client, cora: User) -> None:
    parameters = {"wanted": 500, "address": "image=3&w_color=1", "name": "heron.jpg"}
    text = words(client, make_queue(1, source="search", parameters=parameters))
    assert 'href="/search/?image=3&amp;w_color=1"' in text
    assert "heron.jpg" in text


def test_where_kappa_does_not_exist_a_dash_says_so(client: Client, cora: User) -> None:
    text = words(client, read_by_two(1, ("same", "same")))
    assert "no_kappa" in notes(text)
    assert "not_read_twice" in notes(words(client, make_queue(2, name="other", two_readers=True)))


def test_the_number_of_queries_is_fixed(
    client: Client, cora: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    queue = read_by_two(12, ("same", "same"))
    with django_assert_num_queries(8):
        words(client, queue)
    for position in range(2, 12):
        for user in User.objects.exclude(username="cora"):
            decide(pair_at(queue, position), user, "same")
    with django_assert_num_queries(8):
        words(client, queue)


def test_failures_say_why(client: Client, cora: User) -> None:
    text = words(client, make_queue(1, **LIVES["failed"]))
    assert sentence("no_image_to_start_from") in text
    assert "Try again" in text
    assert "being_gathered" in notes(words(client, make_queue(1, name="b", **LIVES["building"])))


def test_readers_see_the_report_but_not_what_is_for_curators(client: Client) -> None:
    client.force_login(person("rob"))
    queue = make_queue(1)
    assert "Delete the queue" not in words(client, queue)
    assert client.post(reverse("review:queue_export", args=[queue.pk])).status_code == 403
    assert not AuditRow.objects.exists()


# CSV


def test_all_of_it_is_exported(client: Client, cora: User) -> None:
    queue = read_by_two(3, ("same", "different"), ("same", "same"))
    assign_pair(queue, cora, Direction.AT, 1)
    decide(pair_at(queue, 1), cora, "related", note="=1+1")
    found = rows(client, queue)
    assert [row["position"] for row in found] == ["1", "2", "3"]
    first = found[0]
    assert (first["first_reader"], first["first_verdict"]) == ("ada", "same")
    assert (first["second_reader"], first["second_verdict"]) == ("bob", "different")
    assert (first["adjudicator_reader"], first["adjudicator_verdict"]) == ("cora", "related")
    assert not first["adjudicator_note"].startswith("=")
    assert first["state"] == "decided"
    assert first["first_sha256"] == pair_at(queue, 1).first_sha256
    assert found[2]["first_reader"] == ""
    (told,) = AuditRow.objects.filter(action="export")
    assert told.details["queue"] == queue.pk


def test_what_blind_readers_decided_stays_out_until_both_have(client: Client, cora: User) -> None:
    queue = read_by_two(1, ("same", ""))
    assert rows(client, queue)[0]["first_verdict"] == ""
    Queue.objects.update(closed_at=timezone.now())
    assert rows(client, queue)[0]["first_verdict"] == "same"


def test_pairs_that_one_may_not_see_stay_out(client: Client, cora: User) -> None:
    queue = make_queue(3)
    Image.objects.filter(pk=Image.objects.order_by("pk")[1].pk).update(common=False)
    assert [row["position"] for row in rows(client, queue)] == ["2", "3"]


def test_long_queues_are_sent_in_batches(client: Client, cora: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("review.views.queue_report.BATCH", 3)
    assert len(rows(client, make_queue(10))) == 10
