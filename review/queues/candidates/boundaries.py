"""Where the doubt is: the weights that count, and the score at which a pair may belong together or not.

Asked in this order, until one can say it:

1. Learned weights: those in use if they were learned, else the newest learned for the collection, else the newest of
   all. The boundary is where a logistic regression on their fused score gives both answers the same chance, over what
   people judged (verdicts) or, where that is too little, over labels.
2. The threshold advisor: what the newest measurement in the lab, of the collection or else of the library, found to be
   the best balance of precision and recall for the default weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from jobs.rows import JobState
from review.exceptions import QueueError
from review.queues.candidates.decision_boundary import decision_boundary
from search.models import Evaluation, WeightSet
from search.public.hooks import LABELS, JudgedPairs, judged_pairs
from search.public.pairs import fused_scores
from search.public.scoring import Snapshot
from search.public.weights import decision_in_force, fitting

LEARNED, ADVISED = "learned", "advised"
SOURCES = ("verdicts", LABELS)
MIN_PAIRS = 10
"""Pairs of either kind that a boundary is learned from at least."""
MAX_PAIRS = 4000


@dataclass(frozen=True, slots=True)
class Boundary:
    """A score, and how it was found.

    Attributes
    ----------
    score : fused, 0..1
    weights : by method: of the fused score
    origin : LEARNED or ADVISED
    number : of the learned weights, or of the measurement
    num_pairs : judged pairs that it was learned from, 0 where it was advised
    of_collection : whether scores are calibrated on the collection's own random pairs, else on the library's
    """

    score: float
    weights: Mapping[str, float]
    origin: str
    number: int
    num_pairs: int
    of_collection: bool

    def as_document(self) -> dict[str, Any]:
        """Return what is kept with the queue."""
        document = asdict(self)
        del document["weights"], document["of_collection"]
        return document | {"score": round(self.score, 4)}


def find_boundary(snapshot: Snapshot, collection_id: int | None) -> Boundary:
    """Return where the doubt is among the images of a collection, or of the library.

    Raises
    ------
    QueueError : neither learned weights nor a measurement can tell
    """
    found = _learned(snapshot, collection_id) or _advised(collection_id)
    if found is None:
        raise QueueError("nothing_tells_doubt", least=MIN_PAIRS)
    return found


def _learned(snapshot: Snapshot, collection_id: int | None) -> Boundary | None:
    learned = _weight_set(collection_id)
    if learned is None:
        return None
    weights = fitting(learned.weights)
    for source in SOURCES:
        pairs = judged_pairs(source, collection_id=collection_id, limit=MAX_PAIRS, seed=settings.ENV.index_seed)
        score = _of_pairs(snapshot, pairs, weights)
        if score is not None:
            return Boundary(score, weights, LEARNED, learned.pk, len(pairs), of_collection=True)
    return None


def _weight_set(collection_id: int | None) -> WeightSet | None:
    decision = decision_in_force()
    if decision is not None and decision.weight_set is not None:
        return decision.weight_set
    ready = WeightSet.objects.filter(state=JobState.READY)
    own = ready.filter(collection=collection_id).first() if collection_id is not None else None
    # Those learned for a collection that is gone keep its name, and are not the library's.
    return own or ready.filter(collection=None, collection_name="").first()


def _of_pairs(snapshot: Snapshot, pairs: JudgedPairs, weights: Mapping[str, float]) -> float | None:
    num_same = int(pairs.same.sum())
    if min(num_same, len(pairs) - num_same) < MIN_PAIRS:
        return None
    scores = fused_scores(snapshot, pairs.first, pairs.second, weights, lambda _done, _total: None)
    return decision_boundary(scores, pairs.same)


def _advised(collection_id: int | None) -> Boundary | None:
    ready = Evaluation.objects.filter(state=JobState.READY).order_by("-pk")
    library = ready.filter(collection=None, collection_name="")
    for runs in (ready.filter(collection=collection_id) if collection_id is not None else ready.none(), library):
        for run in runs[:10]:
            advice = run.document.get("thresholds", {}).get("fused", {}).get("default", {}).get("best_f1")
            weights = run.document.get("weights", {}).get("default")
            if advice and weights:
                of_collection = run.collection_id is not None
                return Boundary(advice["threshold"], fitting(weights), ADVISED, run.pk, 0, of_collection)
    return None
