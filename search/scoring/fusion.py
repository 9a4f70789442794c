"""Fusion: one score out of several methods' rarities.

The fused score of an image is sum(w * rarity) / sum(w) over the methods that have something to say about it. A method
that has nothing (NaN) is left out of both sums: missing is not zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from search.exceptions import FusionWeightsError, UnknownMethodError
from search.methods import METHODS

DEFAULT_WEIGHTS: dict[str, float] = {name: entry.default_weight for name, entry in METHODS.items()}


def check_weights(weights: Mapping[str, float], known: Iterable[str] = METHODS) -> dict[str, float]:
    """Return the weights of all known methods, 0 for those not named.

    Raises
    ------
    UnknownMethodError : a weight names no known method
    FusionWeightsError : a weight is negative or not finite, or none is above 0
    """
    checked = dict.fromkeys(known, 0.0)
    for name, weight in weights.items():
        if name not in checked:
            raise UnknownMethodError("unknown_method", name=name, expected=list(checked))
        if not math.isfinite(weight) or weight < 0:
            raise FusionWeightsError("weight_wrong", method=name, got=weight)
        checked[name] = float(weight)
    if not any(checked.values()):
        raise FusionWeightsError("no_weight")
    return checked


def fuse(rarities: NDArray[np.floating], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Fuse rarities to one score per image.

    Parameters
    ----------
    rarities : ndarray of shape (methods, n), 0..1, NaN where a method has nothing for an image
    weights : ndarray of shape (methods,), >= 0

    Returns
    -------
    scores : ndarray of shape (n,), 0..1; NaN where no method with a weight is present
    """
    used = np.asarray(weights, np.float64)
    rows = np.asarray(rarities, np.float64)
    totals = np.zeros(rows.shape[1])
    present = np.zeros(rows.shape[1])
    # A loop over few methods: as products of whole tables it would need several copies of them.
    for weight, row in zip(used, rows, strict=True):
        if weight > 0:
            missing = np.isnan(row)
            totals += np.where(missing, 0.0, weight * row)
            present += np.where(missing, 0.0, weight)
    return np.asarray(np.divide(totals, present, out=np.full(rows.shape[1], np.nan), where=present > 0))


def shares(rarities: NDArray[np.floating], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Split each fused score among the methods.

    Parameters
    ----------
    rarities, weights : see `fuse`

    Returns
    -------
    shares : ndarray of shape (methods, n), 0..1; columns add up to 1, or to 0 where the fused score is 0 or missing
    """
    parts = np.nan_to_num(np.asarray(rarities, np.float64), nan=0.0) * np.asarray(weights, np.float64)[:, None]
    totals = parts.sum(axis=0)
    return np.asarray(np.divide(parts, totals, out=np.zeros_like(parts), where=totals > 0))


def rank(
    scores: NDArray[np.floating], ties: NDArray[np.floating], ids: NDArray[np.int64], count: int | None = None
) -> NDArray[np.intp]:
    """Order images: highest score first, then highest `ties`, then lowest id. Without a score: not ranked.

    Parameters
    ----------
    scores, ties : ndarrays of shape (n,), NaN in `scores` = no score; NaN in `ties` counts as lowest
    ids : ndarray of shape (n,)
    count : how many to return, None = all

    Returns
    -------
    order : ndarray of positions, at most `count`
    """
    # The last key counts first. Images of equal scores have an order of their own, or pages of results would overlap.
    order = np.lexsort((ids, -np.nan_to_num(ties, nan=-np.inf), -scores))
    return order[: np.count_nonzero(~np.isnan(scores))][:count]


def top(scores: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Return the positions of the `count` highest scores, unordered; NaN never. Cheaper than a full `rank`."""
    # NaN sorts above every number, so `argpartition` would choose what has no score.
    if not count:
        return np.empty(0, np.intp)
    keyed = np.where(np.isnan(scores), -np.inf, scores)
    if count < len(keyed):
        found = np.argpartition(keyed, len(keyed) - count)[len(keyed) - count :]
    else:
        found = np.arange(len(keyed))
    return np.asarray(found[keyed[found] > -np.inf])


def ranks(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return each image's rank within one method: 1 = highest, equals share a rank, 0 = NaN.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    """
    present = ~np.isnan(scores)
    ascending = np.sort(scores[present])
    found = np.zeros(len(scores), np.int64)
    found[present] = len(ascending) - np.searchsorted(ascending, scores[present], side="right") + 1
    return found
