"""What the verdicts on pairs come to."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from review.models import Queue, QueuedPair, Reading, Verdict
from review.verdicts import consensus
from review.verdicts.consensus import apart, kinds_of, summarize, together
from review.verdicts.record import record
from tests.review.people import person

pytestmark = pytest.mark.django_db
A, B, C, D = ("1" * 64, "2" * 64, "a" * 64, "f" * 64)


def votes(**given: str) -> None:
    """Let people decide about A and B: `votes(ada="same")`."""
    for name, kind in given.items():
        record(A, B, kind, author_name=name)


def test_it_works() -> None:
    record(A, B, "same", author_name="ada")
    record(A, C, "different", author_name="ada")
    record(C, B, "near_duplicate", author_name="ada")
    record(A, D, "unsure", author_name="ada")
    assert apart([A, B, C, D]) == {(A, C)}
    assert together([A, B, C, D]) == {(A, B), (B, C)}
    assert {pair: found.kind for pair, found in kinds_of([(A, B), (A, D), (B, D)]).items()} == {
        (A, B): "same",
        (A, D): "unsure",
    }


def test_both_images_must_be_asked_for() -> None:
    votes(ada="different")
    assert apart([A, C]) == apart([B]) == apart([]) == set()
    assert kinds_of([(A, C)]) == {}


def test_what_was_withdrawn_counts_no_more() -> None:
    votes(ada="different")
    votes(ada="withdrawn")
    assert apart([A, B]) == set()
    assert kinds_of([(A, B)]) == {}


@pytest.mark.parametrize(
    ("kinds", "kind", "split", "disagree", "is_apart", "is_together"),
    [
        (["same"], "same", False, False, False, True),
        (["same", "near_duplicate"], "same", False, False, False, True),
        (["near_duplicate", "near_duplicate", "same"], "near_duplicate", False, False, False, True),
        (["same", "different"], "", True, True, False, False),
        (["same", "different", "different"], "different", False, True, True, False),
        (["same", "related"], "", True, True, False, False),
        (["related", "different"], "", True, True, True, False),
        (["related"], "related", False, False, False, False),
        (["unsure", "different"], "different", False, False, True, False),
        (["unsure"], "unsure", False, False, False, False),
        ([], "", False, False, False, False),
    ],
)
def test_summaries(kinds: list[str], kind: str, split: bool, disagree: bool, is_apart: bool, is_together: bool) -> None:
    found = summarize([(each, False) for each in kinds])
    assert (found.kind, found.split, found.disagree) == (kind, split, disagree)
    assert (found.apart, found.together, found.num_people) == (is_apart, is_together, len(kinds))


def test_an_adjudicator_decides_alone() -> None:
    votes(ada="same", bob="same")
    record(A, B, "different", author_name="cyd")
    assert apart([A, B]) == set()
    record(A, B, "different", author_name="cyd", adjudicates=True)
    assert apart([A, B]) == {(A, B)}
    found = kinds_of([(A, B)])[A, B]
    assert (found.kind, found.split, found.disagree, found.num_people) == (Verdict.Kind.DIFFERENT, False, False, 3)


def test_what_was_adjudicated_before_verdicts_said_so_is_marked() -> None:
    target = ("review", "0009_adjudicating_verdicts")
    cyd, queue = person("cyd"), Queue.objects.create(name="q", source=Queue.Source.SEARCH, two_readers=True)
    verdict, other = record(A, B, "different", author=cyd), record(A, C, "different", author=cyd)
    now = timezone.now()
    for position, (pair, slot) in enumerate([((A, B), 3), ((A, C), 2)], start=1):
        queued = QueuedPair.objects.create(queue=queue, position=position, first_sha256=pair[0], second_sha256=pair[1])
        Reading.objects.create(pair=queued, slot=slot, reader=cyd, leased_until=now, decided_at=now)
    apps = MigrationLoader(connection).project_state([target]).apps
    import_module(".".join(["review.migrations", target[1]])).mark(apps, SimpleNamespace(connection=connection))
    assert list(Verdict.objects.filter(adjudicates=True)) == [verdict]
    assert not Verdict.objects.get(pk=other.pk).adjudicates


def test_one_query_whatever_the_number(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = [f"{number:064x}" for number in range(1000)]
    for other in hashes[1:4]:
        record(hashes[0], other, "different", author_name="ada")
    with django_assert_num_queries(1):
        assert len(apart(hashes)) == 3
    with django_assert_num_queries(1):
        assert len(kinds_of((hashes[0], other) for other in hashes[1:])) == 3
    monkeypatch.setattr(consensus, "BATCH", 2)
    assert len(apart(hashes[:5])) == 3
