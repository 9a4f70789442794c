"""What learned weights are worth on queries that they were not learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.weights.learning.labelled_queries import LabelledQuerySet, Weights
from search.weights.learning.selection import learn

NUM_FOLDS = 5
LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class MeanFigures:
    """Mean figures of one ranking over the queries of a set, each 0..1."""

    map: float
    p_at_1: float


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """How rankings stand on one set. The learned one was measured on queries held out, fold by fold.

    Attributes
    ----------
    num_queries, num_groups : in the set
    standings : by ranking
    best_single : name of the method that is best by itself, in hindsight
    gain, gain_error : mean difference of average precision to the weights compared with, and its standard error over
        the groups
    """

    num_queries: int
    num_groups: int
    standings: Mapping[str, MeanFigures]
    best_single: str
    gain: float
    gain_error: float


def validate(
    sets: Mapping[str, LabelledQuerySet],
    names: list[str],
    rankings: Mapping[str, Weights],
    present: str,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, ValidationReport]:
    """Learn on most of the queries and measure on the rest, until each was held out once.

    Parameters
    ----------
    sets : queries by name of the set, none empty
    names : of the methods, in the order of the queries' rows
    rankings : weights to be measured beside the learned ones and the single methods, by name
    present : the one of `rankings` to start from and to compare with
    seed : of the folds
    progress : called with how many folds of how many are done

    Returns
    -------
    reports : by set

    Raises
    ------
    ValueError : the queries of all sets belong to one group, so that none can be held out
    """
    folds = {name: assign_folds(queries.groups, seed) for name, queries in sets.items()}
    num_folds = max(int(fold.max()) + 1 for fold in folds.values())
    if num_folds < 2:
        raise ValueError("expected queries of at least two groups; nothing could be held out")
    precisions = {name: np.zeros(len(queries)) for name, queries in sets.items()}
    first_right = {name: np.zeros(len(queries)) for name, queries in sets.items()}
    for fold in range(num_folds):
        kept = {name: queries.subset(folds[name] != fold) for name, queries in sets.items()}
        # A small set may have all of its queries in the fold that is held out.
        weights = learn({name: part for name, part in kept.items() if len(part)}, rankings[present], seed)
        for name, queries in sets.items():
            held_out = folds[name] == fold
            part = queries.subset(held_out)
            precisions[name][held_out] = part.average_precisions(weights)
            first_right[name][held_out] = part.precisions_at_1(weights)
        progress(fold + 1, num_folds)
    # These have learned nothing, so all queries are fair to them.
    fixed = dict(rankings) | dict(zip(names, np.eye(len(names)), strict=True))
    return {
        name: _report(queries, names, fixed, present, precisions[name], first_right[name])
        for name, queries in sets.items()
    }


def assign_folds(groups: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Deal groups out to at most NUM_FOLDS folds, each of about as many groups.

    Returns
    -------
    folds : ndarray of shape (queries,), 0..; the same for queries of one group
    """
    # By group, since images of one label resemble each other: a fold would know the answers of the next.
    names, places = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(order[places] % min(NUM_FOLDS, max(len(names), 1)), np.int64)


def _report(
    queries: LabelledQuerySet,
    names: list[str],
    fixed: Mapping[str, Weights],
    present: str,
    precisions: NDArray[np.float64],
    first_right: NDArray[np.float64],
) -> ValidationReport:
    found = {name: queries.average_precisions(weights) for name, weights in fixed.items()}
    standings = {
        name: MeanFigures(float(values.mean()), float(queries.precisions_at_1(fixed[name]).mean()))
        for name, values in found.items()
    }
    differences = precisions - found[present]
    _values, places = np.unique(queries.groups, return_inverse=True)
    # Queries of one group agree with each other, so they count as one observation in the error.
    sums, sizes = np.bincount(places, differences), np.bincount(places)
    gain = float(differences.mean())
    spread = np.sum((sums - gain * sizes) ** 2) * len(sizes) / max(len(sizes) - 1, 1)
    return ValidationReport(
        num_queries=len(queries),
        num_groups=len(sizes),
        standings={LEARNED: MeanFigures(float(precisions.mean()), float(first_right.mean())), **standings},
        best_single=max(names, key=lambda name: standings[name].map),
        gain=gain,
        gain_error=float(np.sqrt(spread) / len(differences)),
    )
