"""Verdicts on the pairs of a queue: counted, recorded beside it, taken back, adjudicating."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from gallery.models import Image
from review.exceptions import QueueError, VerdictError
from review.models import AuditRow, Queue, QueuedPair, Reading, Verdict
from review.queues.assign import assign_pair
from review.queues.reading import decide, undo
from review.verdicts.consensus import kinds_of
from review.verdicts.decide import NewerVerdictError
from review.verdicts.import_export import record_all
from review.verdicts.record import make, record
from tests.codes import refused
from tests.review.people import person
from tests.review.queues.rows import let_time_pass, make_queue, pair_at

pytestmark = pytest.mark.django_db
State = QueuedPair.State


@pytest.fixture
def ada() -> User:
    return person("ada")


@pytest.fixture
def bob() -> User:
    return person("bob")


def state(queue: Queue) -> str:
    return pair_at(queue, 1).state


def test_it_works(ada: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    done = decide(pair_at(queue, 1), ada, "same", note="the same frame", state={"generation": 4})
    assert (done.counted, done.why) == (True, "")
    verdict = Verdict.objects.get()
    assert (verdict.kind, verdict.note, verdict.author, verdict.state["generation"]) == (
        "same",
        "the same frame",
        ada,
        4,
    )
    reading = Reading.objects.get()
    assert reading.verdict == verdict
    assert reading.decided_at is not None
    assert state(queue) == State.DECIDED
    assert pair_at(queue, 1).decided_at is not None
    assert AuditRow.objects.filter(action="verdict").count() == 1


def test_two_who_agree_decide(ada: User, bob: User) -> None:
    queue = make_queue(1, two_readers=True)
    decide(pair_at(queue, 1), ada, "different")
    assert state(queue) == State.OPEN
    decide(pair_at(queue, 1), bob, "different")
    assert state(queue) == State.DECIDED


def test_the_verdict_of_the_adjudicator_decides(ada: User, bob: User) -> None:
    queue, cyd = make_queue(1, two_readers=True), person("cyd")
    decide(pair_at(queue, 1), ada, "same")
    decide(pair_at(queue, 1), bob, "near_duplicate")
    assert state(queue) == State.CONFLICT
    assign_pair(queue, cyd)
    assert decide(pair_at(queue, 1), cyd, "different").counted
    pair = pair_at(queue, 1)
    assert pair.state == State.DECIDED
    key = pair.first_sha256, pair.second_sha256
    assert kinds_of([key])[key].kind == "different"  # though two of three say otherwise


def test_a_late_decision_counts_while_nobody_else_has_the_pair(ada: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    let_time_pass()
    assert decide(pair_at(queue, 1), ada, "same").counted


def test_a_late_decision_is_kept_when_others_have_read_the_pair(ada: User, bob: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    let_time_pass()
    assign_pair(queue, bob)
    done = decide(pair_at(queue, 1), ada, "same")
    assert not done.counted
    assert done.why == "read_by_others_meanwhile"
    assert Verdict.objects.get().author == ada
    assert Reading.objects.get().reader == bob
    assert decide(pair_at(queue, 1), bob, "different").counted


def test_a_late_decision_takes_the_slot_that_is_left(ada: User, bob: User) -> None:
    queue = make_queue(1, two_readers=True)
    assign_pair(queue, ada)
    let_time_pass()
    assign_pair(queue, bob)
    assert decide(pair_at(queue, 1), ada, "same").counted


def test_a_late_blind_verdict_never_adjudicates(ada: User, bob: User) -> None:
    """Whose time was over has not seen what the two others said since; theirs is one verdict among three."""
    queue, cyd = make_queue(1, two_readers=True), person("cyd")
    assign_pair(queue, ada)
    let_time_pass()
    for user, kind in ((bob, "same"), (cyd, "related")):
        assign_pair(queue, user)
        decide(pair_at(queue, 1), user, kind)
    assert state(queue) == State.CONFLICT
    done = decide(pair_at(queue, 1), ada, "different")
    assert not done.counted
    assert done.why == "read_by_others_meanwhile"
    assert state(queue) == State.CONFLICT
    assert not Verdict.objects.filter(adjudicates=True).exists()


def adjudicated(ada: User, bob: User, cyd: User) -> tuple[str, str]:
    """Have a pair read by two who disagree, and by one who says a third thing; return its sums."""
    queue = make_queue(1, two_readers=True)
    for user, kind in ((ada, "same"), (bob, "related"), (cyd, "different")):
        assign_pair(queue, user)
        assert decide(pair_at(queue, 1), user, kind).counted
    pair = pair_at(queue, 1)
    return pair.first_sha256, pair.second_sha256


def test_what_was_adjudicated_outlives_queue_and_accounts(ada: User, bob: User) -> None:
    cyd = person("cyd")
    key = adjudicated(ada, bob, cyd)
    Queue.objects.all().delete()
    assert kinds_of([key])[key].kind == "different"
    cyd.delete()
    assert kinds_of([key])[key].kind == "different"


def test_an_adjudicator_may_change_their_mind_elsewhere_and_back(ada: User, bob: User) -> None:
    from review.verdicts import decide as verdicts_decide

    cyd = person("cyd")
    key = adjudicated(ada, bob, cyd)
    changed = verdicts_decide.decide(cyd, *key, "near_duplicate")
    assert kinds_of([key])[key].kind == "near_duplicate"
    verdicts_decide.undo(cyd, changed.pk)
    assert kinds_of([key])[key].kind == "different"


@pytest.mark.parametrize(("change", "why"), [("closed", "queue_closed_meanwhile"), ("gone", "image_removed_meanwhile")])
def test_what_comes_after_the_end_is_kept(ada: User, change: str, why: str) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    if change == "closed":
        Queue.objects.update(closed_at=timezone.now())
    else:
        QueuedPair.objects.update(state=State.GONE)
    done = decide(pair_at(queue, 1), ada, "same")
    assert not done.counted
    assert done.why == why
    assert Verdict.objects.count() == 1


def test_a_changed_mind_is_the_new_reading(ada: User) -> None:
    queue = make_queue(1)
    first = decide(pair_at(queue, 1), ada, "same").verdict
    second = decide(pair_at(queue, 1), ada, "related", seen=first.pk)
    assert second.counted
    assert Reading.objects.get().verdict == second.verdict
    assert Verdict.objects.count() == 2


def test_a_button_pressed_twice_is_one_verdict(ada: User) -> None:
    queue = make_queue(1)
    decide(pair_at(queue, 1), ada, "same", seen=0)
    assert decide(pair_at(queue, 1), ada, "same", seen=0).counted
    assert Verdict.objects.count() == 1


def test_another_window_is_noticed(ada: User) -> None:
    queue = make_queue(1)
    decide(pair_at(queue, 1), ada, "same", seen=0)
    with refused(NewerVerdictError, "decided_in_another_window", kind="same"):
        decide(pair_at(queue, 1), ada, "different", seen=0)
    assert Verdict.objects.count() == 1


def test_a_bad_verdict_changes_nothing(ada: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    with pytest.raises(VerdictError):
        decide(pair_at(queue, 1), ada, "alike")
    assert state(queue) == State.OPEN
    assert Reading.objects.get().decided_at is None


def test_a_reading_stays_once_the_other_has_read_too(ada: User, bob: User) -> None:
    """Otherwise one could read the other's verdict and follow it."""
    queue = make_queue(1, two_readers=True)
    first = decide(pair_at(queue, 1), ada, "same").verdict
    decide(pair_at(queue, 1), bob, "different")
    done = decide(pair_at(queue, 1), ada, "different")
    assert done.why == "first_reading_stays"
    assert Reading.objects.get(reader=ada).verdict == first
    assert state(queue) == State.CONFLICT


