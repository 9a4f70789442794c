"""One measurement from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gallery.models import Image
from search.evaluation.by_copies import measure_by_copies, measure_by_remixes
from search.evaluation.by_labels import measure_by_labels
from search.evaluation.by_verdicts import measure_by_verdicts
from search.evaluation.index_recall import measure_index
from search.evaluation.plan import MeasurementPlan, Progress
from search.evaluation.rankings import fusions
from search.evaluation.reliability import measure_reliability
from search.evaluation.report import Scoreboard
from search.exceptions import SearchError
from search.generations import collection_calibration
from search.generations.snapshot import current_snapshot
from search.scoring.segments import Snapshot
from search.weights.adopted import decision_in_force, fitting

LABELS, VERDICTS, COPIES, REMIXES = "labels", "verdicts", "copies", "remixes"
KINDS: Mapping[str, Callable[[MeasurementPlan], Scoreboard]] = {
    LABELS: measure_by_labels,
    VERDICTS: measure_by_verdicts,
    COPIES: measure_by_copies,
    REMIXES: measure_by_remixes,
}
DEFAULT_QUERIES = {LABELS: 2000, VERDICTS: 2000, COPIES: 100, REMIXES: 100}
"""Every copy is described again, which takes much longer than a look at stored rows; and there are fifteen of each."""


def measure(
    kind: str, *, collection_id: int | None = None, max_queries: int | None = None, progress: Progress
) -> dict[str, Any]:
    """Measure search by what is known of the images, and return the document that is kept and printed.

    Parameters
    ----------
    kind : a key of `KINDS`
    collection_id : of the images among which is searched; None = all
    max_queries : when there are more, that many are drawn by the seed of the settings; None: as many as suit the kind
    progress : called with how far it is; what it raises ends the measurement

    Raises
    ------
    SearchError : unknown kind, or there is nothing to measure
    """
    if kind not in KINDS:
        raise SearchError("no_such_measurement", name=kind, expected=list(KINDS))
    started = time.monotonic()
    plan = MeasurementPlan(
        snapshot=_snapshot(collection_id),
        weights=fusions(_learned_weights()),
        collection_id=collection_id,
        max_queries=max_queries or DEFAULT_QUERIES[kind],
        progress=progress,
    )
    found = KINDS[kind](plan)
    document = {"kind": kind} | found.as_document()
    document["generation"] = plan.snapshot.generation_id
    document["versions"] = {name: found.field.version_of(name) for name in found.field.rows}
    document["weights"] = {name: dict(weights) for name, weights in plan.weights.items()}
    # On the same images as the rankings, so that both can be read together.
    document["reliability"] = measure_reliability(found.field, plan)
    document["index"] = measure_index(plan)
    document["seconds"] = round(time.monotonic() - started, 1)
    return document


def _snapshot(collection_id: int | None) -> Snapshot:
    """Return what a search within the collection would run over, calibrated as that would be."""
    snapshot = current_snapshot()
    if collection_id is None:
        return snapshot
    members = Image.collections.through.objects.filter(collection_id=collection_id)
    image_ids = np.fromiter(members.values_list("image_id", flat=True), np.int64)
    return collection_calibration.within(snapshot, collection_id, image_ids)[0]


def _learned_weights() -> dict[str, float] | None:
    """Return the learned weights that are in use, None when those that the methods come with are."""
    decision = decision_in_force()
    return fitting(decision.weights) if decision and decision.weight_set_id else None
