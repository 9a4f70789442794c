"""How much of what exact search answers is found through the ANN index too, and what that saves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.conf import settings

from search.evaluation.metrics import recall_at_k
from search.evaluation.plan import MeasurementPlan
from search.evaluation.rankings import DEFAULT
from search.features import registry
from search.methods import METHODS
from search.query.matching import match
from search.query.pipeline import RERANK_DEPTH
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.scoring.segments import Snapshot

NUM_QUERIES = 50
NEIGHBORS = 20
ALL_ROWS, NO_ROWS = 2**62, 0
"""Most rows that are scanned: with the first search is exact, with the second it uses what indexes there are."""


def measure_index(plan: MeasurementPlan) -> dict[str, Any] | None:
    """Search by some of the generation's images both ways, by each indexed method alone and by the default weights.

    Returns
    -------
    figures : recall@20 and median milliseconds by method, and of the fused answer; None where nothing is indexed
    """
    snapshot = plan.snapshot
    indexed = [name for name in METHODS if any(name in segment.indexes for segment in snapshot.segments)]
    if not indexed:
        return None
    searches = {name: {name: 1.0} for name in indexed} | {DEFAULT: DEFAULT_WEIGHTS}
    # Of the generation: what is newer has no index and is always compared one by one.
    ids = snapshot.segments[0].image_ids
    generator = np.random.default_rng(settings.ENV.index_seed)
    queries = np.sort(generator.choice(ids, min(NUM_QUERIES, len(ids)), replace=False)).tolist()
    found = {}
    for done, (name, weights) in enumerate(searches.items()):
        plan.progress("index", done + 1, len(searches))
        found[name] = _compare(snapshot, weights, queries)
    return {"neighbors": NEIGHBORS, "queries": len(queries), "fused": found.pop(DEFAULT), "methods": found}


def _compare(snapshot: Snapshot, weights: Mapping[str, float], queries: list[int]) -> dict[str, float]:
    recalls, seconds = [], []
    for image_id in queries:
        vectors = snapshot.vectors_of(image_id) or {}
        # Nothing could be found either way, which would count as a perfect recall.
        if not any(weights.get(name) for name in vectors):
            continue
        exact, exact_seconds = _search(snapshot, vectors, weights, image_id, ALL_ROWS)
        near, near_seconds = _search(snapshot, vectors, weights, image_id, NO_ROWS)
        recalls.append(recall_at_k(near, exact))
        seconds.append((exact_seconds, near_seconds))
    # Medians: the first queries wait for pages of the files that later ones find in memory.
    exact_ms, index_ms = (1000 * np.median(seconds, axis=0)).tolist() if seconds else (0.0, 0.0)
    recall = float(np.mean(recalls)) if recalls else 0.0
    return {"recall": round(recall, 4), "exact_ms": round(exact_ms, 2), "index_ms": round(index_ms, 2)}


def _search(
    snapshot: Snapshot, vectors: Mapping[str, Any], weights: Mapping[str, float], image_id: int, exact_max: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], float]:
    started = time.perf_counter()
    every = dict.fromkeys(METHODS, 0.0) | dict(weights)
    matches = match(
        snapshot,
        vectors,
        every,
        registry.methods(),
        k=NEIGHBORS,
        rerank_depth=RERANK_DEPTH,
        exact_max=exact_max,
        excluded=[image_id],
    )
    return np.array([result.image_id for result in matches.results], np.int64), time.perf_counter() - started
