"""How far two readers agree beyond what chance would give: Cohen's kappa with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959964
"""Half the width of a 95 % confidence interval, in standard errors."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a table of two readers' answers says.

    Attributes
    ----------
    num_pairs : answered by both
    observed : share on which both say the same, 0..1
    expected : share on which two readers would who answer as often each way, but by chance, 0..1
    kappa : (observed - expected) / (1 - expected), at most 1, 0 = no better than chance; None where it does not
        exist: no pair, or both readers only ever gave one and the same answer
    low, high : 95 % confidence interval of kappa, within -1..1; None where kappa does not exist
    """

    num_pairs: int
    observed: float
    expected: float
    kappa: float | None
    low: float | None
    high: float | None


def tabulate(answers: Iterable[tuple[str, str]], categories: Sequence[str]) -> NDArray[np.int64]:
    """Count how often each pair of answers was given.

    Parameters
    ----------
    answers : what the first and what the second reader said of each pair
    categories : the answers that count; where either reader gave another one the pair is left out

    Returns
    -------
    table : ndarray of shape (k, k), int64; row: the first reader's answer, column: the second reader's
    """
    place = {category: row for row, category in enumerate(categories)}
    table = np.zeros((len(categories), len(categories)), np.int64)
    for first, second in answers:
        if first in place and second in place:
            table[place[first], place[second]] += 1
    return table


def collapse(answers: Iterable[tuple[str, str]], groups: Mapping[str, str]) -> list[tuple[str, str]]:
    """Replace each answer by its group; pairs with an answer of no group are left out."""
    return [(groups[first], groups[second]) for first, second in answers if first in groups and second in groups]


def measure(table: NDArray[np.int64]) -> Agreement:
    """Compute Cohen's kappa of two readers.

    Parameters
    ----------
    table : ndarray of shape (k, k), int64, >= 0, see `tabulate`

    Returns
    -------
    agreement : with the interval kappa -+ 1.96 standard errors, cut to -1..1

    Raises
    ------
    ValueError : the table is not square, or holds a negative number

    Notes
    -----
    Kappa: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20,
    1960. Its large-sample standard error: J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of
    kappa and weighted kappa", Psychological Bulletin 72, 1969, eq. 13. The interval is a large-sample one too: below
    some thirty pairs, and at kappa 1, it is narrower than it should be.

    Examples
    --------
    >>> measure(np.array([[20, 5], [10, 15]])).kappa
    0.4
    """
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():
        raise ValueError(f"expected a square table of numbers of at least 0, got shape {table.shape}")
    num_pairs = int(table.sum())
    if not num_pairs:
        return Agreement(0, 0.0, 0.0, None, None, None)
    shares = table / num_pairs
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(rows @ columns)
    if math.isclose(expected, 1.0):
        return Agreement(num_pairs, observed, expected, None, None, None)
    kappa = (observed - expected) / (1 - expected)
    margin = Z_95 * _standard_error(shares, rows, columns, num_pairs)
    low, high = max(-1.0, kappa - margin), min(1.0, kappa + margin)
    # Rounded, as sums of shares are off in their last digits: 0.4 must not read 0.3999999999999999.
    return Agreement(num_pairs, observed, expected, round(kappa, 12), low, high)


def _standard_error(
    shares: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64], num_pairs: int
) -> float:
    """Return the standard error of kappa, Fleiss, Cohen and Everitt 1969, eq. 13."""
    observed, expected = np.trace(shares), rows @ columns
    chance, doubt = 1 - expected, 1 - observed
    same = np.sum(np.diag(shares) * (chance - (rows + columns) * doubt) ** 2)
    weights = (columns[:, None] + rows[None, :]) ** 2
    np.fill_diagonal(weights, 0.0)
    other = doubt**2 * np.sum(shares * weights)
    rest = (observed * expected - 2 * expected + observed) ** 2
    return math.sqrt(max(0.0, float(same + other - rest)) / num_pairs) / float(chance**2)
