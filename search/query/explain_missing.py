"""Why a search did not find an image, or where it found it: ranks, thresholds and the state of the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from jobs.errors import CodedError
from search.exceptions import QueryError
from search.features import registry, stored_vectors
from search.generations import collection_calibration
from search.generations.snapshot import current_snapshot
from search.generations.visibility import closed_ids, without
from search.models import Tombstone
from search.query.answer import search
from search.query.matching import (
    UNREACHABLE,
    allowed_rows,
    fit_query,
    gathering_weights,
    near_rows,
    proxies_of,
    scans_of,
)
from search.query.pipeline import RERANK_DEPTH, abstentions, image_ids_of_collection
from search.query.ranking import Task
from search.query.request import SearchRequest, percent
from search.query.subject import Subject, find_subject
from search.scoring.estimate import estimate, products_of
from search.scoring.segments import Segment, Snapshot
from search.types import Answer, Result


@dataclass(frozen=True, slots=True)
class MethodPlace:
    """Where an image stands by one method alone, by the vectors that gather candidates."""

    rank: int  # 1 = the closest; equals share a rank
    num_images: int
    near: bool | None = None  # whether the method's ANN index brings it up; None: there is no such index


@dataclass(frozen=True, slots=True)
class Place:
    """Where one image stands among the answers to another.

    Attributes
    ----------
    found : what the search says of it; None: it is not among the answers
    rank : its place by the fused score: as found, else by the rough comparison that comes before; None: nowhere
    num_images : that were searched
    num_candidates : of these, those that were compared
    exact : whether every image was compared
    lies : "generation", "delta" (newer than the generation) or "" (in neither, so it cannot be found)
    methods : by name, of those that gather candidates and have something to say about both images
    reasons : why it was not found or is not shown; empty when it is
    degraded : what is wrong with the index; None when all is well
    """

    found: Result | None = None
    rank: int | None = None
    num_images: int = 0
    num_candidates: int = 0
    exact: bool = True
    generation_id: int | None = None
    lies: str = ""
    methods: Mapping[str, MethodPlace] = field(default_factory=dict)
    reasons: list[CodedError] = field(default_factory=list)
    missing: Mapping[str, CodedError] = field(default_factory=dict)  # why the image searched by has no feature
    degraded: CodedError | None = None


@dataclass(frozen=True, slots=True)
class _Scan:
    """Where the target stands when all vectors that gather candidates are scanned."""

    lies: str
    rank: int | None
    methods: Mapping[str, MethodPlace]


def find_place(request: SearchRequest, target_id: int, query: Image | None = None) -> Place:
    """Search for one image and say where another one stands, and why it is not shown.

    Parameters
    ----------
    request : the search, for an image of the gallery
    target_id : an image that the viewer may see
    query : the image searched for, where the viewer is known to see it

    Raises
    ------
    QueryError : the search is not for an image of the gallery that is there for the viewer, or it has no features
    FusionWeightsError, UnknownMethodError : see `fusion.check_weights`
    """
    subject = Subject.of_image(query, request.words) if query else find_subject(request)
    if not subject.is_plain:
        raise QueryError("one_whole_image_expected")
    if subject.start is None:
        raise QueryError("gallery_image_expected")
    query_id = subject.start.pk
    # All that can be shown at all: an image of a later page was found, and is to be told its true rank.
    answer = search(replace(request, num_results=request.most), subject).found
    found = next((result for result in answer.results if result.image_id == target_id), None)
    scan = _scan(query_id, target_id, request, answer.weights, index_used=not answer.exact)
    return Place(
        found=found,
        rank=found.rank if found else scan.rank,
        num_images=answer.num_images,
        num_candidates=answer.num_candidates,
        exact=answer.exact,
        generation_id=answer.generation_id,
        lies=scan.lies,
        methods=scan.methods,
        reasons=_reasons(target_id, found, scan, answer, request),
        missing=answer.missing_methods,
        degraded=answer.degraded,
    )


def _scan(
    query_id: int, target_id: int, request: SearchRequest, weights: Mapping[str, float], *, index_used: bool
) -> _Scan:
    """Compare the query with every image by all vectors that gather candidates."""
    # An answer keeps no estimates of what it did not bring up; they are made again by the steps of `match`.
    snapshot, allowed = _searched(request)
    task = _task(query_id, snapshot, weights)
    masks = [allowed_rows(segment, allowed, [query_id]) for segment in snapshot.segments]
    held = _whereabouts(snapshot, masks, target_id)
    if held is None:
        return _Scan("", None, {})
    number, row = held
    # Among the rows that may be found, one segment after another: the order of all arrays below.
    place = int(np.count_nonzero(np.concatenate([np.empty(0, bool), *masks[:number], masks[number][:row]])))
    segment, found = snapshot.segments[number], {}
    for name, vector in task.proxies.items():
        values = _products(snapshot, masks, name, vector)
        if (rank := _rank(values, place)) is not None:
            near = _near(segment, task, name, row, masks[number]) if index_used else None
            found[name] = MethodPlace(rank, int(np.count_nonzero(~np.isnan(values))), near)
    estimates = [
        estimate(scans_of(segment, rows, task.proxies, task.gathering, snapshot), rows.shape, np.float64)
        for segment, rows in zip(snapshot.segments, map(np.flatnonzero, masks), strict=True)
    ]
    # While there is no generation the delta is the first segment, and the only one.
    is_base = snapshot.generation_id is not None and number == 0
    return _Scan("generation" if is_base else "delta", _rank(np.concatenate(estimates), place), found)


def _searched(request: SearchRequest) -> tuple[Snapshot, NDArray[np.int64] | None]:
    """Return what the search goes over, calibrated as it is there, and the images of its collection, None: all."""
    snapshot, allowed = current_snapshot(), None
    closed = closed_ids(request.viewer, snapshot.revision)
    if request.collection_id is not None:
        allowed = image_ids_of_collection(request.collection_id)
        # Before what is closed is taken out, as in a search: the tables are kept for everybody.
        snapshot, _own_pairs = collection_calibration.within(snapshot, request.collection_id, allowed)
    return without(snapshot, closed), allowed


def _task(query_id: int, snapshot: Snapshot, weights: Mapping[str, float]) -> Task:
    """Return the query as `match` has it, with the proxies of every method that could gather."""
    methods = registry.methods()
    vectors = snapshot.vectors_of(query_id) or stored_vectors.vectors_of(query_id, snapshot.versions)
    fitting, _other = fit_query({name: row for name, row in vectors.items() if name in methods}, snapshot, methods)
    silent = abstentions(fitting)
    speaking = {name: row for name, row in fitting.items() if name not in silent}
    proxies = proxies_of(speaking, [name for name in speaking if not methods[name].reranks], methods)
    gathering = gathering_weights(speaking, weights, methods)
    return Task(speaking, proxies, gathering, weights, methods, RERANK_DEPTH, RERANK_DEPTH, shown=0)


def _whereabouts(snapshot: Snapshot, masks: list[NDArray[np.bool_]], image_id: int) -> tuple[int, int] | None:
    """Return the number of the segment and the row in which an image can be found."""
    for number, (segment, mask) in enumerate(zip(snapshot.segments, masks, strict=True)):
        row = segment.row_of(image_id)
        if row is not None and mask[row]:
            return number, row
    return None


def _products(
    snapshot: Snapshot, masks: list[NDArray[np.bool_]], name: str, proxy: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return one method's dot products of all rows that may be found, NaN where it has nothing."""
    found = []
    for segment, mask in zip(snapshot.segments, masks, strict=True):
        products = np.full(np.count_nonzero(mask), np.nan, np.float32)
        if held := segment.methods.get(name):
            values, present = products_of(held, proxy, np.flatnonzero(mask))
            # Where there is no row the product is anything at all.
            products = values if present is None else np.where(present, values, products)
        found.append(products)
    return np.concatenate(found)


