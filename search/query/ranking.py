"""From gathered candidates to ranked, explained results: every method's real score, pooled over the examples, fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import CodedError
from search.index.paging import announce
from search.methods import Method
from search.query.candidates import Candidates, best_of
from search.query.proof import Proof, find_proofs, strongest
from search.scoring.calibration import Calibration
from search.scoring.kinds import NONE, KindNumbers, PairTables
from search.scoring.pooling import Pooling, pool
from search.scoring.said import Said, SaidRows
from search.scoring.score import Comparison, Later, QueryRows, Rows, ScoreTable, score
from search.scoring.segments import Snapshot, kinds_at
from search.types import Result, Verification

QueryVectors = Mapping[str, NDArray[Any]]
"""One row of shape (dim,) per method that has something to say about the query."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One example beside the first that is searched by.

    Attributes
    ----------
    number : by which explanations name it
    vectors : by method
    unlike : whether images should not be like it
    calibrations : by which its scores are judged; None: those of the snapshot
    said : see `match`
    """

    number: int
    vectors: QueryVectors
    unlike: bool = False
    calibrations: Mapping[str, Calibration] | None = None
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One query, or one of its examples, as every step needs it."""

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
    number: int = 0
    calibrations: Mapping[str, Calibration] | None = None

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


def rerank(
    gathered: list[Candidates], tasks: Sequence[Task], disliked: Sequence[Task], snapshot: Snapshot, matches: Matches
) -> Matches:
    """Score the best candidates of all segments by every method, fuse again and rank."""
    whole = tasks[0]
    best = best_of(gathered, whole.rerank_depth)
    for found in best:
        if found.segment.indexes:  # else all of it is scanned, and small
            for held in found.segment.methods.values():
                announce(held.vectors, found.rows)
    ids = np.concatenate([found.segment.image_ids[found.rows] for found in best])
    compared = [_compared(task, best, ids, place) for place, task in enumerate(tasks)]
    reranking = [name for name, method in whole.methods.items() if method.reranks]
    unweighted = [name for name in reranking if not whole.weights[name]]
    # They change no score, so they look only at what will be shown, after the others have said what that is.
    later = None if whole.proof_first else Later(unweighted, lambda table: table.order(ids, whole.shown))
    kinds = np.concatenate([kinds_at(found.segment, found.rows) for found in best])
    tables = [_scored(task, each, kinds, snapshot, later) for task, each in zip(tasks, compared, strict=True)]
    proofs: dict[int, Proof] = {}
    if whole.proof_first:
        pairs = zip(tables, compared, strict=True)
        proofs = strongest([find_proofs(table, each, whole.methods) for table, each in pairs])
    strengths = np.zeros(len(ids))
    strengths[list(proofs)] = [proof.strength for proof in proofs.values()]
    motions = {int(ids[place]): proof.motion for place, proof in proofs.items()}
    if len(tables) == 1 and not disliked:
        return replace(matches, results=explain(tables[0], ids, whole.k, strengths), motions=motions)
    # What should not be found is compared closely only where it is close: keypoints cost the most.
    near = Later(reranking, lambda table: table.order(ids, whole.shown))
    against = [_scored(task, _compared(task, best, ids, None), kinds, snapshot, near) for task in disliked]
    pooled = pool(tables, against, reranking, np.fromiter(proofs, np.intp, len(proofs)))
    numbers = [task.number for task in tasks], [task.number for task in disliked]
    return replace(matches, results=explain(pooled.table, ids, whole.k, strengths, pooled, numbers), motions=motions)


def _scored(
    task: Task, compared: Mapping[str, Comparison], kinds: KindNumbers, snapshot: Snapshot, later: Later | None
) -> ScoreTable:
    """Score one example paired with the candidates, which are of these kinds."""
    judges: Mapping[str, Calibration] | PairTables | None = task.calibrations
    if judges is None:
        kind = snapshot.kinds.of_query(task.vectors) if snapshot.kinds else NONE
        judges = snapshot.pair_tables(np.full(len(kinds), kind, np.int8), kinds)
    return score(compared, len(kinds), task.methods, judges, task.weights, later)


def _compared(task: Task, best: list[Candidates], ids: NDArray[np.int64], place: int | None) -> dict[str, Comparison]:
    """Return one example's vectors beside those of the candidates; `place` is that of the example in `likely`."""
    compared: dict[str, Comparison] = {
        name: QueryRows(vector, [_rows_of(found, name, place) for found in best])
        for name, vector in task.vectors.items()
    }
    if task.said:
        held_by = task.said.method
        compared[held_by] = SaidRows(compared.get(held_by), np.isin(ids, task.said.image_ids))
    return compared


def _rows_of(found: Candidates, name: str, place: int | None) -> Rows:
    held = found.segment.methods.get(name)
    if held is None:
        return Rows(len(found.rows))
    likely = None if place is None else found.likely[place].get(name)
    return Rows(len(found.rows), held.vectors, found.rows, held.present, likely)


def explain(
    table: ScoreTable,
    ids: NDArray[np.int64],
    k: int,
    proofs: NDArray[np.float64] | None = None,
    pooling: Pooling | None = None,
    numbers: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> list[Result]:
    """Rank scored images, and keep the reasons.

    Parameters
    ----------
    table : of the images compared with one query
    ids : ndarray of shape (n,), of the images
    k : results wanted
    proofs : ndarray of shape (n,): images with a strength above 0 go before the others, the strongest first; None: no
        image has any
    pooling : where there are several examples
    numbers : of the liked examples, and of the disliked ones
    """
    proofs = np.zeros(len(ids)) if proofs is None else proofs
    order = table.order(ids, k, proofs)
    reasons = table.method_scores(order, ranked=True)
    if pooling:
        reasons = [pooling.explain(said, place, *numbers) for said, place in zip(reasons, order.tolist(), strict=True)]
    columns = zip(ids[order].tolist(), table.fused[order].tolist(), reasons, proofs[order].tolist(), strict=True)
    return [
        Result(image_id, place, fused, said, sure)
        for place, (image_id, fused, said, sure) in enumerate(columns, start=1)
    ]
