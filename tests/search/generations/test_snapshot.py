"""What a search is given of the generations: one snapshot, the same until something changes."""

from __future__ import annotations

import numpy as np
import pytest

from search.features import revisions
from search.generations import snapshot
from search.generations.build import active_generation, build
from search.models import Generation, Tombstone
from search.query.pipeline import for_image, run_query
from search.storage import generation_folder
from tests.search.generations.builds import WEIGHTS
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_generations")]


def test_a_generation_published_and_cleared_away_meanwhile_is_no_damage(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process read which one is in use; before it opened it, two more were published and that one removed."""
    ids, _ = add_library(30, rng)
    stale = build()
    build()
    newest = build()
    assert not generation_folder(stale.folder).exists()
    rows = iter([stale])
    monkeypatch.setattr(snapshot, "active_generation", lambda: next(rows, None) or active_generation())
    snapshot.forget()
    answer = run_query(for_image(int(ids[0])), WEIGHTS)
    assert (answer.generation_id, answer.degraded) == (newest.pk, None)
    assert not Generation.objects.exclude(error_code="").exists()


def test_a_snapshot_is_the_same_until_something_changes(rng: np.random.Generator) -> None:
    ids, _ = add_library(12, rng)
    build()
    first = snapshot.current_snapshot()
    assert snapshot.current_snapshot() is first
    revisions.bump_revision()
    second = snapshot.current_snapshot()
    assert second is not first
    build()
    third = snapshot.current_snapshot()
    assert third.generation_id != second.generation_id
    assert [len(segment.image_ids) for segment in third.segments] == [len(ids), 0]


def test_what_was_handed_out_stays_as_it_was(rng: np.random.Generator) -> None:
    """A search that has begun goes on with its snapshot, though images come and go meanwhile."""
    ids, _ = add_library(12, rng)
    build()
    before = snapshot.current_snapshot()
    newer = add_library(3, rng)[0].tolist()
    Tombstone.objects.create(image_id=int(ids[0]))
    revisions.bump_revision()
    after = snapshot.current_snapshot()
    assert (before.num_images, after.num_images) == (12, 14)
    assert before.vectors_of(int(ids[0])) is not None
    assert after.vectors_of(int(ids[0])) is None
    assert before.vectors_of(newer[0]) is None
    assert after.vectors_of(newer[0]) is not None