def _rank(scores: NDArray[np.floating[Any]], place: int) -> int | None:
    """Return the rank of one of the scores, None when it is NaN."""
    if np.isnan(scores[place]):
        return None
    # No comparison with NaN is true, so images without a score come behind.
    return 1 + int(np.count_nonzero(scores > scores[place]))


def _near(segment: Segment, task: Task, name: str, row: int, mask: NDArray[np.bool_]) -> bool | None:
    """Tell whether a method's ANN index and codes bring a row up, as a search asks them; None where no index can."""
    if name not in segment.indexes:
        return None
    try:
        near = near_rows(segment, task, name, mask)
    except UNREACHABLE:
        return None
    return None if near is None else bool(np.isin(row, near))


def _reasons(
    target_id: int, found: Result | None, scan: _Scan, answer: Answer, request: SearchRequest
) -> list[CodedError]:
    """Return why an image is not shown."""
    if found is None:
        return _absence(target_id, scan, answer, request)
    score, side = f"{percent(found.score):.1f}", request.scores.side(found.score)
    if side < 0:
        return [QueryError("score_below_threshold", score=score, limit=f"{request.scores.lowest:g}")]
    if side > 0:
        return [QueryError("score_above_threshold", score=score, limit=f"{request.scores.highest:g}")]
    return []


def _absence(target_id: int, scan: _Scan, answer: Answer, request: SearchRequest) -> list[CodedError]:
    """Return why an image is not among the answers."""
    if not scan.lies:
        return [_why_nowhere(target_id, request)]
    if scan.rank is None:
        return [QueryError("no_method_about_both")]
    reasons: list[CodedError] = []
    if not answer.exact and not any(place.near for place in scan.methods.values()):
        reasons.append(QueryError("not_brought_up", depth=RERANK_DEPTH))
    if scan.rank > RERANK_DEPTH:
        reasons.append(QueryError("beyond_rerank_depth", rank=scan.rank, depth=RERANK_DEPTH))
    elif not reasons:
        reasons.append(QueryError("others_more_alike", most=request.most))
    return reasons


def _why_nowhere(target_id: int, request: SearchRequest) -> CodedError:
    """Return why an image cannot be found by anything."""
    # From what hides an image everywhere to what hides it here alone: the first that holds is the reason.
    image = Image.objects.filter(pk=target_id).only("hidden", "trashed_at").first()
    if image is None or image.trashed_at is not None:
        return QueryError("image_gone")
    if image.hidden:
        return QueryError("image_hidden")
    if request.collection_id is not None:
        members = Image.collections.through.objects.filter(collection_id=request.collection_id)
        if not members.filter(image_id=target_id).exists():
            return QueryError("image_outside_collection")
    if Tombstone.objects.filter(image_id=target_id).exists():
        return QueryError("image_counted_as_removed")
    return QueryError("image_without_features")
