"""Every ranking of one query: by each method alone, by the fusions, and by the textbook definitions beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.evaluation.reference_baseline import ReferenceColors
from search.features import registry
from search.methods import METHODS, Method
from search.query.candidates import by_spots
from search.query.pipeline import RERANK_DEPTH
from search.query.proof import Proof, find_proofs
from search.scoring.fusion import DEFAULT_WEIGHTS, fuse, top
from search.scoring.kinds import KindNumbers, PairTables
from search.scoring.presets import DEFAULT_PRESET, PRESETS
from search.scoring.score import Later, QueryRows, Rows, ScoreTable, score
from search.scoring.segments import Snapshot, take
from search.types import Scores, Vectors

METHOD, FUSED, REFERENCE = "methods", "fused", "reference"
PARTS = (METHOD, FUSED, REFERENCE)
"""Of what is reported."""
DEFAULT, EQUAL, LEARNED, PROVEN = "default", "equal", "learned", "proven"
REFERENCE_COLOR, RAW_SUM, REFERENCE_SUM = "guide_color", "raw_sum", "guide_sum"
REFERENCE_WEIGHTS = {"color": 0.3, "ssim": 0.2, "deep": 0.5}
"""The textbook adds raw scores by these weights (RAW_SUM); REFERENCE_SUM has the same weights on rarities."""
TIE = 1e-9
"""Weight of the raw scores that tell equal fused scores apart, as search does it: too small to decide anything else."""
Ranking = tuple[str, str]
"""Part and name."""


@dataclass(frozen=True, slots=True)
class Field:
    """The images among which is searched; row i is the same image in every array."""

    image_ids: NDArray[np.int64]
    snapshot: Snapshot
    rows: Mapping[str, tuple[Vectors, NDArray[np.bool_]]]  # method -> vectors, and which rows have one
    kinds: KindNumbers | None = None  # of the images; None: the library has no kinds

    def vectors_of(self, row: int) -> dict[str, NDArray[Any]]:
        """Return one image's vectors by method."""
        return {name: vectors[row] for name, (vectors, present) in self.rows.items() if present[row]}

    def score(
        self,
        vectors: Mapping[str, NDArray[Any]],
        methods: Mapping[str, Method],
        rows: NDArray[np.intp] | None = None,
        later: Later | None = None,
        likely: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> ScoreTable:
        """Return what methods say of some of the images for one query, not fused.

        Parameters
        ----------
        vectors : one row of shape (dim,) per method; a method not named has nothing to say
        methods : by name: the rows of the table
        rows : ndarray of shape (n,), of the images; None: all of them
        later : see `search.scoring.score.Later`
        likely : by name of a re-ranking method, see `search.scoring.score.Rows`; with them, `rows` is None
        """
        num_rows = len(self.image_ids) if rows is None else len(rows)
        compared = self.compare(vectors, rows, likely)
        return score(compared, num_rows, methods, self._judges(vectors, rows), {}, later)

    def _judges(self, vectors: Mapping[str, NDArray[Any]], rows: NDArray[np.intp] | None) -> PairTables:
        """Return the tables that judge a query paired with some of the images."""
        known = self.snapshot.kinds
        if known is None or self.kinds is None:
            return PairTables(self.snapshot.calibrations)
        kinds = self.kinds if rows is None else self.kinds[rows]
        return self.snapshot.pair_tables(np.full(len(kinds), known.of_query(vectors), np.int8), kinds)

    def compare(
        self,
        vectors: Mapping[str, NDArray[Any]],
        rows: NDArray[np.intp] | None = None,
        likely: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> dict[str, QueryRows]:
        """Pair one query's vectors with those of the images; see `score`."""
        num_rows, known = len(self.image_ids) if rows is None else len(rows), likely or {}
        return {
            name: QueryRows(vectors[name], [Rows(num_rows, stored, rows, present, known.get(name))])
            for name, (stored, present) in self.rows.items()
            if name in vectors
        }

    def likely(
        self, vectors: Mapping[str, NDArray[Any]], methods: Mapping[str, Method]
    ) -> dict[str, NDArray[np.int64]]:
        """Return which images the indexes of spots bring up, and the way in which each is like the query; -1: none."""
        found: dict[str, NDArray[np.int64]] = {}
        order = np.argsort(self.image_ids)
        queries = {name: row for name, row in vectors.items() if name in methods and methods[name].reranks}
        for segment in self.snapshot.segments:
            mask = segment.searchable & np.isin(segment.image_ids, self.image_ids)
            for name, shared in by_spots(segment, queries, methods, mask, RERANK_DEPTH).items():
                ways = found.setdefault(name, np.full(len(self.image_ids), -1, np.int64))
                ways[order[np.searchsorted(self.image_ids[order], segment.image_ids[shared.rows])]] = shared.ways
        return found

    def version_of(self, name: str) -> str:
        """Return the version of the method by which these images were described."""
        return next(part.methods[name].version for part in self.snapshot.segments if name in part.methods)


def make_field(snapshot: Snapshot, image_ids: NDArray[np.int64]) -> Field:
    """Collect the rows of these images; methods that describe none of them are left out.

    Methods that the snapshot holds in no table yet, or that this program no longer knows, are left out as well.
    """
    # Without a table there is no rarity, and without a method nothing to compare with.
    known = [name for name in registry.methods() if name in snapshot.tables]
    rows = {name: found for name in known if (found := take(snapshot, name, image_ids)) and found[1].any()}
    return Field(image_ids, snapshot, rows, snapshot.kinds_of(image_ids))


def fusions(learned: Mapping[str, float] | None) -> dict[str, dict[str, float]]:
    """Return the weights of every fusion that is measured: default, equal, learned if any, and the other presets."""
    found = {DEFAULT: dict(DEFAULT_WEIGHTS), EQUAL: dict.fromkeys(METHODS, 1.0)}
    if learned is not None:
        found[LEARNED] = dict.fromkeys(DEFAULT_WEIGHTS, 0.0) | dict(learned)
    presets = {name: preset.full_weights() for name, preset in PRESETS.items() if name != DEFAULT_PRESET}
    return found | presets


class Judge:
    """Scores every image of a field for one query, by every ranking.

    Search runs over all methods and rows as for people, but without estimates or an ANN index. Only re-ranking methods,
    which are too slow for that, see the first 400 by the default weights, and those that share spots with the query;
    the rest counts as their worst. PROVEN is the order of the default weights with what is proven first.
    """

    def __init__(
        self, field: Field, weights: Mapping[str, Mapping[str, float]], colors: ReferenceColors | None = None
    ) -> None:
        """Keep what is compared: a field, the weights by fusion, and the textbook's histograms of the same rows."""
        self._field, self._colors = field, colors
        self._methods = {name: registry.methods()[name] for name in field.rows}
        self._names = list(self._methods)
        self._weights = {
            fusion: np.array([given.get(name, 0.0) for name in self._names]) for fusion, given in weights.items()
        }

    def of_row(self, row: int) -> dict[Ranking, NDArray[np.floating]]:
        """Return the scores of every image for one of them as the query."""
        reference = None if self._colors is None else self._colors.scores(row)
        return self.rankings(self._field.vectors_of(row), reference)

    def rankings(
        self, vectors: Mapping[str, NDArray[Any]], reference: Scores | None = None
    ) -> dict[Ranking, NDArray[np.floating]]:
        """Return the scores of every image for any query, NaN = not found; rankings that find nothing are left out.

        Parameters
        ----------
        vectors : one row of shape (dim,) per method
        reference : ndarray of shape (n,), the textbook's color similarities with the query; None = not known
        """
        reranking = [name for name, method in self._methods.items() if method.reranks]
        likely = self._field.likely(vectors, self._methods)
        choose = partial(self._reranked, likely=likely)
        table = self._field.score(vectors, self._methods, later=Later(reranking, choose, fill=True), likely=likely)
        raw, rarities = table.raw, table.rarity
        found: dict[Ranking, NDArray[np.floating]] = {
            # A method that says nothing of this query is left out of its mean, rather than taken for wrong.
            (METHOD, name): scores
            for name, scores in zip(self._names, raw, strict=True)
            if not np.isnan(scores).all()
        }
        for fusion, weights in self._weights.items():
            # Zero for NaN, or a missing raw score would take the fused one away.
            fused = fuse(rarities, weights) + TIE * np.nan_to_num(fuse(raw, weights))
            if not np.isnan(fused).all():
                found[FUSED, fusion] = fused
        if (FUSED, DEFAULT) in found and any(name in vectors for name in reranking):
            proofs = find_proofs(table, self._field.compare(vectors), self._methods)
            found[FUSED, PROVEN] = _proven_first(found[FUSED, DEFAULT], proofs)
        if reference is not None and not np.isnan(reference).all():
            found[REFERENCE, REFERENCE_COLOR] = reference
            # The textbook adds its own color comparison, not ours.
            added = np.array([reference if name == "color" else raw[place] for place, name in enumerate(self._names)])
            # By the methods at hand: one that is not available leaves its share to the others, as in search.
            weights = np.array([REFERENCE_WEIGHTS.get(name, 0.0) for name in self._names])
            if weights.any():
                found[REFERENCE, RAW_SUM] = fuse(added, weights)
                found[REFERENCE, REFERENCE_SUM] = fuse(rarities, weights)
        return found

    def _reranked(self, table: ScoreTable, likely: Mapping[str, NDArray[np.int64]]) -> NDArray[np.intp]:
        """Return the rows that a re-ranking method sees: the best by the default weights of others, and likely ones."""
        weights = np.array(
            [0.0 if self._methods[name].reranks else DEFAULT_WEIGHTS.get(name, 0.0) for name in table.names]
        )
        # Where only methods without a default weight describe these images, all of them choose.
        best = top(fuse(table.rarity, weights if weights.any() else np.ones(len(weights))), RERANK_DEPTH)
        return np.unique(np.concatenate([best, *(np.flatnonzero(ways >= 0) for ways in likely.values())]))


def _proven_first(fused: NDArray[np.floating], proofs: Mapping[int, Proof]) -> NDArray[np.float64]:
    """Return the order in which people see the images, as scores of 0..1: what is proven lies in the upper half."""
    scores = fused / 2
    for place, proof in proofs.items():
        if not np.isnan(scores[place]):
            scores[place] = 1 - 0.5 / (1 + proof.strength)
    return np.asarray(scores, np.float64)
