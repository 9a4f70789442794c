"""How alike two images are by every method, and fused: from stored vectors, without a search and without TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.features import registry, stored_vectors
from search.generations import collection_calibration
from search.generations.snapshot import current_snapshot
from search.query.pair_absences import Absence, Absences, Held
from search.query.pipeline import image_ids_of_collection
from search.query.standard import Standard, standards_of_pairs
from search.scoring.fusion import check_weights
from search.scoring.kinds import NONE, KindNumbers
from search.scoring.score import RowPairs, score
from search.scoring.segments import Snapshot, take
from search.types import MethodScore

CHUNK = 1000
"""Pairs whose vectors are held together."""
# Keys of documents that verdicts keep for ever: add to them, but rename none.
FIGURES = ("raw", "decades", "rarity", "one_in", "share")


@dataclass(frozen=True, slots=True)
class PairScore:
    """How alike two images are, as a search from the first would say of the second.

    Attributes
    ----------
    first_id, second_id : of the images
    score : the fused score, 0..1; None when no method with a weight has anything to say
    methods : their numbers by name, in the order of the registry
    weights : of every method
    versions : of the methods' vectors
    generation_id : whose random pairs the rarities come from; None: there is no generation yet
    standard : whose random pairs the rarities are among
    absences : why methods are missing, by name, of those that are
    textbook_values : values by the textbook definitions, by method, where a worker has computed them
    """

    first_id: int
    second_id: int
    score: float | None
    methods: Mapping[str, MethodScore]
    weights: Mapping[str, float]
    versions: Mapping[str, str]
    generation_id: int | None
    standard: Standard = field(default_factory=Standard)
    absences: Mapping[str, Absence] = field(default_factory=dict)
    textbook_values: Mapping[str, float] = field(default_factory=dict)

    @property
    def background(self) -> str:
        """Whose random pairs the rarities are among, see `PairsOf`."""
        return str(self.standard.background)

    def with_textbook(self, textbook_values: Mapping[str, float]) -> PairScore:
        """Return the same with the values by the textbook definitions, by method."""
        return replace(self, textbook_values=textbook_values)

    def missing(self, name: str) -> str:
        """Return why a method says nothing, in words; empty when it has something to say."""
        return str(self.absences[name].whole()) if name in self.absences else ""

    def as_state(self) -> dict[str, Any]:
        """Return all of it, without the images' ids, as JSON holds it; what a verdict rests on."""
        return {
            "score": _rounded(self.score),
            "weights": dict(self.weights),
            "versions": dict(self.versions),
            "generation": self.generation_id,
            "background": self.background,
            "borrowed": _rounded(self.standard.borrowed),
            "methods": {name: self._document(name) for name in self.methods},
        }

    def _document(self, name: str) -> dict[str, Any]:
        """Return what is known of one method."""
        found = self.methods[name]
        figures = {key: _rounded(value) for key, value in found.figures(FIGURES).items()}
        return {
            "weight": _rounded(found.weight),
            "version": self.versions.get(name, ""),
            **figures,
            # What the textbook's value was called from the start, and is called in the documents kept since.
            "guide": _rounded(self.textbook_values.get(name)),
            "missing": self.absences[name].whole().as_json() if name in self.absences else "",
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
    found: list[PairScore] = []
    for start in range(0, len(pairs), CHUNK):
        found += _score_chunk(np.array(pairs[start : start + CHUNK], np.int64), checked, snapshot, own_pairs=own_pairs)
    return found


def _score_chunk(
    pairs: NDArray[np.int64], weights: Mapping[str, float], snapshot: Snapshot, *, own_pairs: bool
) -> list[PairScore]:
    """Compare pairs of shape (n, 2), n > 0, whose vectors fit into memory."""
    ids, places = np.unique(pairs, return_inverse=True)
    # NumPy 1 returned the inverse flat, NumPy 2 in the shape of its input.
    first, second = places.reshape(pairs.shape).T
    held = _held(snapshot, ids)
    compared = {name: RowPairs(*found, first, second) for name, found in held.items()}
    kinds = _kinds(snapshot, ids, held)
    judges = snapshot.pair_tables(kinds[first], kinds[second])
    table = score(compared, len(pairs), registry.methods(), judges, weights)
    silent = [name for name, missing in zip(table.names, table.missing, strict=True) if missing.any()]
    absences = Absences(snapshot.versions, held, ids, silent)
    versions = {name: snapshot.versions[name] for name in table.names if name in snapshot.versions}
    about = (weights, versions, snapshot.generation_id)
    standards = standards_of_pairs(snapshot, kinds[first], kinds[second], weights, own_pairs=own_pairs)
    said = table.method_scores(np.arange(len(pairs)))
    scores = []
    for (one, other), one_row, other_row, fused, methods, standard in zip(
        pairs.tolist(), first.tolist(), second.tolist(), table.fused.tolist(), said, standards, strict=True
    ):
        why = {name: absences.of(name, one_row, other_row) for name, found in methods.items() if found.missing}
        methods |= {name: replace(methods[name], missing=each.code) for name, each in why.items()}
        scores.append(PairScore(one, other, None if np.isnan(fused) else fused, methods, *about, standard, why))
    return scores


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


def _kinds(snapshot: Snapshot, ids: NDArray[np.int64], held: Held) -> KindNumbers:
    """Return the kinds of images; of those that are hidden, by the vectors that were stored."""
    kinds = snapshot.kinds_of(ids)
    if snapshot.kinds and snapshot.kinds.method in held:
        vectors, present = held[snapshot.kinds.method]
        outside = np.flatnonzero(kinds == NONE)
        kinds[outside] = snapshot.kinds.places.of(vectors[outside], present[outside])
    return kinds


def _rounded(value: float | None) -> float | None:
    # Further digits depend on the order in which a machine's library adds.
    return None if value is None else round(float(value), 6)
