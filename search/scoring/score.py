"""From vectors to scores: what each method says of pairs of images, and what all of them come to together.

Search, comparison, review queues, duplicate scans, evaluation and the learning of weights all score here, so that one
pair has one score wherever it is shown. What is only estimated, to choose candidates, is in `search.scoring.estimate`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from search.methods import Method, RerankMethod
from search.scoring.calibration import Calibration, rarity_of
from search.scoring.fusion import fuse, rank, ranks, shares
from search.scoring.kinds import PairTables
from search.scoring.segments import Snapshot, take
from search.types import MethodScore, Missing, Scores, Vectors


class Comparison(Protocol):
    """One method's vectors of n pairs of images."""

    def present(self) -> NDArray[np.bool_]:
        """Return of each pair whether both images have a vector; shape (n,)."""

    def scores(self, method: Method, asked: NDArray[np.bool_]) -> Scores:
        """Return the raw scores of the pairs asked for, in their order, NaN = missing; `asked` has shape (n,)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one array that a query is compared with.

    Attributes
    ----------
    num : how many
    vectors : ndarray of shape (m, dim); None: the method has nothing for any of these images
    places : ndarray of shape (num,), which of the vectors; None: all of them, in their order
    has_vector : ndarray of shape (m,), bool; None: every vector is one
    likely : ndarray of shape (num,), int64, see `RerankMethod.scores_of_likely`; None: nothing is known
    """

    num: int
    vectors: Vectors | None = None
    places: NDArray[np.integer] | None = None
    has_vector: NDArray[np.bool_] | None = None
    likely: NDArray[np.int64] | None = None

    def present(self) -> NDArray[np.bool_]:
        """Return of each row whether it has a vector; shape (num,)."""
        if self.vectors is None or self.has_vector is None:
            return np.full(self.num, self.vectors is not None)
        return self.has_vector if self.places is None else self.has_vector[self.places]

    def scores(self, query: NDArray[Any], method: Method, asked: NDArray[np.bool_]) -> Scores:
        """Return the raw scores of the rows asked for; see `Comparison.scores`."""
        if self.vectors is None or not asked.any():
            return np.full(np.count_nonzero(asked), np.nan, np.float32)
        every = self.places is None and asked.all()  # then nothing is copied
        chosen = slice(None) if every else (np.flatnonzero(asked) if self.places is None else self.places[asked])
        if self.likely is not None and isinstance(method, RerankMethod):
            scores = method.scores_of_likely(query, self.vectors[chosen], self.likely[asked])
        else:
            scores = method.scores(query, self.vectors[chosen])
        return scores if self.has_vector is None else np.where(self.has_vector[chosen], scores, np.float32(np.nan))

    def row(self, number: int) -> NDArray[Any] | None:
        """Return the vector of one of the rows, None where it has none."""
        if self.vectors is None:
            return None
        place = number if self.places is None else int(self.places[number])
        return self.vectors[place] if self.has_vector is None or self.has_vector[place] else None


@dataclass(frozen=True, slots=True)
class QueryRows:
    """A query paired with rows: `query` of shape (dim,), and the rows of one or more arrays, one after another."""

    query: NDArray[Any]
    parts: Sequence[Rows]

    def present(self) -> NDArray[np.bool_]:
        """See `Comparison.present`."""
        return np.concatenate([np.empty(0, bool), *(part.present() for part in self.parts)])

    def scores(self, method: Method, asked: NDArray[np.bool_]) -> Scores:
        """See `Comparison.scores`."""
        ends = np.cumsum([part.num for part in self.parts])
        masks = np.split(asked, ends[:-1])
        found = [part.scores(self.query, method, mask) for part, mask in zip(self.parts, masks, strict=True)]
        return found[0] if len(found) == 1 else np.concatenate([np.empty(0, np.float32), *found])

    def row(self, number: int) -> NDArray[Any] | None:
        """Return the vector of one of all the rows, None where it has none."""
        for part in self.parts:
            if number < part.num:
                return part.row(number)
            number -= part.num
        return None


