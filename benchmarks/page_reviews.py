"""People's decisions in the library that `pages.py` measures: verdicts, queues, duplicates, records, audit log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from benchmarks.page_library import BATCH
from gallery.audit_events import Action
from gallery.models import Image
from gallery.people.roles import Role
from review.audit.hashing import FIRST, row_hash
from review.evidence.record_search import record_search
from review.models import (
    AuditRow,
    DecidedImage,
    DuplicateDecision,
    DuplicateGroup,
    DuplicateMember,
    DuplicateScan,
    Queue,
    QueuedPair,
    Reading,
    SearchRecord,
    Verdict,
)
from search.generations.build import active_generation
from search.query.pair_scores import score_pair
from search.scoring.fusion import DEFAULT_WEIGHTS

VERDICTS_PER_IMAGE, ACTS_PER_IMAGE, DECISIONS_PER_IMAGE = 0.2, 1.0, 0.005
NUM_QUEUES, NUM_RECORDS = 20, 200
SHARE_READ, LARGEST_GROUP, HITS = 0.4, 5, 60
SIZES = (2, 2, 2, 3, LARGEST_GROUP)


def make_reviews(num_pairs: int, num_groups: int, seed: int = 20) -> None:
    """Fill the library with decisions: queues, one of them with that many pairs, and that many groups of duplicates."""
    rng = np.random.default_rng(seed)
    images = Image.objects.shown().filter(common=True).order_by("pk").values_list("pk", "sha256")
    sums = dict(images)
    with transaction.atomic():
        num_verdicts = int(VERDICTS_PER_IMAGE * len(sums))
        pairs = _pairs(list(sums.values()), num_pairs // 2 + max(num_verdicts, num_pairs), rng)
        make_verdicts(pairs[-num_verdicts:], rng)
        make_queues(pairs[:num_pairs], rng)
        make_duplicates(list(sums), num_groups, rng)
        make_decisions(list(sums.values()), rng)
        make_records(list(sums))
        make_audit(list(sums.values()))


def _pairs(sums: list[str], count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return distinct sorted pairs."""
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        first, second = sorted(sums[int(place)] for place in rng.integers(0, len(sums), 2))
        if first != second:
            found[first, second] = None
    return list(found)


def make_verdicts(pairs: list[tuple[str, str]], rng: np.random.Generator) -> None:
    """Give each pair a verdict, and every tenth a second one by somebody else."""
    people = {name: User.objects.get(username=name) for name in ("reviewer", "curator")}
    one, other = Image.objects.shown().values_list("pk", flat=True)[:2]
    state = score_pair(one, other, DEFAULT_WEIGHTS).as_state()
    kinds = [kind for kind in Verdict.Kind if kind != Verdict.Kind.WITHDRAWN]
    now = timezone.now()

    def rows() -> Iterator[Verdict]:
        for number, (first, second) in enumerate(pairs):
            for name in ("reviewer", "curator") if number % 10 == 0 else ("reviewer",):
                yield Verdict(
                    first_sha256=first,
                    second_sha256=second,
                    kind=kinds[int(rng.integers(len(kinds)))],
                    note="The border differs." if number % 7 == 0 else "",
                    author=people[name],
                    author_name=name,
                    decided_at=now - timedelta(minutes=len(pairs) - number),
                    state=state,
                )

    Verdict.objects.bulk_create(rows(), batch_size=BATCH)


def make_queues(pairs: list[tuple[str, str]], rng: np.random.Generator) -> None:
    """Make one large queue that is partly read, and small ones."""
    large = Queue.objects.create(name="Large", source="nearest", state="ready", num_pairs=len(pairs))
    _fill(large, pairs)
    reader = User.objects.get(username="reviewer")
    now = timezone.now()
    read = list(QueuedPair.objects.filter(queue=large)[: int(len(pairs) * SHARE_READ)])
    rows = [
        Reading(
            pair=pair,
            slot=1,
            reader=reader,
            leased_until=now,
            decided_at=now - timedelta(seconds=8 * (len(read) - number)),
        )
        for number, pair in enumerate(read)
    ]
    Reading.objects.bulk_create(rows, batch_size=BATCH)
    QueuedPair.objects.filter(pk__in=[pair.pk for pair in read]).update(state="decided", decided_at=now)
    for number in range(NUM_QUEUES):
        chosen = [pairs[int(place)] for place in rng.choice(len(pairs), min(100, len(pairs)), replace=False)]
        queue = Queue.objects.create(
            name=f"Queue {number:02}",
            source="uncertain",
            state="ready",
            closed_at=now if number % 4 == 0 else None,
            two_readers=number % 2 == 0,
            num_pairs=len(chosen),
        )
        _fill(queue, chosen)


