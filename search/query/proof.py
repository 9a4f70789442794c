"""Proof among the candidates of a search: motions that chance does not make, which go before every score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search.methods import Method, RerankMethod
from search.scoring.fusion import top
from search.scoring.score import Comparison, QueryRows, ScoreTable
from search.types import Verification

MAX_PROVEN = 60
"""Candidates of one search that are looked at for proof, those with the highest raw scores."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A motion, and how strong it is as proof."""

    motion: Verification
    strength: float


def find_proofs(
    table: ScoreTable, compared: Mapping[str, Comparison], methods: Mapping[str, Method]
) -> dict[int, Proof]:
    """Return what proves that candidates show what the query shows, by the candidate's place.

    Parameters
    ----------
    table : of the candidates
    compared : the query's vectors and theirs, by method
    methods : by name
    """
    found: dict[int, Proof] = {}
    for name, scores in zip(table.names, table.raw, strict=True):
        method = methods[name]
        pairs = compared.get(name)
        if not isinstance(pairs, QueryRows) or not isinstance(method, RerankMethod):
            continue
        enough = np.where(scores >= method.least_proof(), scores, np.float32(np.nan))
        for place in top(enough, MAX_PROVEN).tolist():
            row = pairs.row(place)
            motion = None if row is None else method.verify(pairs.query, row)
            if motion is not None and (strength := method.proof(motion)) > 0:
                found[place] = Proof(motion, strength)
    return found


def strongest(proofs: Sequence[Mapping[int, Proof]]) -> dict[int, Proof]:
    """Return the strongest proof of each place, of those by several examples."""
    found: dict[int, Proof] = {}
    for each in proofs:
        for place, proof in each.items():
            if place not in found or proof.strength > found[place].strength:
                found[place] = proof
    return found