# Undo


def test_undo_withdraws_and_gives_the_pair_back(ada: User, bob: User) -> None:
    queue = make_queue(1)
    decide(pair_at(queue, 1), ada, "same")
    assert undo(pair_at(queue, 1), ada).kind == "withdrawn"
    assert state(queue) == State.OPEN
    assert pair_at(queue, 1).decided_at is None
    assert assign_pair(queue, bob) is None
    turn = assign_pair(queue, ada)
    assert turn is not None
    assert decide(pair_at(queue, 1), ada, "different").counted


def test_undo_by_the_second_reader_and_by_the_adjudicator(ada: User, bob: User) -> None:
    queue, cyd = make_queue(1, two_readers=True), person("cyd")
    decide(pair_at(queue, 1), ada, "same")
    decide(pair_at(queue, 1), bob, "different")
    undo(pair_at(queue, 1), bob)
    assert state(queue) == State.OPEN
    decide(pair_at(queue, 1), bob, "related")
    assign_pair(queue, cyd)
    decide(pair_at(queue, 1), cyd, "same")
    assert state(queue) == State.DECIDED
    undo(pair_at(queue, 1), cyd)
    assert state(queue) == State.CONFLICT


def test_undo_is_refused_when_another_has_decided_since(ada: User, bob: User) -> None:
    queue = make_queue(1, two_readers=True)
    decide(pair_at(queue, 1), ada, "same")
    decide(pair_at(queue, 1), bob, "same")
    with refused(QueueError, "another_reader_since"):
        undo(pair_at(queue, 1), ada)
    assert state(queue) == State.DECIDED
    assert Verdict.objects.count() == 2


