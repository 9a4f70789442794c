"""Words drawn towards the images that say them: what the library itself calls so, shows what else may be called so.

Rocchio, "Relevance feedback in information retrieval", in: The SMART retrieval system, 1971, with a weight that the
namesakes earn: those that are no more like each other than any images, as under a tag such as "2019", draw nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.methods.base import normalize_rows
from search.types import Vectors

LEAST = 5
"""Images that must say it."""
PULL = 3.0
"""Weight of namesakes that are all one picture; the words themselves count 1."""


def likeness(rows: Vectors) -> float:
    """Return the mean cosine of all pairs of rows of length 1; shape (n, dim), n at least 2."""
    num, total = len(rows), rows.sum(axis=0, dtype=np.float64)
    return float((total @ total - num) / (num * (num - 1)))


def drawn_to(row: NDArray[np.float32], namesakes: Vectors, others: Vectors) -> NDArray[np.float32] | None:
    """Return where words lie once they are drawn to their namesakes.

    Parameters
    ----------
    row : ndarray of shape (dim,), length 1: the words
    namesakes : ndarray of shape (n, dim), rows of length 1: images that say them
    others : ndarray of shape (m, dim), rows of length 1: random images of the library

    Returns
    -------
    drawn : ndarray of shape (dim,), length 1; None where there are too few namesakes, or they have nothing in common
    """
    if len(namesakes) < LEAST or len(others) < LEAST:
        return None
    usual = likeness(others)
    beyond = (likeness(namesakes) - usual) / max(1 - usual, 1e-7)
    if beyond <= 0:
        return None
    middle = normalize_rows(np.asarray(namesakes.mean(axis=0, keepdims=True), np.float32))[0]
    drawn: NDArray[np.float32] = normalize_rows((row + np.float32(PULL * beyond) * middle)[None])[0]
    return drawn
