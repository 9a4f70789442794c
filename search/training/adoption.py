"""Whether a newly trained siamese network replaces what serves: judged on images that it never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.exceptions import TrainingError
from search.training.pairs import Pairs

ALWAYS, BETTER, NEVER = "always", "better", "never"
RULES = (BETTER, ALWAYS, NEVER)
TOLERANCE = 0.002
"""A figure may be lower by so much, if the other is higher: two copies in a thousand."""
RADIUS = 7
"""Bits by which a code may differ to be found by a hash index."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """Images held out, each 0 <= row < n of some inputs; a gallery comes first, edited copies behind it.

    Attributes
    ----------
    num_gallery : originals among which a copy's own must be found
    owners : ndarray of shape (n - num_gallery,): the gallery row of each copy's original
    pairs : of rows: do they belong together
    """

    num_gallery: int
    owners: NDArray[np.int64]
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class TrialFigures:
    """How well rows tell what belongs together, each 0..1.

    Attributes
    ----------
    recall_at_1 : share of copies whose own original is the nearest of the gallery
    pair_auc : share of couples of a pair that belongs together and one that does not, in which the first is closer
    hamming_recall_at_1, hamming_within_7 : of the codes; the nearest is the own one, it differs in at most 7 bits
    """

    recall_at_1: float
    pair_auc: float
    hamming_recall_at_1: float
    hamming_within_7: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures, rounded, by name."""
        return {name: round(getattr(self, name), 5) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the new network serves from now on, and why."""

    adopted: bool
    reason: TrainingError


def measure(rows: NDArray[np.float32], trial: Trial) -> TrialFigures:
    """Measure a method's rows on images held out.

    Parameters
    ----------
    rows : ndarray of shape (n, dim), unit rows; the signs of its numbers are its code
    trial : what to find in them
    """
    gallery, edited = rows[: trial.num_gallery], rows[trial.num_gallery :]
    # As 1 and -1, because the product of two codes of n signs is n less twice the bits that differ.
    bits = np.where(rows > 0, np.float32(1), np.float32(-1))
    own = (bits[trial.num_gallery :] * bits[trial.owners]).sum(axis=1)
    pairs = trial.pairs
    closeness = np.einsum("nd,nd->n", rows[pairs.first], rows[pairs.second])
    return TrialFigures(
        _found(gallery, edited, trial.owners),
        pair_auc(closeness[pairs.same], closeness[~pairs.same]),
        _found(bits[: trial.num_gallery], bits[trial.num_gallery :], trial.owners),
        float(((rows.shape[1] - own) / 2 <= RADIUS).mean()),
    )


def _found(gallery: NDArray[np.float32], edited: NDArray[np.float32], owners: NDArray[np.int64]) -> float:
    """Return the share of rows whose own gallery row is the nearest; of equals the first counts."""
    # In parts: a matrix of all copies and all originals may not fit into memory.
    nearest = [np.argmax(edited[n : n + _CHUNK] @ gallery.T, axis=1) for n in range(0, len(edited), _CHUNK)]
    return float((np.concatenate(nearest) == owners).mean())


def pair_auc(together: NDArray[np.floating], apart: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve: how often a pair that belongs together is closer than one that does not.

    Parameters
    ----------
    together, apart : ndarrays of similarities, larger is closer, at least one of each

    Returns
    -------
    auc : 0..1; equals count half (Mann and Whitney's U)
    """
    ordered = np.sort(apart)
    below = np.searchsorted(ordered, together, side="left") + np.searchsorted(ordered, together, side="right")
    return float(below.mean() / 2 / len(ordered))


def decide(new: TrialFigures, rivals: Mapping[str, TrialFigures], rule: str) -> Decision:
    """Decide whether a new network is adopted.

    Parameters
    ----------
    new : its figures
    rivals : those of what serves now, and of the content network alone, by their titles
    rule : one of `RULES`

    Returns
    -------
    decision : by "better", adopted only if against every rival one figure is higher and none is lower by more than
        the tolerance

    Raises
    ------
    ValueError : no such rule
    """
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}; expected one of {', '.join(RULES)}")
    if rule != BETTER:
        return Decision(rule == ALWAYS, TrainingError("adopted_by_rule", rule=rule))
    for title, old in rivals.items():
        gains = (new.recall_at_1 - old.recall_at_1, new.pair_auc - old.pair_auc)
        if max(gains) <= 0 or min(gains) < -TOLERANCE:
            return Decision(False, TrainingError("no_better", rivals=[_compared(new, old, title)]))
    if not rivals:
        return Decision(True, TrainingError("no_rivals"))
    return Decision(True, TrainingError("better", rivals=[_compared(new, old, title) for title, old in rivals.items()]))


def _compared(new: TrialFigures, old: TrialFigures, title: str) -> dict[str, float | str]:
    """Return what the reason of a decision says of one rival."""
    return {
        "found": new.recall_at_1,
        "apart": new.pair_auc,
        "rival": title,
        "rival_found": old.recall_at_1,
        "rival_apart": old.pair_auc,
    }
