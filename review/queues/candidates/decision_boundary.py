"""The score at which it is as likely as not that a pair belongs together, learned from judged pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_STEPS = 50
PENALTY = 1e-3
"""Keeps the slope finite where a score parts the two kinds completely."""


def decision_boundary(scores: NDArray[np.floating], same: NDArray[np.bool_]) -> float | None:
    """Return the score where a logistic regression on one number, the fused score, gives both answers the same chance.

    Both kinds of pairs count half, however many there are of each: people are rarely asked about pairs that have
    nothing in common, so their numbers say nothing about how often each kind occurs.

    Parameters
    ----------
    scores : ndarray of shape (n,), 0..1; NaN are left out
    same : ndarray of shape (n,), bool: does the pair belong together

    Returns
    -------
    boundary : 0..1; None where a kind is missing, or where a higher score does not mean "same"

    Notes
    -----
    Newton's method (iteratively reweighted least squares; McCullagh and Nelder, Generalized Linear Models, 2nd ed.,
    section 4.4) with steps halved where the loss would grow. Class balance as in King and Zeng 2001.
    """
    known = ~np.isnan(scores)
    values, right = np.asarray(scores[known], np.float64), same[known]
    if right.all() or not right.any():
        return None
    columns = np.column_stack([values - values.mean(), np.ones(len(values))])  # centered: steep slopes converge
    counts = np.where(right, 0.5 / np.count_nonzero(right), 0.5 / np.count_nonzero(~right))
    point = _fit(columns, right, counts)
    if point[0] <= 0:
        return None
    return float(np.clip(values.mean() - point[1] / point[0], 0.0, 1.0))


def _fit(columns: NDArray[np.float64], right: NDArray[np.bool_], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return slope and intercept that minimise the weighted log-loss + PENALTY / 2 * slope^2."""
    signs = np.where(right, 1.0, -1.0)
    ridge = np.diag([PENALTY, 0.0])

    def loss(at: NDArray[np.float64]) -> float:
        return float(counts @ np.logaddexp(0, -signs * (columns @ at)) + at @ ridge @ at / 2)

    point = np.zeros(2)
    for _ in range(MAX_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(columns @ point, -500, 500)))  # exp overflows beyond 709
        slope = columns.T @ (counts * (chances - right)) + ridge @ point
        curve = (columns * (counts * np.maximum(chances * (1 - chances), 1e-9))[:, None]).T @ columns + ridge
        step = np.linalg.solve(curve, slope)
        while loss(point - step) > loss(point) and np.abs(step).max() > 1e-9:
            step /= 2
        point = point - step
        if np.abs(step).max() <= 1e-9:
            break
    return point
