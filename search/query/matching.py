"""From a query's vectors to ranked, explained results, over one snapshot and without the database.

Every weighted method scans all rows (or what its ANN index returns, for large generations), the scores are calibrated
and fused, and the best of that order are re-ranked: scored by every method's real score, costly ones included. So are
the best of each method alone, and the images that share spots with the query, see `search.query.candidates`.
Re-ranking methods take no part in the scan: they only see these, and without a weight no more of them than are shown,
unless proof is to come first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import CodedError
from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.methods import Method, PairwiseMethod
from search.query.candidates import SharedSpots, by_spots, choose
from search.query.ranking import Matches, QueryVectors, Sample, Task, rerank
from search.scoring.estimate import Scan, products_of
from search.scoring.fusion import DEFAULT_WEIGHTS, top
from search.scoring.said import Said
from search.scoring.segments import Segment, Snapshot

NOBODY = np.empty(0, np.int64)
UNREACHABLE = (IndexUnavailableError, IndexDamagedError, OSError)
"""What an index raises that a server keeps, when the server is gone, or has lost the index, since it was opened."""


def fit_query(
    vectors: QueryVectors, snapshot: Snapshot, methods: Mapping[str, Method]
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Split a query's vectors into those that fit the snapshot's rows and the names of those that do not."""
    fitting, other = {}, []
    for name, vector in vectors.items():
        dims = {segment.methods[name].vectors.shape[1] for segment in snapshot.segments if name in segment.methods}
        # Also where no segment holds the method: then nothing is compared, but nothing is wrong with the query either.
        longer = name in methods and methods[name].reranks and methods[name].takes(vector)
        if dims <= {methods[name].dim if longer else vector.shape[0]}:
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
    rerank_depth: int,
    exact_max: int,
    allowed: NDArray[np.int64] | None = None,
    excluded: Collection[int] = (),
    shown: int | None = None,
    said: Said | None = None,
    proof_first: bool = False,
    beside: Sequence[Sample] = (),
    number: int = 0,
) -> Matches:
    """Find the images most like a query, or most like several examples.

    Parameters
    ----------
    snapshot : what is searched
    vectors : of the query or the first example; methods not named are missing for it, and those of unknown methods are
        left out
    weights : by method, as `fusion.check_weights` returns them
    methods : by name, for their scores
    k, rerank_depth : results wanted, and candidates that get every method's real score (at least k)
    exact_max : up to this many rows are scanned even where there is an ANN index
    allowed : ndarray of image ids to search, ascending, None = all
    excluded : image ids never to be found
    shown : results that re-ranking methods without a weight score too, None = k
    said : images that are compared whatever the vectors say, and lead their method
    proof_first : images that are proven to show the same go before all others, and re-ranking methods look at all
        candidates, whatever their weight
    beside : the other examples; see `search.scoring.pooling` for what they come to together
    number : of the first example, see `Sample`

    Returns
    -------
    matches : at most k results, best first
    """
    depth = max(rerank_depth, k)
    whole = Task({}, {}, {}, weights, methods, k, depth, k if shown is None else shown, proof_first=proof_first)
    first = Sample(number, vectors, said=said)
    tasks = [_task(whole, each) for each in (first, *beside) if not each.unlike]
    disliked = [_task(whole, each) for each in beside if each.unlike]
    said_ids = said.image_ids if said else NOBODY
    gathered, exact, num_candidates = [], True, 0
    unreachable: dict[str, CodedError] = {}
    for segment in snapshot.segments:
        mask = allowed_rows(segment, allowed, excluded)
        # What counts is how many may be found: a small collection of a huge library is scanned whole.
        near = None if np.count_nonzero(mask) <= exact_max else _ann_rows(segment, tasks, mask, unreachable)
        exact = exact and near is None
        shared = [by_spots(segment, task.spotted, methods, mask, depth) for task in tasks]
        rows = np.flatnonzero(mask) if near is None else _united(near, shared, _said_rows(segment, mask, said))
        num_candidates += len(rows)
        scans = [list(scans_of(segment, rows, task.proxies, task.gathering, snapshot)) for task in tasks]
        gathered.append(choose(segment, rows, scans, depth, shared, said_ids))
    return rerank(gathered, tasks, disliked, snapshot, Matches([], num_candidates, exact, unreachable))


