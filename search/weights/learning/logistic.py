"""Regularised logistic regression with weights that are never negative."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.weights.learning.labelled_queries import Weights

MAX_ITERATIONS = 200


def fit_logistic(features: NDArray[np.float64], right: NDArray[np.bool_], penalty: float) -> Weights:
    """Learn how much each method's rarity says about whether a candidate is a right answer.

    Minimises mean log-loss + penalty / 2 * |w|^2 over w >= 0 and any intercept, right and wrong answers counting half
    each. A method of negative use gets weight 0: that two images are alike is never held against them.

    Parameters
    ----------
    features : ndarray of shape (n, methods), 0..1
    right : ndarray of shape (n,), bool
    penalty : > 0; the larger, the more the weights just follow how far apart a method holds the mean right and the
        mean wrong answer

    Returns
    -------
    weights : ndarray of shape (methods,), >= 0, sum 1; all equal when nothing can be learned

    Notes
    -----
    L-BFGS-B (Byrd, Lu, Nocedal, Zhu 1995). Class balance as in King and Zeng 2001.
    """
    from scipy.optimize import minimize

    num_methods = features.shape[1]
    equal = np.full(num_methods, 1 / max(num_methods, 1))
    if right.all() or not right.any():
        return equal
    # The last column is the intercept. It only says how common right answers are, so it has neither bound nor penalty.
    columns = np.column_stack([features, np.ones(len(features))])
    counts = np.where(right, 0.5 / np.count_nonzero(right), 0.5 / np.count_nonzero(~right))
    signs = np.where(right, 1.0, -1.0)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (columns @ point)
        # By logaddexp, since exp(-margin) overflows for examples that are clearly right or wrong.
        slopes = -signs * counts * np.exp(-np.logaddexp(0, margins))
        gradient = slopes @ columns
        gradient[:-1] += penalty * point[:-1]
        value = counts @ np.logaddexp(0, -margins) + penalty / 2 * (point[:-1] @ point[:-1])
        return float(value), gradient

    bounds = [(0.0, None)] * num_methods + [(None, None)]
    start = np.append(equal, 0.0)
    done: Any = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MAX_ITERATIONS})
    weights = np.asarray(done.x[:-1], np.float64)
    total = weights.sum()
    # All at their bound: no method tells right answers from wrong ones here.
    return weights / total if total > 0 else equal
