"""Learning weights as background work: requested, done by a worker, stored with its figures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from gallery.models import Collection
from jobs.job import job
from jobs.leases import LONG_WORK_SECONDS
from jobs.progress import Progress
from search.exceptions import SearchError
from search.methods import METHODS
from search.models import WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.weights.adopted import site_weights
from search.weights.learning import LabelledQuerySet, ValidationReport, learn, validate
from search.weights.training_data import TrainingData, check_sources, gather

MAX_QUERIES = 300
"""Queries of one set, unless another number is given."""
DEFAULT, IN_USE, EQUAL = "default", "in_use", "equal"
"""Rankings beside the learned one: the weights that methods come with, those of the site, and all the same."""
FOLDS = "folds"
LEAST_IMPROVEMENT = 0.001
SEPARATOR = ","


def ask(
    sources: Iterable[str],
    collection: Collection | None = None,
    user: User | AnonymousUser | None = None,
    max_queries: int = MAX_QUERIES,
) -> WeightSet:
    """Note that weights are to be learned; `weight_set.send` sends that to a worker.

    Raises
    ------
    SearchError : no such source
    """
    return WeightSet.objects.create(
        source=SEPARATOR.join(check_sources(sources)),
        collection=collection,
        collection_name=collection.name if collection else "",
        max_queries=max_queries,
        asked_by=user if user is not None and user.is_authenticated else None,
    )


@job(WeightSet, queue=settings.QUEUE_MAINTENANCE, name="weight_set", lease_seconds=LONG_WORK_SECONDS)
def weight_set(row: WeightSet, progress: Progress[WeightSet]) -> dict[str, Any]:
    """Learn what a row asks for: return the weights and their figures."""
    started = time.monotonic()
    # The key is emptied when the collection is deleted; without this, the whole library would be learned from.
    if row.collection_name and row.collection_id is None:
        raise SearchError("collection_gone", name=row.collection_name)
    data = gather(row.source.split(SEPARATOR), row.collection_id, row.max_queries, progress)
    sets = {name: LabelledQuerySet(queries) for name, queries in data.sets.items()}
    if empty := [name for name, queries in sets.items() if len(np.unique(queries.groups)) < 2]:
        raise SearchError("too_little_to_learn_from", sets=empty)
    rankings, compared_with = _rankings(data.names)
    seed = settings.ENV.index_seed
    reports = validate(
        sets, data.names, rankings, compared_with, seed, lambda done, total: progress(FOLDS, done, total + 1)
    )
    # From all queries: the folds only said what such weights are worth.
    learned = learn(sets, rankings[compared_with], seed)
    return {
        "weights": dict.fromkeys(METHODS, 0.0) | dict(zip(data.names, learned.tolist(), strict=True)),
        "figures": as_document(data, reports, compared_with),
        "versions": data.versions,
        "generation": data.generation_id,
        "seconds": round(time.monotonic() - started, 1),
    }


def improves(figures: Mapping[str, Any]) -> bool:
    """Tell whether learned weights rank held-out queries better than those compared with, over all sets."""
    # Shares, since a hundredth of mAP is little on an easy set and much on a hard one.
    shares = [
        each["rankings"]["learned"]["map"] / max(each["rankings"][figures["compared_with"]]["map"], 1e-6)
        for each in figures["sets"].values()
    ]
    return float(np.mean(shares)) >= 1 + LEAST_IMPROVEMENT


def _rankings(names: list[str]) -> tuple[dict[str, np.ndarray[Any, np.dtype[np.float64]]], str]:
    """Return the weights to be measured beside the learned ones, and which of them those are compared with."""
    site = site_weights()
    # Until somebody decides otherwise the site has the default weights, and one line of the table says it.
    wanted = {DEFAULT: DEFAULT_WEIGHTS} | ({} if site == DEFAULT_WEIGHTS else {IN_USE: site})
    rankings = {ranking: np.array([weights[name] for name in names]) for ranking, weights in wanted.items()}
    equal = np.full(len(names), 1 / len(names))
    # The methods that describe these images may have no weight by default.
    rankings = {ranking: weights if weights.any() else equal for ranking, weights in rankings.items()}
    return rankings | {EQUAL: equal}, IN_USE if IN_USE in rankings else DEFAULT


def as_document(data: TrainingData, reports: Mapping[str, ValidationReport], compared_with: str) -> dict[str, Any]:
    """Return the figures as they are kept and printed."""
    return {
        "methods": data.names,
        "images": data.num_images,
        "compared_with": compared_with,
        "sets": {
            name: {
                "questions": report.num_queries,
                "groups": report.num_groups,
                "best_single": report.best_single,
                "gain": round(report.gain, 4),
                "gain_error": round(report.gain_error, 4),
                "rankings": {
                    ranking: {figure: round(value, 4) for figure, value in asdict(standing).items()}
                    for ranking, standing in report.standings.items()
                },
            }
            for name, report in reports.items()
        },
    }
