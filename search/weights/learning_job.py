"""Learning weights as a piece of work: asked for, done by a worker, kept with its figures. The row is the truth."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.translation import gettext as _
from rq.timeouts import JobTimeoutException

from gallery.models import Collection
from search.exceptions import SearchError
from search.methods import METHODS
from search.models import WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.weights.adopted import site_weights
from search.weights.learning import LabelledQuerySet, ValidationReport, learn, validate
from search.weights.training_data import Progress, TrainingData, check_sources, gather

MAX_QUERIES = 300
"""Questions of one set, unless another number is asked for."""
DEFAULT, IN_USE, EQUAL = "default", "in_use", "equal"
"""Rankings beside the learned one: the weights that methods come with, those of the site, and all the same."""
FOLDS = "folds"
LEAST_IMPROVEMENT = 0.001
PROGRESS_SECONDS = 1.0
LOST_AFTER = timedelta(minutes=15)
"""Work that has not been heard of for so long ended with its worker."""
LATE_AFTER = timedelta(seconds=10)
ERROR_LENGTH = 300
SEPARATOR = ","
State = WeightSet.State
logger = logging.getLogger(__name__)


def ask(
    sources: Iterable[str], collection: Collection | None = None, user: User | AnonymousUser | None = None
) -> WeightSet:
    """Note that weights are to be learned; `tasks.enqueue_learning` sends that to a worker.

    Raises
    ------
    SearchError : no such source
    """
    return WeightSet.objects.create(
        source=SEPARATOR.join(check_sources(sources)),
        collection=collection,
        collection_name=collection.name if collection else "",
        asked_by=user if user is not None and user.is_authenticated else None,
    )


def run(pk: int, max_queries: int = MAX_QUERIES, progress: Progress | None = None) -> None:
    """Learn what a row asks for, unless somebody does so already; what goes wrong is kept on the row."""
    if not WeightSet.objects.filter(pk=pk, state=State.WAITING).update(
        state=State.LEARNING, heartbeat_at=timezone.now()
    ):
        return
    row = WeightSet.objects.get(pk=pk)
    started = time.monotonic()
    try:
        _learn(row, max_queries, _Report(row, progress))
    except JobTimeoutException:
        _fail(row, _("Learning took longer than a worker may take; choose a smaller collection."))
        raise
    except SearchError as error:
        _fail(row, str(error))
    except KeyboardInterrupt:
        _fail(row, _("Learning was interrupted; start again."))
        raise
    except Exception as error:
        logger.exception("weights %d could not be learned", pk)
        _fail(row, f"{type(error).__name__}: {error}")
    else:
        row.state, row.progress, row.seconds = State.READY, "", round(time.monotonic() - started, 1)
        row.save()


def improves(figures: Mapping[str, Any]) -> bool:
    """Tell whether learned weights rank held-out questions better than those compared with, over all sets."""
    shares = [
        each["rankings"]["learned"]["map"] / max(each["rankings"][figures["compared_with"]]["map"], 1e-6)
        for each in figures["sets"].values()
    ]
    return float(np.mean(shares)) >= 1 + LEAST_IMPROVEMENT


def give_up_lost() -> int:
    """Mark work as failed whose worker ended before it did."""
    lost = WeightSet.objects.filter(state=State.LEARNING, heartbeat_at__lt=timezone.now() - LOST_AFTER)
    return lost.update(
        state=State.FAILED, progress="", error=_("The worker ended before the weights were learned; start again.")
    )


def waiting_late() -> list[int]:
    """Return what has waited so long that its job may be lost, oldest first."""
    rows = WeightSet.objects.filter(state=State.WAITING, created_at__lt=timezone.now() - LATE_AFTER)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _learn(row: WeightSet, max_queries: int, progress: Progress) -> None:
    """Put the weights and their figures on the row."""
    if row.collection_name and row.collection_id is None:
        raise SearchError(_("The collection %(name)s is gone.") % {"name": row.collection_name})
    lessons = gather(row.source.split(SEPARATOR), row.collection_id, max_queries, progress)
    sets = {name: LabelledQuerySet(questions) for name, questions in lessons.sets.items()}
    if empty := [name for name, questions in sets.items() if len(np.unique(questions.groups)) < 2]:
        raise SearchError(
            _("Too little to learn from (%(sets)s): expected questions of at least two groups, one to be held out.")
            % {"sets": ", ".join(empty)}
        )
    rankings, compared_with = _rankings(lessons.names)
    seed = settings.ENV.index_seed
    reports = validate(
        sets, lessons.names, rankings, compared_with, seed, lambda done, total: progress(FOLDS, done, total + 1)
    )
    learned = learn(sets, rankings[compared_with], seed)
    row.weights = dict.fromkeys(METHODS, 0.0) | dict(zip(lessons.names, learned.tolist(), strict=True))
    row.figures = as_document(lessons, reports, compared_with)
    row.versions, row.generation = lessons.versions, lessons.generation_id


def _rankings(names: list[str]) -> tuple[dict[str, np.ndarray[Any, np.dtype[np.float64]]], str]:
    """Return the weights to be measured beside the learned ones, and which of them those are compared with."""
    site = site_weights()
    wanted = {DEFAULT: DEFAULT_WEIGHTS} | ({} if site == DEFAULT_WEIGHTS else {IN_USE: site})
    rankings = {ranking: np.array([weights[name] for name in names]) for ranking, weights in wanted.items()}
    equal = np.full(len(names), 1 / len(names))
    rankings = {ranking: weights if weights.any() else equal for ranking, weights in rankings.items()}
    return rankings | {EQUAL: equal}, IN_USE if IN_USE in rankings else DEFAULT


def as_document(lessons: TrainingData, reports: Mapping[str, ValidationReport], compared_with: str) -> dict[str, Any]:
    """Return the figures as they are kept and printed."""
    return {
        "methods": lessons.names,
        "images": lessons.num_images,
        "compared_with": compared_with,
        "sets": {
            name: {
                "questions": report.num_questions,
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


def _fail(row: WeightSet, error: str) -> None:
    row.state, row.progress, row.error = State.FAILED, "", error[:ERROR_LENGTH]
    row.save(update_fields=["state", "progress", "error", "heartbeat_at"])


class _Report:
    """Passes progress on, and keeps it on the row for other processes to see."""

    def __init__(self, row: WeightSet, progress: Progress | None) -> None:
        self._row, self._progress, self._next = row, progress, 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._progress:
            self._progress(what, done, total)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            text = f"{what} {done}/{total}"
            WeightSet.objects.filter(pk=self._row.pk).update(progress=text, heartbeat_at=timezone.now())