def _fill(queue: Queue, pairs: list[tuple[str, str]]) -> None:
    rows = (
        QueuedPair(queue=queue, position=place, first_sha256=first, second_sha256=second, score=1 - place / len(pairs))
        for place, (first, second) in enumerate(pairs)
    )
    QueuedPair.objects.bulk_create(rows, batch_size=BATCH)


def make_duplicates(ids: list[int], num_groups: int, rng: np.random.Generator) -> None:
    """Make a finished scan; its groups, of 2 to 5 images, are of every tier."""
    active = active_generation()
    scan = DuplicateScan.objects.create(
        state="ready",
        generation=active.pk if active else None,
        revision=active.revision if active else 0,
        finished_at=timezone.now(),
    )
    order = iter(int(ids[place]) for place in rng.permutation(len(ids)))
    members: list[list[int]] = []
    for number in range(num_groups):
        members.append(list(islice(order, SIZES[number % len(SIZES)])))
    groups = [
        DuplicateGroup(
            scan=scan,
            tier=1 + number % 4,
            size=len(each),
            score=float(rng.uniform(0.6, 1)),
            chain=number % 50 == 0,
            keeper_id=each[0],
            keeper_reason="pixels",
        )
        for number, each in enumerate(members)
    ]
    made = DuplicateGroup.objects.bulk_create(groups, batch_size=BATCH)
    rows = (
        DuplicateMember(group=group, image_id=pk, nearest_id=each[0 if place else 1], score=group.score)
        for group, each in zip(made, members, strict=True)
        for place, pk in enumerate(each)
    )
    DuplicateMember.objects.bulk_create(rows, batch_size=BATCH)


def make_decisions(sums: list[str], rng: np.random.Generator) -> None:
    """Keep some sets of images whole."""
    author = User.objects.get(username="curator")
    number = int(DECISIONS_PER_IMAGE * len(sums))
    rows = [DuplicateDecision(kind="keep_all", author=author, author_name="curator") for _ in range(number)]
    for decision in DuplicateDecision.objects.bulk_create(rows):
        chosen = rng.choice(len(sums), 3, replace=False)
        DecidedImage.objects.bulk_create(DecidedImage(decision=decision, sha256=sums[int(place)]) for place in chosen)


def make_records(ids: list[int]) -> None:
    """Record a search, and write many like it."""
    author = User.objects.get(username="reviewer")
    made = record_search(author, f"image={ids[0]}&k={HITS}")
    rows = (
        SearchRecord(
            title=f"{made.title} {number}",
            address=made.address,
            document=made.document,
            author=author,
            author_name=author.username,
        )
        for number in range(NUM_RECORDS)
    )
    SearchRecord.objects.bulk_create(rows)


def make_audit(sums: list[str]) -> None:
    """Seal a long chain of acts."""
    people = {role.name.lower(): User.objects.get(username=role.name.lower()).pk for role in Role}
    names, actions = list(people), list(Action)
    now, previous, num_rows = timezone.now(), FIRST, int(ACTS_PER_IMAGE * len(sums))

    def rows() -> Iterator[AuditRow]:
        nonlocal previous
        for number in range(1, num_rows + 1):
            name = names[number % len(names)]
            fields: dict[str, Any] = {
                "number": number,
                "happened_at": now - timedelta(seconds=num_rows - number),
                "actor_id": people[name],
                "actor_name": name,
                "action": actions[number % len(actions)].value,
                "subject": sums[number % len(sums)],
                "details": {"images": 1},
                "previous_hash": previous,
            }
            # Chained as `review.audit.chain` does, which asks the database for the end of the chain at each row.
            previous = row_hash(**fields)
            yield AuditRow(**fields, hash=previous)

    AuditRow.objects.bulk_create(rows(), batch_size=BATCH)