def _task(whole: Task, sample: Sample) -> Task:
    """Return one example of a query."""
    # A generation may still hold rows of a method that this program no longer has.
    vectors = {name: row for name, row in sample.vectors.items() if name in whole.methods}
    whole = replace(whole, number=sample.number, calibrations=sample.calibrations, said=sample.said)
    if sample.unlike:  # nothing is gathered for it
        return replace(whole, vectors=vectors)
    gathering = gathering_weights(vectors, whole.weights, whole.methods)
    proxies = proxies_of(vectors, gathering, whole.methods)
    return replace(whole, vectors=vectors, gathering=gathering, proxies=proxies)


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
    # Where none of those left has a default weight, any of them gathers better than nothing does.
    return {name: weight for name, weight in defaults.items() if weight > 0} or dict.fromkeys(able, 1.0)


def proxies_of(vectors: QueryVectors, names: Iterable[str], methods: Mapping[str, Method]) -> dict[str, NDArray[Any]]:
    found = {}
    for name in names:
        method = methods[name]
        found[name] = method.proxy(vectors[name][None])[0] if isinstance(method, PairwiseMethod) else vectors[name]
    return found


def allowed_rows(segment: Segment, allowed: NDArray[np.int64] | None, excluded: Collection[int]) -> NDArray[np.bool_]:
    """Tell of each row of a segment whether it may be found."""
    mask = segment.searchable if allowed is None else segment.searchable & np.isin(segment.image_ids, allowed)
    for image_id in excluded:  # a few at most
        mask = mask & (segment.image_ids != image_id)
    return mask


def _ann_rows(
    segment: Segment, tasks: Sequence[Task], mask: NDArray[np.bool_], unreachable: dict[str, CodedError]
) -> NDArray[np.int64] | None:
    """Return the union of each gathering method's nearest rows of those that may be found, ascending.

    None where every row must be looked at: no method has an index, or too few of its nearest rows may be found. Methods
    whose index cannot be asked are added to `unreachable`, and their vectors compared one by one.
    """
    asked = [(task, name) for task in tasks for name in task.proxies]
    if not any(name in segment.indexes for _task, name in asked):
        return None
    found = []
    for task, name in asked:
        if name not in segment.methods:
            continue
        try:
            near = near_rows(segment, task, name, mask)
        except UNREACHABLE as error:
            unreachable[name] = error if isinstance(error, CodedError) else IndexUnavailableError(str(error))
            near = near_rows(replace(segment, indexes={}), task, name, mask)
        # So few of the nearest may be found that asking for more would cost as much as a scan.
        if near is None:
            return None
        found.append(near)
    return np.unique(np.concatenate(found))


def near_rows(segment: Segment, task: Task, name: str, mask: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return a method's nearest rows of those that may be found, by its index and codes; None: its index has too few.

    Raises
    ------
    IndexUnavailableError, IndexDamagedError, OSError : see `UNREACHABLE`
    """
    rows = segment.methods[name]
    asked = rows.asked(task.proxies[name])
    if index := segment.indexes.get(name):
        near = index.query_allowed(asked, task.rerank_depth, mask)
        if near is None:
            return None
    else:
        # An index that found too little was not kept, but what the method knows must not be missing from the union.
        may = mask if rows.present is None else mask & rows.present
        near = top(np.where(may, rows.scanned @ asked, np.float32(np.nan)), task.rerank_depth)
    if hashes := segment.hashes.get(name):
        # The mask comes afterwards: codes that near are few.
        coded = hashes.query(task.methods[name].query_codes(task.vectors[name]), task.rerank_depth)
        near = np.concatenate([near, coded[mask[coded]]])
    return near


def _united(
    near: NDArray[np.int64], shared: Sequence[Mapping[str, SharedSpots]], said: NDArray[np.int64]
) -> NDArray[np.int64]:
    return np.unique(np.concatenate([near, said, *(found.rows for each in shared for found in each.values())]))


def scans_of(
    segment: Segment,
    rows: NDArray[np.int64],
    proxies: QueryVectors,
    weights: Mapping[str, float],
    snapshot: Snapshot,
) -> Iterator[Scan]:
    """Yield what each method's dot products say of some rows of a segment; methods it does not hold are left out.

    Parameters
    ----------
    segment, rows : ndarray of shape (n,), rows of the segment
    proxies : of the query, by method
    weights : by method, of those that gather
    snapshot : for its calibration tables
    """
    for name in weights:
        if held := segment.methods.get(name):
            table = snapshot.tables[name].scanning(held)
            yield Scan(weights[name], table, *products_of(held, proxies[name], rows))


def _said_rows(segment: Segment, mask: NDArray[np.bool_], said: Said | None) -> NDArray[np.int64]:
    """Return the rows that may be found of the images that say it."""
    none = np.empty(0, np.int64)
    return none if said is None else np.flatnonzero(mask & np.isin(segment.image_ids, said.image_ids))
