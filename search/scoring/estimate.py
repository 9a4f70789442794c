"""Fused scores estimated from dot products alone, in one pass over very many pairs: to choose which are worth scoring.

What is multiplied are the vectors that are scanned (see `search.scoring.segments.MethodRows`): the proxy vectors of
costly methods, in large libraries rows of fewer numbers. The real scores come from `search.scoring.score`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from search.scoring.calibration import Calibration
from search.scoring.segments import MethodRows
from search.types import Scores

Number = TypeVar("Number", np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class Scan:
    """What one method's dot products say.

    Attributes
    ----------
    weight : > 0
    calibration : of such dot products
    products : ndarray of any shape, float32, finite where present
    present : ndarray of bool of the same shape: where both images have a vector; None: everywhere
    """

    weight: float
    calibration: Calibration
    products: NDArray[np.float32]
    present: NDArray[np.bool_] | None = None


def estimate(scans: Iterable[Scan], shape: tuple[int, ...], dtype: type[Number]) -> NDArray[Number]:
    """Fuse dot products, one method after the other, so that an iterator needs the memory of one.

    Parameters
    ----------
    scans : of the methods with a weight
    shape : of their dot products
    dtype : of the sums: np.float64, or np.float32 where there are millions

    Returns
    -------
    scores : ndarray of that shape and dtype, 0..1; NaN where no method is present
    """
    totals, present = np.zeros(shape, dtype), np.zeros(shape, dtype)
    for scan in scans:
        parts = np.multiply(scan.calibration.rough_rarity(scan.products), scan.weight, dtype=dtype)
        if scan.present is None:
            totals += parts
            present += scan.weight
        else:
            # By choice and not by product: what stands where a row is not there may be NaN.
            totals += np.where(scan.present, parts, 0)
            present += np.multiply(scan.present, scan.weight, dtype=dtype)
    found = np.full(shape, np.nan, dtype)
    np.divide(totals, present, out=found, where=present > 0)
    return found


def products_of(
    held: MethodRows, proxy: NDArray[np.float32], rows: NDArray[np.int64]
) -> tuple[Scores, NDArray[np.bool_] | None]:
    """Return the dot products of a query with some of a method's rows, and which of these rows there are.

    Parameters
    ----------
    held : the method's rows
    proxy : ndarray of shape (d,), what is compared with them before they are reduced: see `PairwiseMethod.proxy`
    rows : ndarray of shape (n,)

    Returns
    -------
    products : ndarray of shape (n,), float32; anything where a row is not there
    present : ndarray of shape (n,), bool; None: all are there
    """
    asked = held.asked(proxy)
    whole = 2 * len(rows) > len(held.scanned)  # then a scan of all is cheaper than copying the rows together
    products = (held.scanned @ asked)[rows] if whole else held.scanned[rows] @ asked
    return products, None if held.present is None else held.present[rows]
