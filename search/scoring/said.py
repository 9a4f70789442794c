"""Images whose own texts hold the words searched for: they lead their method, whatever its vectors say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.methods import Method
from search.scoring.calibration import MAX_DECADES, NUM_CELLS, Calibration
from search.scoring.score import Comparison
from search.types import Scores

SAID = 1.0
"""The raw score from which on the words stand in the image's own texts; beyond it lies what the vectors say."""
HIGHEST = 2.0


@dataclass(frozen=True, slots=True)
class Said:
    """The images that say it in so many words.

    Attributes
    ----------
    method : by which they are found
    image_ids : ndarray of shape (n,), int64
    """

    method: str
    image_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SaidRows:
    """A query paired with rows, some of whose images say it in so many words.

    Attributes
    ----------
    meant : what the vectors say; None: nothing of any row
    said : ndarray of shape (n,), bool
    """

    meant: Comparison | None
    said: NDArray[np.bool_]

    def present(self) -> NDArray[np.bool_]:
        """See `Comparison.present`."""
        return self.said if self.meant is None else self.said | self.meant.present()

    def scores(self, method: Method, asked: NDArray[np.bool_]) -> Scores:
        """See `Comparison.scores`; where the words are said, the score is SAID and what the vectors say beyond that."""
        num = np.count_nonzero(asked)
        meant = np.full(num, np.nan, np.float32) if self.meant is None else self.meant.scores(method, asked)
        beyond = SAID + np.clip(np.nan_to_num(meant), 0, HIGHEST - SAID)
        return np.where(self.said[asked], beyond, meant).astype(np.float32)


def with_said(calibration: Calibration) -> Calibration:
    """Return a calibration in which words that are said are as rare as anything can be.

    Parameters
    ----------
    calibration : of what the vectors say, whose scores lie below SAID

    Returns
    -------
    calibration : the same below SAID, and MAX_DECADES from there on
    """
    low = min(calibration.low, SAID - 1 / NUM_CELLS)
    nodes = np.linspace(low, HIGHEST, NUM_CELLS + 1)
    step = nodes[1] - nodes[0]
    said = nodes > SAID - step  # the node below SAID too: between two nodes a score is interpolated
    decades = np.where(said, MAX_DECADES, calibration.decades_of(np.asarray(nodes, np.float32)))
    return Calibration(low, HIGHEST, np.maximum.accumulate(decades), calibration.num_pairs)
