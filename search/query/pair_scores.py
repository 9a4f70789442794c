"""How alike two images are by every method, and fused: from stored vectors, without a search and without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from search.features import registry, stored_vectors
from search.generations import collection_calibration
from search.generations.snapshot import current_snapshot
from search.methods import Method
from search.models import Feature, WorkState
from search.query.pipeline import image_ids_of_collection
from search.scoring.fusion import check_weights, fuse, shares
from search.scoring.segments import Snapshot, take
from search.types import Scores, Vectors

CHUNK = 1000
"""Pairs whose vectors are held together."""


@dataclass(frozen=True, slots=True)
class PairMethod:
    """What one method says about a pair; the numbers are None when it has nothing to say, and `missing` says why."""

    method: str
    weight: float
    version: str = ""
    raw: float | None = None
    decades: float | None = None  # -log10 of the share of random pairs that are at least this alike
    rarity: float | None = None  # 0..1, see `search.scoring.calibration`
    one_in: float | None = None  # "1 random pair in `one_in` is at least this alike"
    share: float | None = None  # 0..1, this method's part of the fused score; shares add up to 1
    guide: float | None = None  # by the guide's own definition, where a worker has computed it
    missing: str = ""


@dataclass(frozen=True, slots=True)
class PairScore:
    """How alike two images are, as a search from the first would say of the second.

    Attributes
    ----------
    first_id, second_id : of the images
    score : the fused score, 0..1; None when no method with a weight has anything to say
    methods : by name, in the order of the registry
    weights : of every method
    versions : of the methods' vectors
    generation_id : whose random pairs the rarities come from; None: there is no generation yet
    background : "library", or "collection" when the random pairs are those of one collection
    """

    first_id: int
    second_id: int
    score: float | None
    methods: Mapping[str, PairMethod]
    weights: Mapping[str, float]
    versions: Mapping[str, str]
    generation_id: int | None
    background: str = "library"

    def with_guides(self, guides: Mapping[str, float]) -> PairScore:
        """Return the same with the values by the guide's definitions, by method."""
        methods = {name: replace(found, guide=guides.get(name)) for name, found in self.methods.items()}
        return replace(self, methods=methods)

    def as_state(self) -> dict[str, Any]:
        """Return all of it, without the images' ids, as JSON holds it; what a verdict rests on."""
        return {
            "score": _rounded(self.score),
            "weights": dict(self.weights),
            "versions": dict(self.versions),
            "generation": self.generation_id,
            "background": self.background,
            "methods": {name: _document(found) for name, found in self.methods.items()},
        }


def score_pair(
    first_id: int, second_id: int, weights: Mapping[str, float], *, collection_id: int | None = None
) -> PairScore:
    """Compare two images; see `score_pairs`."""
    return score_pairs([(first_id, second_id)], weights, collection_id=collection_id)[0]


def score_pairs(
    pairs: Sequence[tuple[int, int]], weights: Mapping[str, float], *, collection_id: int | None = None
) -> list[PairScore]:
    """Compare many pairs of images by their stored vectors.

    What is compared are the vectors that a search would compare: those of the generation and of what is newer, and of
    images that are hidden, those that are stored. Numbers are those of a search from the first image.

    Parameters
    ----------
    pairs : of image ids
    weights : fusion weights by method; those not named are 0
    collection_id : judge by the random pairs of this collection, where it has enough images

    Returns
    -------
    scores : one per pair, in the order of the pairs

    Raises
    ------
    FusionWeightsError, UnknownMethodError : see `fusion.check_weights`
    """
    checked = check_weights(weights)
    snapshot, own_pairs = current_snapshot(), False
    if collection_id is not None:
        snapshot, own_pairs = collection_calibration.within(
            snapshot, collection_id, image_ids_of_collection(collection_id)
        )
    background = "collection" if own_pairs else "library"
    found: list[PairScore] = []
    for start in range(0, len(pairs), CHUNK):
        found += _score_chunk(np.array(pairs[start : start + CHUNK], np.int64), checked, snapshot, background)
    return found


def _score_chunk(
    pairs: NDArray[np.int64], weights: Mapping[str, float], snapshot: Snapshot, background: str
) -> list[PairScore]:
    """Compare pairs of shape (n, 2), n > 0, whose vectors fit into memory."""
    ids, places = np.unique(pairs, return_inverse=True)
    first, second = places.reshape(pairs.shape).T
    names = list(registry.methods())
    held = _held(snapshot, ids)
    raw = np.full((len(names), len(pairs)), np.nan, np.float32)
    for row, name in enumerate(names):
        if name in held:
            raw[row] = raw_scores(registry.methods()[name], *held[name], first, second)
    decades, rarities = np.full(raw.shape, np.nan), np.full(raw.shape, np.nan)
    for row, name in enumerate(names):
        if name in snapshot.tables:
            table = snapshot.tables[name].raw
            decades[row], rarities[row] = table.decades_of(raw[row]), table.rarity(raw[row])
    used = np.array([weights[name] for name in names])
    columns = [values.T.tolist() for values in (raw, decades, rarities, shares(rarities, used))]
    fused = fuse(rarities, used).tolist()
    reasons = _Reasons(snapshot, held, ids, names, rarities)
    scores = []
    for place, (pair, score) in enumerate(zip(pairs.tolist(), fused, strict=True)):
        versions = {name: snapshot.versions[name] for name in names if name in snapshot.versions}
        methods = {
            name: _pair_method(name, weights[name], versions.get(name, ""), *(values[place][row] for values in columns))
            for row, name in enumerate(names)
        }
        for name, silent in methods.items():
            if silent.rarity is None:
                methods[name] = replace(silent, missing=reasons.of(name, int(first[place]), int(second[place])))
        fused_score = None if np.isnan(score) else score
        scores.append(
            PairScore(pair[0], pair[1], fused_score, methods, weights, versions, snapshot.generation_id, background)
        )
    return scores


