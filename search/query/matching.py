"""From a query's vectors to ranked, explained results, over one snapshot and without the database.

Every weighted method scans all rows (or what its ANN index returns, for large generations), the scores are calibrated
and fused, and the head of that order is scored again by every method's real score, costly ones included. Re-ranking
methods take no part in the scan: they only see the head, and without a weight no more of it than is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.index.paging import announce
from search.methods import Method, PairwiseMethod
from search.scoring.fusion import DEFAULT_WEIGHTS, fuse, rank, ranks, shares, top
from search.scoring.segments import MethodIndex, Segment, Snapshot
from search.types import MethodScore, Result, Scores

MOST_ASKED = 8
"""How many times the usual number of rows an ANN index is asked for, before all rows are looked at."""
QueryVectors = Mapping[str, NDArray[Any]]
"""One row of shape (dim,) per method that has something to say about the query."""


@dataclass(frozen=True, slots=True)
class Task:
    """One query, as every step needs it."""

    vectors: QueryVectors
    proxies: QueryVectors  # what is compared with the scanned vectors of each method that gathers
    gathering: Mapping[str, float]  # weights of the methods that gather
    weights: Mapping[str, float]
    methods: Mapping[str, Method]
    k: int
    head: int
    shown: int


@dataclass(frozen=True, slots=True)
class Matches:
    """What `match` found."""

    results: list[Result]
    num_candidates: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one segment with their estimated fused scores."""

    segment: Segment
    rows: NDArray[np.int64]
    estimates: NDArray[np.float64]


def fit_query(vectors: QueryVectors, snapshot: Snapshot) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Split a query's vectors into those that fit the snapshot's rows and the names of those that do not."""
    fitting, other = {}, []
    for name, vector in vectors.items():
        dims = {segment.methods[name].vectors.shape[1] for segment in snapshot.segments if name in segment.methods}
        if dims <= {vector.shape[0]}:
            fitting[name] = vector
        else:
            other.append(name)
    return fitting, other


def match(
    snapshot: Snapshot,
    vectors: QueryVectors,
    weights: Mapping[str, float],
    methods: Mapping[str, Method],
    *,
    k: int,
    head: int,
    exact_max: int,
    allowed: NDArray[np.int64] | None = None,
    excluded: int | None = None,
    shown: int | None = None,
) -> Matches:
    """Find the images most like a query.

    Parameters
    ----------
    snapshot : what is searched
    vectors : of the query; methods not named are missing for it, and those of unknown methods are left out
    weights : by method, as `fusion.check_weights` returns them
    methods : by name, for their scores
    k, head : results wanted, and candidates that get every method's real score (at least k)
    exact_max : up to this many rows are scanned even where there is an ANN index
    allowed : ndarray of image ids to search, ascending, None = all
    excluded : image id never to be found
    shown : results that re-ranking methods without a weight score too, None = k

    Returns
    -------
    matches : at most k results, best first
    """
    vectors = {name: row for name, row in vectors.items() if name in methods}
    gathering = gathering_weights(vectors, weights, methods)
    proxies = proxies_of(vectors, gathering, methods)
    task = Task(vectors, proxies, gathering, weights, methods, k, max(head, k), k if shown is None else shown)
    gathered, exact, num_candidates = [], True, 0
    for segment in snapshot.segments:
        mask = allowed_rows(segment, allowed, excluded)
        near = None if np.count_nonzero(mask) <= exact_max else _ann_rows(segment, task, mask)
        exact = exact and near is None
        rows = np.flatnonzero(mask) if near is None else near
        num_candidates += len(rows)
        gathered.append(_estimate(segment, rows, task, snapshot))
    return Matches(_score_head(gathered, task, snapshot), num_candidates, exact)


def gathering_weights(
    vectors: QueryVectors, weights: Mapping[str, float], methods: Mapping[str, Method]
) -> Mapping[str, float]:
    """Return the weights by which candidates are gathered: without those of re-ranking methods.

    Where only re-ranking methods have a weight, the others gather for them by their default weights.
    """
    able = [name for name in vectors if not methods[name].reranks]
    weighted = {name: weights[name] for name in able if weights[name] > 0}
    if weighted or not any(weights[name] > 0 for name in vectors):
        return weighted
    defaults = {name: DEFAULT_WEIGHTS.get(name, 0.0) for name in able}
    return {name: weight for name, weight in defaults.items() if weight > 0} or dict.fromkeys(able, 1.0)


def proxies_of(vectors: QueryVectors, names: Iterable[str], methods: Mapping[str, Method]) -> dict[str, NDArray[Any]]:
    found = {}
    for name in names:
        method = methods[name]
        found[name] = method.proxy(vectors[name][None])[0] if isinstance(method, PairwiseMethod) else vectors[name]
    return found


def allowed_rows(segment: Segment, allowed: NDArray[np.int64] | None, excluded: int | None) -> NDArray[np.bool_]:
    """Tell of each row of a segment whether it may be found."""
    mask = segment.searchable if allowed is None else segment.searchable & np.isin(segment.image_ids, allowed)
    return mask if excluded is None else mask & (segment.image_ids != excluded)


def _ann_rows(segment: Segment, task: Task, mask: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return the union of each gathering method's nearest rows of those that may be found, ascending.

    None where every row must be looked at: no method has an index, or too few of its nearest rows may be found.
    """
    if not any(name in segment.indexes for name in task.proxies):
        return None
    found = []
    for name, vector in task.proxies.items():
        rows = segment.methods.get(name)
        if rows is None:
            continue
        asked = rows.asked(vector)
        if index := segment.indexes.get(name):
            near = _near(index, asked, task.head, mask)
            if near is None:
                return None
            found.append(near)
        else:
            may = mask if rows.present is None else mask & rows.present
            found.append(top(blank_missing(rows.scanned @ asked, may), task.head))
        if hashes := segment.hashes.get(name):
            coded = hashes.query(task.methods[name].query_codes(task.vectors[name]), task.head)
            found.append(coded[mask[coded]])
    return np.unique(np.concatenate(found))