def test_undo_of_nothing_is_refused(ada: User) -> None:
    queue = make_queue(1)
    assign_pair(queue, ada)
    with refused(QueueError, "not_decided_in_this_queue"):
        undo(pair_at(queue, 1), ada)


def test_undo_of_a_confirmation_leaves_what_was_said_before(ada: User) -> None:
    from review.verdicts import decide as verdicts_decide

    queue = make_queue(1)
    pair = pair_at(queue, 1)
    before = verdicts_decide.decide(ada, pair.first_sha256, pair.second_sha256, "unsure")
    assign_pair(queue, ada)
    assert decide(pair, ada, "unsure", seen=before.pk).verdict == before
    assert state(queue) == State.DECIDED
    assert undo(pair_at(queue, 1), ada) == before
    assert state(queue) == State.OPEN
    assert list(Verdict.objects.all()) == [before]


def test_undo_elsewhere_opens_the_pair_of_one_reader_again(ada: User, bob: User) -> None:
    from review.verdicts import decide as verdicts_decide

    queue, double = make_queue(1), make_queue(1, two_readers=True)
    for each in (queue, double):
        verdict = decide(pair_at(each, 1), ada, "same").verdict
        decide(pair_at(double, 1), bob, "same")
        verdicts_decide.undo(ada, verdict.pk)
    assert state(queue) == State.OPEN
    assert assign_pair(queue, bob) is not None
    assert state(double) == State.DECIDED  # what two said without knowing of each other stays as they said it
    assert Reading.objects.filter(reader=ada, pair__queue=double).exists()


def test_undo_after_an_image_was_removed_leaves_the_pair_out(ada: User) -> None:
    from gallery.curation.visibility import restore, trash

    queue = make_queue(1)
    decide(pair_at(queue, 1), ada, "same")
    image = Image.objects.order_by("pk")[0]
    trash([image.pk], ada)
    assert undo(pair_at(queue, 1), ada).kind == "withdrawn"
    assert state(queue) == State.GONE
    restore([image.pk], ada)
    assert state(queue) == State.OPEN


def test_undo_of_what_was_decided_anew_elsewhere_is_refused(ada: User) -> None:
    queue = make_queue(1)
    decide(pair_at(queue, 1), ada, "same")
    pair = pair_at(queue, 1)
    record(pair.first_sha256, pair.second_sha256, "unsure", author=ada)
    with pytest.raises(NewerVerdictError):
        undo(pair_at(queue, 1), ada)
    assert Reading.objects.get().decided_at is not None


