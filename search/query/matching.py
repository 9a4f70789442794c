"""From a query's vectors to ranked, explained results, over one snapshot and without the database.

Every weighted method scans all rows (or what its ANN index returns, for large generations), the scores are calibrated
and fused, and the best of that order are re-ranked: scored by every method's real score, costly ones included. So are
the best of each method alone, and the images that share spots with the query, see `search.query.candidates`.
Re-ranking methods take no part in the scan: they only see these, and without a weight no more of them than are shown,
unless proof is to come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import CodedError
from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index.paging import announce
from search.methods import Method, PairwiseMethod
from search.query.candidates import Candidates, SharedSpots, best_of, by_spots, choose
from search.query.proof import find_proofs
from search.scoring.estimate import Scan, products_of
from search.scoring.fusion import DEFAULT_WEIGHTS, top
from search.scoring.said import Said, SaidRows
from search.scoring.score import Comparison, Later, QueryRows, Rows, ScoreTable, score
from search.scoring.segments import Segment, Snapshot
from search.types import Result, Verification

QueryVectors = Mapping[str, NDArray[Any]]
"""One row of shape (dim,) per method that has something to say about the query."""
NOBODY = np.empty(0, np.int64)
UNREACHABLE = (IndexUnavailableError, IndexDamagedError, OSError)
"""What an index raises that a server keeps, when the server is gone, or has lost the index, since it was opened."""


@dataclass(frozen=True, slots=True)
class Task:
    """One query, as every step needs it."""

    vectors: QueryVectors
    proxies: QueryVectors  # what is compared with the scanned vectors of each method that gathers
    gathering: Mapping[str, float]  # weights of the methods that gather
    weights: Mapping[str, float]
    methods: Mapping[str, Method]
    k: int
    rerank_depth: int
    shown: int
    said: Said | None = None
    proof_first: bool = False

    @property
    def spotted(self) -> QueryVectors:
        """The rows of the methods whose indexes of spots are asked: those that count, or all that may prove."""
        return {
            name: row
            for name, row in self.vectors.items()
            if self.methods[name].reranks and (self.proof_first or self.weights[name] > 0)
        }


@dataclass(frozen=True, slots=True)
class Matches:
    """What `match` found."""

    results: list[Result]
    num_candidates: int
    exact: bool
    unreachable: Mapping[str, CodedError] = field(default_factory=dict)  # method -> why its index could not be asked
    motions: Mapping[int, Verification] = field(default_factory=dict)  # image -> what proves that it is the same


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
    excluded: int | None = None,
    shown: int | None = None,
    said: Said | None = None,
    proof_first: bool = False,
) -> Matches:
    """Find the images most like a query.

    Parameters
    ----------
    snapshot : what is searched
    vectors : of the query; methods not named are missing for it, and those of unknown methods are left out
    weights : by method, as `fusion.check_weights` returns them
    methods : by name, for their scores
    k, rerank_depth : results wanted, and candidates that get every method's real score (at least k)
    exact_max : up to this many rows are scanned even where there is an ANN index
    allowed : ndarray of image ids to search, ascending, None = all
    excluded : image id never to be found
    shown : results that re-ranking methods without a weight score too, None = k
    said : images that are compared whatever the vectors say, and lead their method
    proof_first : images that are proven to show the same go before all others, and re-ranking methods look at all
        candidates, whatever their weight

    Returns
    -------
    matches : at most k results, best first
    """
    # A generation may still hold rows of a method that this program no longer has.
    vectors = {name: row for name, row in vectors.items() if name in methods}
    gathering = gathering_weights(vectors, weights, methods)
    proxies = proxies_of(vectors, gathering, methods)
    depth = max(rerank_depth, k)
    shown = k if shown is None else shown
    task = Task(vectors, proxies, gathering, weights, methods, k, depth, shown, said, proof_first)
    gathered, exact, num_candidates = [], True, 0
    unreachable: dict[str, CodedError] = {}
    for segment in snapshot.segments:
        mask = allowed_rows(segment, allowed, excluded)
        # What counts is how many may be found: a small collection of a huge library is scanned whole.
        near = None if np.count_nonzero(mask) <= exact_max else _ann_rows(segment, task, mask, unreachable)
        exact = exact and near is None
        shared = by_spots(segment, task.spotted, methods, mask, depth)
        rows = np.flatnonzero(mask) if near is None else _united(near, shared, _said_rows(segment, mask, said))
        num_candidates += len(rows)
        scans = list(scans_of(segment, rows, proxies, gathering, snapshot))
        gathered.append(choose(segment, rows, scans, depth, shared, said.image_ids if said else NOBODY))
    return _rerank(gathered, task, snapshot, Matches([], num_candidates, exact, unreachable))


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


def allowed_rows(segment: Segment, allowed: NDArray[np.int64] | None, excluded: int | None) -> NDArray[np.bool_]:
    """Tell of each row of a segment whether it may be found."""
    mask = segment.searchable if allowed is None else segment.searchable & np.isin(segment.image_ids, allowed)
    return mask if excluded is None else mask & (segment.image_ids != excluded)


def _ann_rows(
    segment: Segment, task: Task, mask: NDArray[np.bool_], unreachable: dict[str, CodedError]
) -> NDArray[np.int64] | None:
    """Return the union of each gathering method's nearest rows of those that may be found, ascending.

    None where every row must be looked at: no method has an index, or too few of its nearest rows may be found. Methods
    whose index cannot be asked are added to `unreachable`, and their vectors compared one by one.
    """
    if not any(name in segment.indexes for name in task.proxies):
        return None
    found = []
    for name in task.proxies:
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


def _united(near: NDArray[np.int64], shared: Mapping[str, SharedSpots], said: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(np.concatenate([near, said, *(each.rows for each in shared.values())]))


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


def _rerank(gathered: list[Candidates], task: Task, snapshot: Snapshot, matches: Matches) -> Matches:
    """Score the best candidates of all segments by every method, fuse again and rank."""
    best = best_of(gathered, task.rerank_depth)
    for found in best:
        if found.segment.indexes:  # else all of it is scanned, and small
            for held in found.segment.methods.values():
                announce(held.vectors, found.rows)
    ids = np.concatenate([found.segment.image_ids[found.rows] for found in best])
    compared: dict[str, Comparison] = {
        name: QueryRows(vector, [_rows_of(found, name) for found in best]) for name, vector in task.vectors.items()
    }
    if task.said:
        held_by = task.said.method
        compared[held_by] = SaidRows(compared.get(held_by), np.isin(ids, task.said.image_ids))
    unweighted = [name for name, method in task.methods.items() if method.reranks and not task.weights[name]]
    # They change no score, so they look only at what will be shown, after the others have said what that is.
    later = None if task.proof_first else Later(unweighted, lambda table: table.order(ids, task.shown))
    table = score(compared, len(ids), task.methods, snapshot.calibrations, task.weights, later)
    proofs = find_proofs(table, compared, task.methods) if task.proof_first else {}
    strengths = np.zeros(len(ids))
    strengths[list(proofs)] = [proof.strength for proof in proofs.values()]
    motions = {int(ids[place]): proof.motion for place, proof in proofs.items()}
    return replace(matches, results=explain(table, ids, task.k, strengths), motions=motions)


def _said_rows(segment: Segment, mask: NDArray[np.bool_], said: Said | None) -> NDArray[np.int64]:
    """Return the rows that may be found of the images that say it."""
    none = np.empty(0, np.int64)
    return none if said is None else np.flatnonzero(mask & np.isin(segment.image_ids, said.image_ids))


def _rows_of(found: Candidates, name: str) -> Rows:
    held = found.segment.methods.get(name)
    if held is None:
        return Rows(len(found.rows))
    return Rows(len(found.rows), held.vectors, found.rows, held.present, found.likely.get(name))


def explain(
    table: ScoreTable, ids: NDArray[np.int64], k: int, proofs: NDArray[np.float64] | None = None
) -> list[Result]:
    """Rank scored images, and keep the reasons.

    Parameters
    ----------
    table : of the images compared with one query
    ids : ndarray of shape (n,), of the images
    k : results wanted
    proofs : ndarray of shape (n,): images with a strength above 0 go before the others, the strongest first; None: no
        image has any
    """
    proofs = np.zeros(len(ids)) if proofs is None else proofs
    order = table.order(ids, k, proofs)
    reasons = table.method_scores(order, ranked=True)
    columns = zip(ids[order].tolist(), table.fused[order].tolist(), reasons, proofs[order].tolist(), strict=True)
    return [
        Result(image_id, place, fused, said, sure)
        for place, (image_id, fused, said, sure) in enumerate(columns, start=1)
    ]