@dataclass(frozen=True, slots=True)
class RowPairs:
    """Pairs among the rows of one array.

    Attributes
    ----------
    vectors : ndarray of shape (m, dim)
    has_vector : ndarray of shape (m,), bool
    first, second : ndarrays of shape (n,), rows of each pair
    """

    vectors: Vectors
    has_vector: NDArray[np.bool_]
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    def present(self) -> NDArray[np.bool_]:
        """See `Comparison.present`."""
        return np.asarray(self.has_vector[self.first] & self.has_vector[self.second])

    def scores(self, method: Method, asked: NDArray[np.bool_]) -> Scores:
        """See `Comparison.scores`; pairs of one first row are compared together."""
        first, second = self.first[asked], self.second[asked]
        scores = np.full(len(first), np.nan, np.float32)
        both = np.flatnonzero(self.has_vector[first] & self.has_vector[second])
        # Not overridden, so it is the cosine.
        if type(method).scores is Method.scores:  # a dot product: all pairs at once
            scores[both] = np.einsum("ij,ij->i", self.vectors[first[both]], self.vectors[second[both]])
            return scores
        for row, chosen in _groups(first[both]):
            scores[both[chosen]] = method.scores(self.vectors[row], self.vectors[second[both[chosen]]])
        return scores


def _groups(keys: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each key with the places where it stands."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    for chosen in np.split(order, starts[1:]) if len(order) else []:
        yield int(keys[chosen[0]]), chosen


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """What M methods say of n pairs.

    Attributes
    ----------
    names : of the methods; row i of every array is that of `names[i]`
    weights : ndarray of shape (M,), float64, >= 0
    raw : ndarray of shape (M, n), float32, on each method's own scale, larger is closer; NaN = missing
    decades : ndarray of shape (M, n), float64, >= 0; NaN where `raw` is, and where the method has no calibration
    rarity : ndarray of shape (M, n), float64, 0..1; NaN where `decades` is
    fused : ndarray of shape (n,), float64, 0..1; NaN where no method with a weight has a rarity
    """

    names: tuple[str, ...]
    weights: NDArray[np.float64]
    raw: NDArray[np.float32]
    decades: NDArray[np.float64]
    rarity: NDArray[np.float64]
    fused: NDArray[np.float64]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where methods have nothing to say: shape (M, n)."""
        return np.isnan(self.rarity)

    @property
    def shares(self) -> NDArray[np.float64]:
        """Each method's part of the fused score, shape (M, n), 0..1, 0 where missing; see `fusion.shares`."""
        return shares(self.rarity, self.weights)

    @property
    def ranks(self) -> NDArray[np.int64]:
        """Each pair's place by one method alone, shape (M, n): 1 = the closest, 0 = missing; see `fusion.ranks`."""
        return np.array([ranks(row) for row in self.raw]).reshape(self.raw.shape)

    def order(
        self, ids: NDArray[np.int64], count: int | None = None, first: NDArray[np.float64] | None = None
    ) -> NDArray[np.intp]:
        """Return the places of the best, best first: by fused score, then by fused raw scores, then by id.

        Parameters
        ----------
        ids : ndarray of shape (n,)
        count : how many at most; None: all that have a score
        first : ndarray of shape (n,): what has the highest values here goes first, whatever its score; None: scores
            alone decide
        """
        order = rank(self.fused, fuse(self.raw, self.weights), ids)
        if first is not None:
            order = order[np.argsort(-first[order], kind="stable")]
        return order[:count]

    def method_scores(self, places: NDArray[np.intp], *, ranked: bool = False) -> list[dict[str, MethodScore]]:
        """Return the numbers of every method for some of the pairs, by name.

        Parameters
        ----------
        places : ndarray of shape (k,), of the pairs
        ranked : with their ranks, which only mean something among the candidates of one query
        """
        # One conversion of whole arrays: taking single numbers out of them would cost more than everything else.
        columns = (self.raw, self.decades, self.rarity, self.shares)
        values = [column[:, places].tolist() for column in columns]
        among = self.ranks[:, places].tolist() if ranked else None
        weights = self.weights.tolist()
        found = []
        for column in range(len(places)):
            said = {}
            for row, name in enumerate(self.names):
                numbers = (values[0][row][column], values[1][row][column], values[2][row][column])
                place = among[row][column] if among else None
                said[name] = _method_score(name, weights[row], numbers, values[3][row][column], place)
            found.append(said)
        return found


def _method_score(
    name: str, weight: float, numbers: tuple[float, float, float], share: float, place: int | None
) -> MethodScore:
    """Return one method's numbers; what is NaN, and so unequal to itself, is missing."""
    raw, decades, rarity = numbers
    if rarity != rarity:
        return MethodScore(name, weight, missing=Missing.NO_SCORE if raw != raw else Missing.NO_CALIBRATION)
    return MethodScore(name, weight, raw, decades, rarity, share, place)


@dataclass(frozen=True, slots=True)
class Later:
    """Costly methods that are asked when the others have answered, and of some pairs alone.

    Attributes
    ----------
    names : of the methods
    choose : takes the table of the others, and returns the places of the pairs to ask about
    fill : whether the pairs not asked about count as the least alike of those that were, or 0; else they are missing
    """

    names: Collection[str]
    choose: Callable[[ScoreTable], NDArray[np.intp]]
    fill: bool = False


def score(
    compared: Mapping[str, Comparison],
    num_pairs: int,
    methods: Mapping[str, Method],
    calibrations: Mapping[str, Calibration] | PairTables,
    weights: Mapping[str, float],
    later: Later | None = None,
) -> ScoreTable:
    """Score pairs of images by their vectors.

    Parameters
    ----------
    compared : vectors of `num_pairs` pairs by method; a method not named is missing for all of them
    num_pairs : n
    methods : by name: the rows of the table, in their order
    calibrations : by method, of raw scores, or what judges each of the pairs; a method without one has raw scores, but
        no part in the fused score
    weights : by method; 0 where not named
    later : methods that are asked last, None: all are asked about all

    Returns
    -------
    table : with one column per pair
    """
    names = tuple(methods)
    raw = np.full((len(names), num_pairs), np.nan, np.float32)
    everything = np.ones(num_pairs, bool)
    # What has nothing to compare need not be waited for.
    postponed = [name for name in later.names if name in compared] if later else []
    for row, name in enumerate(names):
        if name in compared and name not in postponed:
            raw[row] = compared[name].scores(methods[name], everything)
    table = tabulate(names, raw, calibrations, weights)
    if not later or not postponed:
        return table
    asked = np.zeros(num_pairs, bool)
    asked[later.choose(table)] = True
    for name in postponed:
        raw[names.index(name)] = _ask(compared[name], methods[name], asked, fill=later.fill)
    return tabulate(names, raw, calibrations, weights)


def _ask(compared: Comparison, method: Method, asked: NDArray[np.bool_], *, fill: bool) -> Scores:
    """Return a method's raw scores of all pairs when it is asked about some; see `Later`."""
    scores = np.full(len(asked), np.nan, np.float32)
    scores[asked] = compared.scores(method, asked)
    if fill:
        present = compared.present()
        scores[present & ~asked] = scores[present & asked].min(initial=0.0)
    return scores


def tabulate(
    names: Sequence[str],
    raw: NDArray[np.float32],
    calibrations: Mapping[str, Calibration] | PairTables,
    weights: Mapping[str, float],
) -> ScoreTable:
    """Calibrate and fuse raw scores that are known already.

    Parameters
    ----------
    names : of the M methods
    raw : ndarray of shape (M, n), float32, NaN = missing
    calibrations, weights : see `score`
    """
    judges = calibrations if isinstance(calibrations, PairTables) else PairTables(calibrations)
    decades, rarity = np.full(raw.shape, np.nan), np.full(raw.shape, np.nan)
    for row, name in enumerate(names):
        if name in judges:
            decades[row] = judges.decades_of(name, raw[row])
            # Of a method without a calibration nothing but raw scores is known, on a scale that cannot be added.
            rarity[row] = rarity_of(decades[row])
    used = np.array([weights.get(name, 0.0) for name in names], np.float64)
    return ScoreTable(tuple(names), used, raw, decades, rarity, fuse(rarity, used))


def pairs_among(
    snapshot: Snapshot, names: Collection[str], first: NDArray[np.int64], second: NDArray[np.int64]
) -> dict[str, RowPairs]:
    """Collect the vectors of pairs of images, for `score`; they must fit into memory.

    Parameters
    ----------
    snapshot : that holds them
    names : of the methods
    first, second : ndarrays of shape (n,), image ids; images that are not searchable have no vectors
    """
    ids, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    one, other = np.split(places, 2)
    held = {name: take(snapshot, name, ids) for name in names}
    return {name: RowPairs(*found, one, other) for name, found in held.items() if found is not None}