def _near(
    index: MethodIndex, vector: NDArray[np.float32], wanted: int, mask: NDArray[np.bool_]
) -> NDArray[np.int64] | None:
    """Return an index's nearest rows of those that may be found: about `wanted`, None where it yields too few.

    The index knows nothing of the mask, so it is asked for more: as many more as the mask leaves out on the average,
    and MOST_ASKED times that when those that are left out crowd around the query.
    """
    may = mask if index.rows is None else mask[index.rows]
    num_reachable = int(np.count_nonzero(may))
    if not num_reachable:
        return np.empty(0, np.int64)
    for factor in (1, MOST_ASKED):
        more = math.ceil(factor * len(may) / num_reachable)
        near = index.query(vector, min(more * wanted, len(may)), more)
        found = near[mask[near]]
        if len(found) >= min(wanted, num_reachable) or len(found) == len(near):
            return found
    return None


def _estimate(segment: Segment, rows: NDArray[np.int64], task: Task, snapshot: Snapshot) -> Candidates:
    """Fuse the gathering methods' scanned scores and keep the head of the segment."""
    whole = 2 * len(rows) > len(segment.image_ids)  # then a scan of all is cheaper than copying the rows together
    rarities = []
    for name, vector in task.proxies.items():
        held = segment.methods.get(name)
        if held is None:
            rarities.append(np.full(len(rows), np.nan))
            continue
        asked = held.asked(vector)
        scores = (held.scanned @ asked)[rows] if whole else held.scanned[rows] @ asked
        present = None if held.present is None else held.present[rows]
        rarities.append(snapshot.tables[name].scanning(held).rough_rarity(blank_missing(scores, present)))
    weights = np.array([task.gathering[name] for name in task.proxies])
    estimates = fuse(np.array(rarities).reshape(len(weights), len(rows)), weights)
    kept = top(estimates, task.head)
    return Candidates(segment, rows[kept], estimates[kept])


def _score_head(gathered: list[Candidates], task: Task, snapshot: Snapshot) -> list[Result]:
    """Score the best candidates of all segments by every method, fuse again and rank."""
    estimates = np.concatenate([found.estimates for found in gathered])
    best = np.zeros(len(estimates), bool)
    best[top(estimates, task.head)] = True
    head, start = [], 0
    for found in gathered:
        head.append((found.segment, found.rows[best[start : start + len(found.rows)]]))
        start += len(found.rows)
    for segment, rows in head:
        if segment.indexes:  # else all of it is scanned, and small
            for held in segment.methods.values():
                announce(held.vectors, rows)
    ids = np.concatenate([segment.image_ids[rows] for segment, rows in head])
    names = list(task.methods)
    raw = np.full((len(names), len(ids)), np.nan, np.float32)
    shown: NDArray[np.intp] | None = None
    for place, name in sorted(enumerate(names), key=lambda item: task.methods[item[1]].reranks):
        asked = np.ones(len(ids), bool)
        if task.methods[name].reranks and not task.weights[name]:
            if shown is None:
                shown = _order(ids, raw, names, task.weights, snapshot, task.shown)
            asked = np.isin(np.arange(len(ids)), shown)
        raw[place, asked] = _raw_scores(head, name, asked, task)
    return explain(ids, raw, names, task.weights, snapshot, task.k)


