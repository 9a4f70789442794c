"""Reading a queue page by page: decisions kept or refused, undone, and what was typed never lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from gallery.curation.visibility import hide
from gallery.models import Account, Collection, Image, Membership
from gallery.people.roles import Role
from jobs.errors import sentence
from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues.assign import assign_pair
from review.queues.reading import decide as decide_pair
from tests.codes import notes
from tests.review.people import person
from tests.review.queues.rows import LIVES, let_time_pass, make_queue, pair_at

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


@pytest.fixture
def ada(client: Client) -> User:
    """A reviewer, who is logged in."""
    ada = person("ada")
    client.force_login(ada)
    return ada


def address(name: str, queue: Queue, position: int | None = None) -> str:
    rest = [] if position is None else [pair_at(queue, position).pk]
    return reverse(f"review:{name}", args=[queue.pk, *rest])


def words(response: Any) -> str:
    return " ".join(response.content.decode().split())


def send(client: Client, queue: Queue, position: int = 1, **form: Any) -> Any:
    return client.post(address("queue_decide", queue, position), {"kind": "same", "seen": "0", **form})


def send_by_script(client: Client, queue: Queue, position: int = 1, **form: Any) -> Any:
    return client.post(address("queue_decide", queue, position), {"kind": "same", "seen": "0", **form}, headers=JSON)


def test_it_works(client: Client, ada: User) -> None:
    queue = make_queue(3)
    text = words(client.get(address("queue", queue)))
    assert "</strong> of 3" in text
    assert 'data-position="1"' in text
    assert "score 100" in text
    for image in Image.objects.order_by("pk")[:2]:
        assert reverse("gallery:media", args=["display", image.sha256]) in text
    response = send(client, queue, note="the same frame\r\ntwice ")
    assert response.headers["Location"] == f"{address('queue', queue)}?after=1"
    verdict = Verdict.objects.get()
    assert (verdict.kind, verdict.note) == ("same", "the same frame\ntwice")
    assert verdict.state["queue"] == queue.pk
    assert verdict.state["position"] == 1
    text = words(client.get(response.headers["Location"]))
    assert "Recorded: same." in text
    assert 'data-position="2"' in text
    assert address("queue_undo", queue, 1) in text


def test_the_number_of_queries_is_fixed(
    client: Client, ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for num_pairs in (3, 40):
        queue = make_queue(num_pairs)
        client.get(address("queue", queue))
        with django_assert_num_queries(18):
            client.get(address("queue", queue))
        with django_assert_num_queries(17):
            client.get(address("queue_turn", queue))
        with django_assert_num_queries(
            30 if connection.vendor == "sqlite" else 31
        ):  # that waits for its turn in the audit
            assert send_by_script(client, queue).status_code == 200
        Queue.objects.all().delete()
        Image.objects.all().delete()


def test_the_scores_of_the_moment_are_kept(client: Client, ada: User, rng: Any) -> None:
    from search.generations import snapshot
    from tests.search.library import add_library

    snapshot.forget()
    add_library(5, rng)
    first, second = sorted(Image.objects.values_list("sha256", flat=True)[:2])
    queue = Queue.objects.create(name="q", source="nearest", state="ready", parameters={"weights": {"color": 1.0}})
    QueuedPair.objects.create(queue=queue, position=1, first_sha256=first, second_sha256=second)
    send(client, queue)
    state = Verdict.objects.get().state
    assert 0 <= state["score"] <= 1
    assert state["weights"]["color"] == 1
    assert state["versions"]["color"]
    assert state["methods"]["color"]["raw"] is not None
    snapshot.forget()


def test_moving_without_deciding(client: Client, ada: User) -> None:
    queue = make_queue(4)

    def at(**step: int) -> str:
        response = client.get(address("queue_turn", queue), step)
        text = words(response)
        assert "<html" not in text
        assert "no-store" in response.headers["Cache-Control"]
        return next(part for part in ["1", "2", "3", "4", ""] if not part or f'data-position="{part}"' in text)

    assert [at(), at(forward=1), at(forward=2), at(back=3), at(at=4), at(after=2), at(forward=4)] == [
        *("1", "2", "3", "2", "4", "3", "")
    ]
    assert at(back=1) == ""
    assert words(client.get(address("queue_turn", queue), {"at": "x", "back": "-1"}))


def test_ones_own_decision_is_shown_and_can_be_changed(client: Client, ada: User) -> None:
    queue = make_queue(2)
    send(client, queue, note="first thought")
    text = words(client.get(address("queue", queue), {"at": 1}))
    assert "You decided <strong>same</strong>" in text
    assert "first thought</textarea>" in text
    assert 'value="same" data-verdict="1" aria-pressed="true"' in text
    seen = Verdict.objects.get().pk
    send(client, queue, kind="related", seen=seen)
    assert Reading.objects.get(pair__position=1).verdict != Verdict.objects.get(pk=seen)


# By scripts


def test_scripts_get_json(client: Client, ada: User) -> None:
    queue = make_queue(1)
    answer = send_by_script(client, queue)
    assert answer.json() == {"said": "Recorded: same.", "counted": True, "verdict": Verdict.objects.get().pk}


def test_scripts_are_told_why_a_verdict_does_not_count(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    Queue.objects.update(closed_at=timezone.now())
    answer = send_by_script(client, queue).json()
    assert not answer["counted"]
    assert "closed meanwhile" in answer["said"]
    assert Verdict.objects.count() == 1


def test_scripts_undo(client: Client, ada: User) -> None:
    queue = make_queue(2)
    send(client, queue)
    answer = client.post(address("queue_undo", queue, 1), headers=JSON)
    assert answer.json()["position"] == 1
    assert Verdict.objects.count() == 2
    answer = client.post(address("queue_undo", queue, 1), headers=JSON)
    assert answer.status_code == 409
    assert answer.json()["problem"] == sentence("not_decided_in_this_queue")


# Refusals, with what was typed


def test_a_role_withdrawn_meanwhile(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    Account.objects.update(role=Role.VIEWER)
    response = send(client, queue, kind="different", note="hours of thought")
    text = words(response)
    assert response.status_code == 403
    assert "role_for_both_images" in notes(text)
    assert "hours of thought" in text
    assert "Your verdict: <strong>different</strong>" in text
    assert not Verdict.objects.exists()
    answer = send_by_script(client, queue)
    assert answer.status_code == 403
    assert str(Role.REVIEWER.label) in answer.json()["problem"]


def test_an_image_closed_to_the_reader_meanwhile(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    Image.objects.filter(pk=Image.objects.order_by("pk")[0].pk).update(common=False)
    assert send(client, queue).status_code == 403
    assert not Verdict.objects.exists()


def test_another_window(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    send(client, queue)
    response = send(client, queue, kind="different", note="on second thought")
    text = words(response)
    assert response.status_code == 409
    assert "decided_in_another_window" in notes(text)
    assert 'data-newer="same"' in text
    assert 'name="kind" value="different"' in text
    assert "on second thought</textarea>" in text
    newer = Verdict.objects.get().pk
    answer = send_by_script(client, queue, kind="different").json()
    assert (answer["newer"], answer["newer_kind"]) == (newer, "same")
    assert send(client, queue, kind="different", seen=newer).status_code == 302
    assert Reading.objects.get().verdict != Verdict.objects.get(pk=newer)


@pytest.mark.parametrize(
    ("form", "code"),
    [({"kind": "alike"}, "invalid_choice"), ({"kind": ""}, "required"), ({"note": "x" * 2001}, "max_length")],
)
def test_bad_input(client: Client, ada: User, form: dict[str, str], code: str) -> None:
    queue = make_queue(1)
    response = send(client, queue, **form)
    assert response.status_code == 400
    assert code in notes(words(response))
    assert form.get("note", "") in words(response)
    assert not Verdict.objects.exists()


def test_a_pair_of_another_queue_is_not_there(client: Client, ada: User) -> None:
    queue = make_queue(1)
    other = Queue.objects.create(name="other", source="nearest", state="ready")
    assert client.post(reverse("review:queue_decide", args=[other.pk, pair_at(queue, 1).pk])).status_code == 404


def test_queues_of_others_are_told_to_nobody(client: Client, ada: User) -> None:
    """Neither their names nor whether they are there, whatever number is tried."""
    vault = Collection.objects.create(name="vault", private=True)
    queue = make_queue(1, name="secret queue", collection=vault)
    for name in ("queue_decide", "queue_undo"):
        for headers in ({}, JSON):
            known = client.post(address(name, queue, 1), {"kind": "same"}, headers=headers)
            unknown = client.post(reverse(f"review:{name}", args=[queue.pk + 1, 1]), {"kind": "same"}, headers=headers)
            assert known.status_code == unknown.status_code == 404
            assert "secret" not in words(known)
    client.force_login(person("vic", Role.VIEWER))
    for name in ("queue_decide", "queue_undo"):
        response = client.post(address(name, queue, 1), {"kind": "same", "note": "my words"})
        assert response.status_code == 403
        assert "secret" not in words(response)
        assert "my words" in words(response)
    assert not Verdict.objects.exists()


# Kept, though too late


def test_an_image_removed_while_it_was_read(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    hide([Image.objects.order_by("pk")[0].pk], ada)
    response = client.post(address("queue_decide", queue, 1), {"kind": "same", "seen": "0"}, follow=True)
    assert "image_removed_meanwhile" in notes(words(response))
    assert 'data-gone="1"' in words(response)
    assert Verdict.objects.count() == 1


def test_an_image_deleted_for_good_while_it_was_read(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    Image.objects.order_by("pk")[0].delete()
    QueuedPair.objects.update(state=QueuedPair.State.GONE)
    assert send(client, queue).status_code == 302
    assert Verdict.objects.get().state == {"queue": queue.pk, "position": 1}


def test_nobody_decides_about_bytes_that_they_never_had_in_hand(client: Client, ada: User) -> None:
    queue = make_queue(1)
    Image.objects.order_by("pk")[0].delete()
    assert send(client, queue).status_code == 403


def test_an_expired_lease(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    let_time_pass()
    assign_pair(queue, person("bob"))
    response = client.post(address("queue_decide", queue, 1), {"kind": "same", "seen": "0"}, follow=True)
    assert "read_by_others_meanwhile" in notes(words(response))
    assert Verdict.objects.count() == 1


def test_what_is_in_other_hands_is_told(client: Client, ada: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, person("bob"))
    text = words(client.get(address("queue", queue)))
    assert notes(text) == ["none_for_you_now"]
    assert 'data-left="1"' in text


# Undo, stopping, the end


def test_undo_by_form(client: Client, ada: User) -> None:
    queue = make_queue(2)
    send(client, queue)
    response = client.post(address("queue_undo", queue, 1), follow=True)
    assert 'data-position="1"' in words(response)
    assert "undone" in notes(words(response))
    response = client.post(address("queue_undo", queue, 1), follow=True)
    assert "not_decided_in_this_queue" in notes(words(response))


def test_undo_needs_the_role_still(client: Client, ada: User) -> None:
    queue, vault = make_queue(1), Collection.objects.create(name="vault", private=True)
    send(client, queue)
    Image.objects.all().update(common=False)
    vault.images.set(Image.objects.all())
    Membership.objects.create(collection=vault, user=ada, role=Role.VIEWER)
    answer = client.post(address("queue_undo", queue, 1), headers=JSON)
    assert answer.status_code == 409
    assert answer.json()["problem"] == sentence("role_withdrawn", {"role": Role.REVIEWER.label})
    assert Reading.objects.get().decided_at
    assert Verdict.objects.count() == 1


def test_stopping_gives_back_what_is_in_hand(client: Client, ada: User) -> None:
    queue = make_queue(1)
    client.get(address("queue", queue))
    assert client.post(address("queue_stop", queue)).headers["Location"] == reverse("review:queues")
    assert not Reading.objects.exists()


def test_who_is_through_is_told_so(client: Client, ada: User) -> None:
    queue = make_queue(1)
    send(client, queue)
    text = words(client.get(address("queue", queue)))
    assert "through" in notes(text)


@pytest.mark.parametrize(
    ("life", "note"), [("closed", "closed"), ("building", "being_gathered"), ("failed", "not_made")]
)
def test_a_queue_that_is_not_open_says_why(client: Client, ada: User, life: str, note: str) -> None:
    assert note in notes(words(client.get(address("queue", make_queue(1, **LIVES[life])))))


def test_a_queue_of_images_that_one_may_not_judge(client: Client, ada: User) -> None:
    queue, vault = make_queue(1), Collection.objects.create(name="vault", private=True)
    Image.objects.all().update(common=False)
    vault.images.set(Image.objects.all())
    Membership.objects.create(collection=vault, user=ada, role=Role.VIEWER)
    assert notes(words(client.get(address("queue", queue)))) == ["none_for_you"]


# Blind readers


def test_nothing_tells_of_the_other_reader_until_both_are_in(client: Client, ada: User) -> None:
    queue, bob = make_queue(1, two_readers=True), person("bob")
    decide_pair(pair_at(queue, 1), bob, "different", note="look at the left eye")
    text = words(client.get(address("queue", queue)))
    assert "bob" not in text
    assert "left eye" not in text


def test_the_adjudicator_sees_both(client: Client, ada: User) -> None:
    queue = make_queue(1, two_readers=True)
    decide_pair(pair_at(queue, 1), person("bob"), "different", note="look at the left eye")
    decide_pair(pair_at(queue, 1), person("cyd"), "same")
    text = words(client.get(address("queue", queue)))
    assert notes(text) == ["adjudicates"]
    assert "left eye" in text
    assert text.index("bob") < text.index("cyd")
    send(client, queue)
    assert pair_at(queue, 1).state == QueuedPair.State.DECIDED


def test_readers_are_told_that_their_conflict_waits_for_somebody_else(client: Client, ada: User) -> None:
    queue = make_queue(1, two_readers=True)
    decide_pair(pair_at(queue, 1), person("bob"), "different")
    send(client, queue)
    text = words(client.get(address("queue", queue)))
    assert 'data-conflicts="1"' in text
