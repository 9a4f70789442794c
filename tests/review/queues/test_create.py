"""Queues from request to opening: every kind of candidates, what is left out, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.utils import timezone
from numpy.typing import NDArray

from gallery.models import Collection, Image
from gallery.people.roles import Role
from jobs.progress import Tell
from jobs.rows import JobState
from review.models import AuditRow, Queue, QueuedPair, ReviewPolicy
from review.queues import create, gather
from review.queues.candidates.all_pairs import spread
from review.queues.candidates.found import FoundPairs
from review.queues.gather import gathering
from review.queues.reading import decide
from review.storage import queue_checkpoint_file
from review.verdicts.record import record
from search.evaluation import runs
from search.generations import snapshot
from search.models import Evaluation, WeightSet
from search.query.pair_scores import score_pairs
from search.scoring.fusion import DEFAULT_WEIGHTS
from tests.review.people import person
from tests.search.library import add_images, add_library

pytestmark = pytest.mark.django_db
WEIGHTS = {"color": 0.5, "ssim": 0.5}


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.QUEUES_DIR = tmp_path
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def ada() -> User:
    return person("ada")


@pytest.fixture
def library(rng: np.random.Generator) -> NDArray[np.int64]:
    return add_library(24, rng)[0]


def made(user: User | None, source: str = "nearest", wanted: int = 10, **about: Any) -> Queue:
    """Ask for a queue and have it gathered."""
    if source == "nearest":
        about.setdefault("weights", WEIGHTS)
    queue = create.ask(source, user, name="herons", wanted=wanted, **about)
    gathering.run(queue.pk)
    return Queue.objects.get(pk=queue.pk)


def pairs_of(queue: Queue) -> list[tuple[str, str]]:
    return list(queue.pairs.order_by("position").values_list("first_sha256", "second_sha256"))


def test_it_works(ada: User, library: NDArray[np.int64]) -> None:
    queue = made(ada)
    assert (queue.life, queue.num_pairs, queue.error_code, queue.attempts) == ("open", 10, "", 1)
    ids = dict(Image.objects.values_list("sha256", "pk"))
    every = score_pairs([(a, b) for a in library.tolist() for b in library.tolist() if a < b], WEIGHTS)
    expected = sorted((each.score or 0 for each in every), reverse=True)[:10]
    rows = list(queue.pairs.order_by("position"))
    assert [row.position for row in rows] == list(range(1, 11))
    np.testing.assert_allclose([row.score for row in rows], expected, atol=1e-5)
    for row in rows:
        assert row.first_sha256 < row.second_sha256
        assert {ids[row.first_sha256], ids[row.second_sha256]} <= set(library.tolist())
    assert queue.parameters["weights"] == WEIGHTS
    (told,) = AuditRow.objects.filter(action="queue")
    assert (told.actor_name, told.subject, told.details["act"]) == ("ada", "herons", "make")


def test_pairs_that_were_judged_are_left_out_but_not_doubtful_ones(ada: User, library: NDArray[np.int64]) -> None:
    first = pairs_of(made(ada, wanted=5))
    Queue.objects.all().delete()
    for pair, kind in zip(first, ("same", "different", "related", "unsure", "withdrawn"), strict=True):
        record(*pair, kind, author_name="zoe")
    queue = made(ada, wanted=5)
    assert set(pairs_of(queue)) & set(first) == set(first[3:])
    assert queue.parameters["left_out"] == 3


def test_what_is_judged_while_pairs_are_gathered_is_left_out(
    ada: User, library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = gather.GATHERERS[Queue.Source.NEAREST]
    judged = []

    def judge_meanwhile(*arguments: Any) -> Any:
        found = usual(*arguments)
        sums = Image.objects.in_bulk([int(found.first[0]), int(found.second[0])])
        judged.append(record(*(image.sha256 for image in sums.values()), "different", author=ada))
        return found

    monkeypatch.setitem(gather.GATHERERS, Queue.Source.NEAREST, judge_meanwhile)
    queue = made(ada)
    assert (judged[0].first_sha256, judged[0].second_sha256) not in pairs_of(queue)
    assert [row.position for row in queue.pairs.order_by("position")] == list(range(1, 10))
    assert (queue.num_pairs, queue.parameters["left_out"]) == (9, 1)


def test_pairs_that_wait_in_another_queue_are_left_out(ada: User, library: NDArray[np.int64]) -> None:
    first = made(ada, wanted=5)
    second = made(ada, wanted=5)
    assert not set(pairs_of(first)) & set(pairs_of(second))
    create.close(first, ada)
    Queue.objects.filter(pk=second.pk).delete()
    assert pairs_of(made(ada, wanted=5)) == pairs_of(first)


def test_when_nothing_is_left_it_says_why(ada: User, rng: np.random.Generator) -> None:
    add_library(2, rng)
    pair = pairs_of(made(ada))[0]
    Queue.objects.all().delete()
    record(*pair, "same", author_name="zoe")
    queue = made(ada)
    assert queue.state == JobState.FAILED
    assert (queue.error_code, queue.error_params) == ("no_pair_left", {"num": 1})


def test_of_a_collection_only_its_images_are_paired(ada: User, library: NDArray[np.int64]) -> None:
    birds = Collection.objects.create(name="birds")
    birds.images.set(library[:4].tolist())
    queue = made(ada, collection=birds, wanted=50)
    hashes = set(birds.images.values_list("sha256", flat=True))
    assert queue.num_pairs == 6
    assert {sha256 for pair in pairs_of(queue) for sha256 in pair} <= hashes


def test_images_that_the_maker_may_not_judge_stay_out(ada: User, library: NDArray[np.int64]) -> None:
    Image.objects.filter(pk__in=library[:20].tolist()).update(common=False)
    assert made(ada, wanted=50).num_pairs == 6
    Queue.objects.all().delete()
    assert made(person("root", Role.ADMIN), wanted=500).num_pairs == 24 * 23 / 2


def test_images_without_features_make_no_pairs(ada: User) -> None:
    add_images(3)
    queue = made(ada)
    assert queue.state == JobState.FAILED
    assert queue.error_code == "too_few_to_pair"


# Two readers


def test_a_collection_may_ask_for_two_readers(ada: User, library: NDArray[np.int64]) -> None:
    birds = Collection.objects.create(name="birds")
    birds.images.set(library[:4].tolist())
    assert not made(ada, collection=birds, wanted=1).two_readers
    ReviewPolicy.objects.create(collection=birds, two_readers=True)
    assert made(ada, collection=birds, wanted=1).two_readers
    assert made(ada, wanted=200).two_readers  # of the library, but with images of that collection
    assert not made(person("root", Role.ADMIN), collection=Collection.objects.create(name="none")).two_readers


def test_two_readers_can_be_asked_for_anywhere(ada: User, library: NDArray[np.int64]) -> None:
    assert made(ada, two_readers=True).two_readers


# From a search


def test_the_hits_of_a_search_are_paired_with_its_image(ada: User, library: NDArray[np.int64]) -> None:
    start = int(library[3])
    queue = made(ada, "search", address=f"image={start}&w_color=1&w_ssim=0&w_deep=0", wanted=8)
    assert queue.num_pairs == 8
    sha256 = Image.objects.get(pk=start).sha256
    assert all(sha256 in pair for pair in pairs_of(queue))
    scores = list(queue.pairs.order_by("position").values_list("score", flat=True))
    assert scores == sorted(scores, reverse=True)
    assert queue.parameters["weights"]["color"] == 1


def test_the_limits_of_a_search_hold_and_judged_pairs_stay_out(ada: User, library: NDArray[np.int64]) -> None:
    address = f"image={library[0]}&w_color=1&w_ssim=0&w_deep=0"
    whole = made(ada, "search", address=address, wanted=50)
    scores = list(whole.pairs.order_by("position").values_list("score", flat=True))
    middle = 100 * (scores[4] + scores[5]) / 2
    Queue.objects.update(closed_at=timezone.now())
    record(*pairs_of(whole)[0], "same", author_name="zoe")
    part = made(ada, "search", address=f"{address}&min={middle}", wanted=50)
    assert pairs_of(part) == pairs_of(whole)[1:5]
    assert part.parameters["left_out"] == 1
    Queue.objects.update(closed_at=timezone.now())
    assert pairs_of(made(ada, "search", address=f"{address}&k=3", wanted=50)) == pairs_of(whole)[1:3]


@pytest.mark.parametrize("address", ["", "image=999999", "query=00000000-0000-4000-8000-000000000000", "image=x"])
def test_a_search_without_an_image_of_the_gallery_is_refused(ada: User, address: str) -> None:
    queue = made(ada, "search", address=address)
    assert queue.state == JobState.FAILED
    assert queue.error_code == "no_image_to_start_from"


# Uncertain pairs


def learned(**fields: Any) -> WeightSet:
    return WeightSet.objects.create(state="ready", source="verdicts", weights={"color": 1.0}, **fields)


def judge(library: NDArray[np.int64]) -> None:
    """Judge pairs by their colors: those above the middle are the same."""
    ids = library[:9].tolist()
    pairs = [(a, b) for a in ids for b in ids if a < b]
    scores = [each.score or 0 for each in score_pairs(pairs, {"color": 1.0})]
    hashes = dict(Image.objects.values_list("pk", "sha256"))
    middle = sorted(scores)[18]
    for (a, b), score in zip(pairs, scores, strict=True):
        record(hashes[a], hashes[b], "same" if score > middle else "different", author_name="zoe")


def test_pairs_near_the_boundary_of_learned_weights(ada: User, library: NDArray[np.int64]) -> None:
    weights, _judged = learned(), judge(library)
    queue = made(ada, "uncertain", wanted=10)
    assert queue.is_open, queue.error_sentence
    boundary = queue.parameters["boundary"]
    assert (boundary["origin"], boundary["number"], boundary["num_pairs"]) == ("learned", weights.pk, 36)
    distances = [abs(row.score - boundary["score"]) for row in queue.pairs.order_by("position")]
    assert distances == sorted(distances)
    others = score_pairs([(a, b) for a in library.tolist() for b in library.tolist() if a < b], {"color": 1.0})
    assert distances[-1] < np.median([abs((each.score or 0) - boundary["score"]) for each in others])
    assert not set(pairs_of(queue)) & {(v.first_sha256, v.second_sha256) for v in _verdicts()}


def _verdicts() -> Any:
    from review.models import Verdict

    return Verdict.objects.all()


def test_labels_tell_where_there_are_too_few_verdicts(ada: User, rng: np.random.Generator) -> None:
    for label in ("heron", "ferry"):
        add_library(8, rng, label=label)
    learned()
    assert made(ada, "uncertain", wanted=5).parameters["boundary"]["num_pairs"] > 40


def test_pairs_near_the_advised_threshold(ada: User, library: NDArray[np.int64]) -> None:
    advice = {"threshold": 0.2, "precision": 0.9, "recall": 0.5, "f1": 0.6}
    run = runs.ask("labels", None, None)
    document = {"thresholds": {"fused": {"default": {"best_f1": advice}}}, "weights": {"default": {"color": 1.0}}}
    Evaluation.objects.filter(pk=run.pk).update(state="ready", document=document)
    queue = made(ada, "uncertain", wanted=5)
    assert queue.parameters["boundary"] == {"score": 0.2, "origin": "advised", "number": run.pk, "num_pairs": 0}
    assert queue.parameters["weights"] == dict.fromkeys(DEFAULT_WEIGHTS, 0.0) | {"color": 1.0}


def test_without_either_it_says_what_to_do(ada: User, library: NDArray[np.int64]) -> None:
    queue = made(ada, "uncertain")
    assert queue.state == JobState.FAILED
    assert queue.error_code == "nothing_tells_doubt"


def test_no_image_stands_in_too_many_doubtful_pairs() -> None:
    first, second = np.zeros(20, np.int64), np.arange(1, 21)
    order = np.arange(20)[::-1]
    assert spread(first, second, order, 20).tolist() == [19, 18, 17, 16, 15]
    assert spread(first, second, order, 2).tolist() == [19, 18]


# Work and rows


def test_it_is_filled_once(ada: User, library: NDArray[np.int64]) -> None:
    queue = made(ada)
    gathering.run(queue.pk)  # the job came twice
    assert queue.pairs.count() == 10
    assert Queue.objects.get().attempts == 1


def test_what_failed_is_gathered_again_on_demand(ada: User, rng: np.random.Generator) -> None:
    queue = made(ada)
    assert (queue.life, queue.error_code) == ("failed", "too_few_to_pair")
    add_library(4, rng)
    snapshot.forget()
    assert create.retry(queue, ada)
    assert not create.retry(queue, ada)
    gathering.run(queue.pk)
    assert Queue.objects.get().is_open
    assert [row.details["act"] for row in AuditRow.objects.order_by("number")] == ["make", "retry"]


def test_a_queue_deleted_while_it_is_gathered_leaves_nothing(
    ada: User, library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = create.ask("nearest", ada, name="herons", wanted=3, weights=WEIGHTS)
    file = queue_checkpoint_file(queue.pk)

    def gather_on(row: Queue, report: Tell) -> None:
        create.delete(row, ada)
        file.write_bytes(b"half")
        report("comparing", 1, 2)

    monkeypatch.setitem(gather.GATHERERS, Queue.Source.NEAREST, gather_on)
    gathering.run(queue.pk)
    assert not Queue.objects.exists()
    assert not QueuedPair.objects.exists()
    assert not file.exists()


def test_a_queue_deleted_before_it_is_filled_stays_deleted(
    ada: User, library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, found = create.ask("nearest", ada, name="herons", wanted=3, weights=WEIGHTS), gather.gather_nearest

    def gather_on(row: Queue, report: Tell) -> FoundPairs:
        pairs = found(row, report)
        create.delete(row, ada)
        return pairs

    monkeypatch.setitem(gather.GATHERERS, Queue.Source.NEAREST, gather_on)
    gathering.run(queue.pk)
    assert not Queue.objects.exists()
    assert not QueuedPair.objects.exists()


def test_closing_opening_and_deleting_are_told(ada: User, library: NDArray[np.int64]) -> None:
    queue = made(ada)
    assert create.close(queue, ada)
    assert not create.close(queue, ada)
    assert create.reopen(queue, ada)
    assert not create.reopen(queue, ada)
    pair = queue.pairs.select_related("queue").first()
    assert pair is not None
    decide(pair, ada, "same")
    create.delete(queue, ada)
    assert not Queue.objects.exists()
    assert _verdicts().count() == 1
    assert [row.details["act"] for row in AuditRow.objects.filter(action="queue").order_by("number")] == [
        *("make", "close", "reopen", "delete")
    ]