def _raw_scores(
    head: list[tuple[Segment, NDArray[np.int64]]], name: str, asked: NDArray[np.bool_], task: Task
) -> Scores:
    """Return one method's real scores of the rows of the head that are asked for, NaN where it is missing."""
    found, start = [np.empty(0, np.float32)], 0
    for segment, all_rows in head:
        rows = all_rows[asked[start : start + len(all_rows)]]
        start += len(all_rows)
        held = segment.methods.get(name)
        if held is None or name not in task.vectors or not len(rows):
            found.append(np.full(len(rows), np.nan, np.float32))
            continue
        scores = task.methods[name].scores(task.vectors[name], held.vectors[rows])
        found.append(blank_missing(scores, None if held.present is None else held.present[rows]))
    return np.concatenate(found)


def blank_missing(scores: Scores, present: NDArray[np.bool_] | None) -> Scores:
    return scores if present is None else np.where(present, scores, np.float32(np.nan))


def explain(
    ids: NDArray[np.int64],
    raw: NDArray[np.float32],
    names: list[str],
    weights: Mapping[str, float],
    snapshot: Snapshot,
    k: int,
) -> list[Result]:
    """Calibrate, fuse and rank raw scores, and keep the reasons.

    Parameters
    ----------
    ids : ndarray of shape (n,)
    raw : ndarray of shape (methods, n), NaN = missing
    names : of the methods
    weights : by method; a missing method's weight counts for nothing
    snapshot : for its calibration tables
    k : results wanted
    """
    one_in = np.full(raw.shape, np.nan)
    for place, name in enumerate(names):
        if name in snapshot.tables:
            one_in[place] = snapshot.tables[name].raw.one_in(raw[place])
    rarities = _rarities(raw, names, snapshot)
    used = np.array([weights[name] for name in names])
    scores, parts = fuse(rarities, used), shares(rarities, used)
    places = np.array([ranks(row) for row in raw])
    order = rank(scores, fuse(raw, used), ids, k)
    # One conversion of whole arrays: taking single numbers out of them would cost more than everything above.
    columns = [values[:, order].tolist() for values in (raw, rarities, one_in, parts, places)]
    fused = zip(ids[order].tolist(), scores[order].tolist(), strict=True)
    results = []
    for column, (image_id, score) in enumerate(fused):
        reasons = {
            name: _method_score(name, weights[name], *(values[row][column] for values in columns))
            for row, name in enumerate(names)
        }
        results.append(Result(image_id, column + 1, score, reasons))
    return results


def _order(
    ids: NDArray[np.int64],
    raw: NDArray[np.float32],
    names: list[str],
    weights: Mapping[str, float],
    snapshot: Snapshot,
    k: int,
) -> NDArray[np.intp]:
    """Return the places of the k best; see `explain`."""
    used = np.array([weights[name] for name in names])
    return rank(fuse(_rarities(raw, names, snapshot), used), fuse(raw, used), ids, k)


def _rarities(raw: NDArray[np.float32], names: list[str], snapshot: Snapshot) -> NDArray[np.float64]:
    """Calibrate raw scores of shape (methods, n); NaN without a calibration."""
    rarities = np.full(raw.shape, np.nan)
    for place, name in enumerate(names):
        if name in snapshot.tables:
            rarities[place] = snapshot.tables[name].raw.rarity(raw[place])
    return rarities


def _method_score(
    name: str, weight: float, raw: float, rarity: float, one_in: float, share: float, place: int
) -> MethodScore:
    """Return one method's reasons; what is NaN is missing."""
    if math.isnan(rarity):
        return MethodScore(name, weight)
    return MethodScore(name, weight, raw, rarity, one_in, share, place)