def _pair_method(
    name: str, weight: float, version: str, raw: float, decades: float, rarity: float, share: float
) -> PairMethod:
    """Return one method's numbers; what is NaN is missing."""
    if np.isnan(rarity):
        return PairMethod(name, weight, version)
    return PairMethod(name, weight, version, raw, decades, rarity, 10.0**decades, share)


Held = Mapping[str, tuple[Vectors, NDArray[np.bool_]]]
"""By method: vectors of shape (ids, dim), and which of the ids have one."""


def _held(snapshot: Snapshot, ids: NDArray[np.int64]) -> Held:
    """Return the vectors of images, those that are not searchable (hidden ones) from the stored features."""
    found = {name: held for name in registry.methods() if (held := take(snapshot, name, ids)) is not None}
    inside = np.zeros(len(ids), bool)
    for segment in snapshot.segments:
        inside |= np.isin(ids, segment.image_ids[segment.searchable])
    outside = ids[~inside]
    if not len(outside):
        return found
    for image_id, rows in stored_vectors.vectors_of_images(outside.tolist(), snapshot.versions).items():
        place = int(np.searchsorted(ids, image_id))
        for name, row in rows.items():
            if name not in found:
                found[name] = np.zeros((len(ids), len(row)), row.dtype), np.zeros(len(ids), bool)
            if found[name][0].shape[1] == len(row):  # else of another length than the generation's: not comparable
                found[name][0][place], found[name][1][place] = row, True
    return found


def raw_scores(
    method: Method,
    vectors: Vectors,
    present: NDArray[np.bool_],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
) -> Scores:
    """Return one method's raw scores of pairs of rows; NaN where a row is missing or says nothing.

    Parameters
    ----------
    method : whose vectors they are
    vectors : ndarray of shape (rows, dim)
    present : ndarray of shape (rows,), bool: which rows there are
    first, second : ndarrays of shape (n,), rows of the pairs

    Returns
    -------
    scores : ndarray of shape (n,), float32, larger is closer
    """
    scores = np.full(len(first), np.nan, np.float32)
    both = np.flatnonzero(present[first] & present[second])
    if type(method).scores is Method.scores:  # a dot product: all pairs at once
        scores[both] = np.einsum("ij,ij->i", vectors[first[both]], vectors[second[both]])
        return scores
    for row, chosen in _groups(first[both]):
        scores[both[chosen]] = method.scores(vectors[row], vectors[second[both[chosen]]])
    return scores


def _groups(keys: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each key with the places where it stands."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    for chosen in np.split(order, starts[1:]) if len(order) else []:
        yield int(keys[chosen[0]]), chosen


class _Reasons:
    """Why methods have nothing to say about pairs; the database is asked once, and only if something is missing."""

    def __init__(
        self,
        snapshot: Snapshot,
        held: Held,
        ids: NDArray[np.int64],
        names: list[str],
        rarities: NDArray[np.float64],
    ) -> None:
        self._held, self._ids = held, ids.tolist()
        self._unavailable = registry.unavailable_methods()
        self._versions = snapshot.versions
        silent = [name for row, name in enumerate(names) if np.isnan(rarities[row]).any()]
        self._rows = self._read(silent) if silent else {}

    def of(self, name: str, first: int, second: int) -> str:
        """Return why a method says nothing about the images at two places."""
        if name in self._unavailable:
            return self._unavailable[name]
        for place in (first, second):
            if name not in self._held or not self._held[name][1][place]:
                return _("image %(id)d: %(reason)s") % {"id": self._ids[place], "reason": self._absence(name, place)}
        abstains = registry.methods()[name].abstains(self._held[name][0][first])
        return abstains or _("no random pairs to judge it by yet")

    def _read(self, silent: list[str]) -> dict[tuple[int, str], tuple[str, str, str]]:
        """Return version, state and reason of the features of these methods that could have been compared."""
        rows = Feature.objects.filter(image__in=self._ids, method__in=silent).order_by("pk")
        listed = rows.values_list("image_id", "method", "version", "state", "reason")
        return {(image_id, method): (version, state, reason) for image_id, method, version, state, reason in listed}

    def _absence(self, name: str, place: int) -> str:
        """Return why an image has no vector of a method."""
        version, state, reason = self._rows.get((self._ids[place], name), ("", "", ""))
        if state == WorkState.FAILED:
            return reason
        if state == WorkState.READY and version != self._versions.get(name):
            return _("computed by another version of the method than the one that is searched by")
        return _("not computed yet")


def _document(found: PairMethod) -> dict[str, Any]:
    """Return what is known of one method, without what stands beside it."""
    about = asdict(found)
    del about["method"]
    return {name: _rounded(value) if isinstance(value, float) else value for name, value in about.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
