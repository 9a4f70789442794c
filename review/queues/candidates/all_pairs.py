"""The most alike, or the most doubtful, of all pairs of a collection or of the library."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from jobs.progress import Tell
from review.exceptions import QueueError
from review.models import Queue
from review.queues.candidates import checkpoints, exclusions
from review.queues.candidates.boundaries import find_boundary
from review.queues.candidates.found import COMPARING, SCORING, FoundPairs, images_for
from review.queues.candidates.scanning import BestPairs, PairSpace, scan
from search.public.pairs import current_snapshot, fused_scores, within_collection
from search.public.scoring import Snapshot

OVERSAMPLING, LEAST_SCORED = 4, 2000
"""Pairs that get their real score for each that is wanted, and at least: estimates order them nearly as those do."""
MOST_PER_IMAGE = 5
"""Uncertain pairs of one image: a hundred questions about one picture would teach little about the others."""


def gather_nearest(queue: Queue, report: Tell) -> FoundPairs:
    """Take the pairs with the highest fused scores.

    Raises
    ------
    QueueError : there are no two images with features
    """
    weights = queue.parameters["weights"]
    found = _best(queue, _within(queue.collection_id), weights, None, report)
    order = np.lexsort((found.second, found.first, -np.nan_to_num(found.scores, nan=-1.0)))  # by the last key first
    return _chosen(found, order[: queue.parameters["wanted"]])


def gather_uncertain(queue: Queue, report: Tell) -> FoundPairs:
    """Take the pairs whose score is nearest to where "same" and "different" are equally likely, most doubtful first.

    Raises
    ------
    QueueError : there are no two images with features, or nothing tells where that boundary lies
    """
    library, own = current_snapshot(), _within(queue.collection_id)
    boundary = find_boundary(own, queue.collection_id)
    snapshot = own if boundary.of_collection else library
    found = _best(queue, snapshot, boundary.weights, boundary.score, report)
    order = np.lexsort((found.second, found.first, np.nan_to_num(np.abs(found.scores - boundary.score), nan=2.0)))
    places = spread(found.first, found.second, order, queue.parameters["wanted"])
    return _chosen(found, places, boundary=boundary.as_document())


def spread(
    first: NDArray[np.int64], second: NDArray[np.int64], order: NDArray[np.intp], wanted: int
) -> NDArray[np.intp]:
    """Choose pairs in an order so that no image stands in more than MOST_PER_IMAGE of them.

    Parameters
    ----------
    first, second : ndarrays of shape (n,), image ids
    order : ndarray of places, the one to be preferred first
    wanted : most pairs

    Returns
    -------
    chosen : ndarray of places, in that order
    """
    counts: dict[int, int] = {}
    chosen: list[int] = []
    for place, one, other in zip(order.tolist(), first[order].tolist(), second[order].tolist(), strict=True):
        if len(chosen) == wanted:
            break
        if max(counts.get(one, 0), counts.get(other, 0)) < MOST_PER_IMAGE:
            chosen.append(place)
            counts[one], counts[other] = counts.get(one, 0) + 1, counts.get(other, 0) + 1
    return np.array(chosen, np.intp)


def _within(collection_id: int | None) -> Snapshot:
    """Return what a search within a collection would run over, calibrated as that would be."""
    snapshot = current_snapshot()
    if collection_id is None:
        return snapshot
    members = Image.collections.through.objects.filter(collection_id=collection_id)
    image_ids = np.fromiter(members.values_list("image_id", flat=True), np.int64)
    return within_collection(snapshot, collection_id, image_ids)[0]


def _best(
    queue: Queue, snapshot: Snapshot, weights: Mapping[str, float], target: float | None, report: Tell
) -> FoundPairs:
    """Return the best pairs of the queue's images by estimate, with their real scores."""
    images = images_for(queue.asked_by, queue.collection_id).order_by("pk").values_list("pk", "sha256")
    hashes = dict(images.iterator(10_000))
    ground = PairSpace(snapshot, np.fromiter(hashes, np.int64, len(hashes)), weights)
    if len(ground) < 2 or not ground.gatherers:
        raise QueueError("too_few_to_pair", num=len(ground))
    excluded = exclusions.read(queue).codes([hashes[pk] for pk in ground.image_ids.tolist()])
    best = BestPairs(len(ground), max(LEAST_SCORED, OVERSAMPLING * queue.parameters["wanted"]), excluded, target)
    scan(
        ground,
        best,
        checkpoints.CheckpointFile(queue.pk, ground, weights, target, excluded),
        partial(report, COMPARING),
    )
    places = best.places()
    first, second = ground.image_ids[places[0]], ground.image_ids[places[1]]
    scores = fused_scores(snapshot, first, second, weights, partial(report, SCORING))
    known = np.flatnonzero(~np.isnan(scores))
    return FoundPairs(first[known], second[known], scores[known], weights, len(excluded))


def _chosen(found: FoundPairs, places: NDArray[np.intp], **about: object) -> FoundPairs:
    """Return some of the pairs, in that order."""
    first, second, scores = found.first[places], found.second[places], found.scores[places]
    return FoundPairs(first, second, scores, found.weights, found.num_left_out, about)