# What leaves a queue


def test_a_verdict_elsewhere_takes_the_pair_out_and_its_undo_brings_it_back(ada: User) -> None:
    queue, double = make_queue(1), Queue.objects.create(name="two", source="nearest", state="ready", two_readers=True)
    pair = pair_at(queue, 1)
    hashes = pair.first_sha256, pair.second_sha256
    QueuedPair.objects.create(queue=double, position=1, first_sha256=hashes[0], second_sha256=hashes[1])
    record(*hashes, "different", author_name="zoe")
    assert state(queue) == State.DECIDED
    assert assign_pair(queue, ada) is None
    assert state(double) == State.OPEN  # both of its readers are wanted
    record(*hashes, "withdrawn", author_name="zoe")
    assert state(queue) == State.OPEN
    record(*hashes, "unsure", author_name="zoe")
    assert state(queue) == State.OPEN


def test_imported_verdicts_take_pairs_out_as_well() -> None:
    queue = make_queue(4)
    pairs = list(queue.pairs.values_list("first_sha256", "second_sha256"))
    kinds = ("same", "different", "unsure")
    record_all(make(*pair, kind, author_name="zoe") for pair, kind in zip(pairs, kinds, strict=False))
    assert [pair_at(queue, n).state for n in range(1, 5)] == [*[State.DECIDED] * 2, *[State.OPEN] * 2]


def test_a_pair_that_was_read_in_the_queue_stays_decided(ada: User) -> None:
    queue = make_queue(1)
    done = decide(pair_at(queue, 1), ada, "same")
    record(done.verdict.first_sha256, done.verdict.second_sha256, "different", author_name="zoe")
    assert state(queue) == State.DECIDED


def test_removed_images_take_their_pairs_along_and_bring_them_back(ada: User, bob: User) -> None:
    from gallery.curation.visibility import hide, unhide

    queue = make_queue(2, two_readers=True)
    decide(pair_at(queue, 1), ada, "same")
    decide(pair_at(queue, 1), bob, "different")
    image = Image.objects.order_by("pk")[1]
    hide([image.pk], ada)
    assert [pair_at(queue, n).state for n in (1, 2)] == [State.GONE, State.OPEN]
    unhide([image.pk], ada)
    assert [pair_at(queue, n).state for n in (1, 2)] == [State.CONFLICT, State.OPEN]


def test_a_pair_comes_back_only_when_both_images_are_there(ada: User) -> None:
    from gallery.curation.visibility import hide, unhide

    queue = make_queue(1)
    one, other = Image.objects.order_by("pk")
    hide([one.pk, other.pk], ada)
    unhide([one.pk], ada)
    assert state(queue) == State.GONE
    unhide([other.pk], ada)
    assert state(queue) == State.OPEN


def test_what_was_decided_while_an_image_was_away_stays_decided(ada: User) -> None:
    from gallery.curation.visibility import restore, trash

    queue = make_queue(2)
    image = Image.objects.order_by("pk")[1]
    assign_pair(queue, ada)
    trash([image.pk], ada)
    assert not decide(pair_at(queue, 1), ada, "different").counted
    restore([image.pk], ada)
    assert [pair_at(queue, n).state for n in (1, 2)] == [State.DECIDED, State.OPEN]


def test_the_same_bytes_uploaded_anew_bring_their_pairs_back(ada: User) -> None:
    from gallery.curation.visibility import purge, trash
    from gallery.signals import images_stored
    from tests.gallery.rows import make_image

    queue = make_queue(1)
    gone = Image.objects.order_by("pk")[1]
    trash([gone.pk], ada)
    purge([gone.pk], ada)
    assert state(queue) == State.GONE
    again = make_image(sha256=gone.sha256)
    images_stored.send(sender=Image, image_ids=[again.pk])
    assert state(queue) == State.OPEN
    assert assign_pair(queue, ada) is not None
