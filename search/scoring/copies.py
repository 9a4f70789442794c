"""Which images are copies of one another by what their vectors say, and which of them stand for all. Pure.

Copies are no random pairs: where a twentieth of all pairs are copies, to be a copy would be called common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from search.methods import Method
from search.types import Vectors

SPOTS_ALONE = 16 / 64
"""Keypoints in one arrangement, of 64, that need no other evidence."""
SPOTS, FINGERPRINT, SIAMESE = 6 / 64, 0.9, 0.85
"""Fewer keypoints, which count together with the fingerprint and the siamese network: small and blurred copies."""
FINGERPRINT_BLANK, SIAMESE_BLANK = 0.95, 0.95
"""For images with too few keypoints to be compared by them."""
LEAST_COSINE, NEIGHBORS = 0.5, 2
"""Images looked at closely for each image: so many of the nearest by the siamese network, or else by content; and all
whose fingerprints are alike."""

Raw = Mapping[str, NDArray[np.float32]]
"""By method: raw scores of shape (n,), NaN = missing."""
Held = Mapping[str, tuple[Vectors, NDArray[np.bool_]]]
"""By method: vectors of shape (n, dim), and which of the n images have one."""
KnownCopies = Callable[[NDArray[np.int64]], Iterable[tuple[int, int]]]
"""Takes image ids of shape (n,), and returns pairs of places among them that are known to be copies of one picture."""


def no_copies(image_ids: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Know of none; see `KnownCopies`."""
    return ()


def is_edited(raw: Raw, num_pairs: int) -> NDArray[np.bool_]:
    """Tell of pairs whether one image is an edited copy of the other; shape (n,).

    Either many keypoints lie in one arrangement; or some do, and fingerprint and siamese network agree; or the images
    have no keypoints to compare, and the other two agree strongly.
    """
    missing = np.full(num_pairs, np.nan, np.float32)
    spots, fingerprint, siamese = (raw.get(name, missing) for name in ("local", "phash", "siamese"))
    with np.errstate(invalid="ignore"):  # NaN is no evidence: every comparison with it is false
        agree = (fingerprint >= FINGERPRINT) & (siamese >= SIAMESE)
        blank = (fingerprint >= FINGERPRINT_BLANK) & (siamese >= SIAMESE_BLANK) & np.isnan(spots)
        return np.asarray((spots >= SPOTS_ALONE) | ((spots >= SPOTS) & agree) | blank)


def find_copies(held: Held, methods: Mapping[str, Method], num_images: int) -> list[tuple[int, int]]:
    """Return pairs of images of which one is an edited copy of the other.

    Of each image the nearest few are looked at, as `NEIGHBORS` says: a few thousand images take seconds.

    Parameters
    ----------
    held : what is known of `num_images` images
    methods : by name; those that are missing, or missing in `held`, give no evidence
    num_images : n

    Returns
    -------
    pairs : (first, second), first < second, places among the images
    """
    nearest = _nearest(held, num_images)
    found = []
    for first in range(num_images - 1):
        rest = np.arange(first + 1, num_images)
        fingerprint = _scores(held, methods, "phash", first, rest)
        with np.errstate(invalid="ignore"):
            close = rest[(fingerprint >= FINGERPRINT) | nearest[first, rest]]
        if not len(close):
            continue
        raw = {name: _scores(held, methods, name, first, close) for name in ("local", "phash", "siamese")}
        found += [(first, second) for second in close[is_edited(raw, len(close))].tolist()]
    return found


def _nearest(held: Held, num_images: int) -> NDArray[np.bool_]:
    """Tell of each pair, shape (n, n), symmetric, whether one image is among the nearest of the other."""
    near = np.zeros((num_images, num_images), bool)
    name = next((each for each in ("siamese", "deep") if each in held), None)
    if name is None or num_images < 2:
        return near
    vectors, present = held[name]
    rows = np.asarray(vectors, np.float32)
    cosines = rows @ rows.T
    cosines[~present] = cosines[:, ~present] = -1
    np.fill_diagonal(cosines, -1)
    best = np.argsort(-cosines, axis=1)[:, :NEIGHBORS]
    np.put_along_axis(near, best, np.take_along_axis(cosines, best, axis=1) >= LEAST_COSINE, axis=1)
    return near | near.T


def _scores(
    held: Held, methods: Mapping[str, Method], name: str, first: int, others: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return one method's raw scores of an image and others, NaN where it has nothing to say."""
    scores = np.full(len(others), np.nan, np.float32)
    if name in held and name in methods and held[name][1][first]:
        vectors, present = held[name]
        known = np.flatnonzero(present[others])
        if len(known):
            scores[known] = methods[name].scores(vectors[first], vectors[others[known]])
    return scores


def without_copies(num_images: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """Tell which images to keep so that no two of those kept are copies; shape (num_images,).

    An image is left out only if it is a copy of one that is kept: a row of images, each a copy of the one before,
    leaves every other.

    Parameters
    ----------
    num_images : n
    pairs : places of copies, in any order
    """
    kept = np.ones(num_images, bool)
    for first, second in sorted((min(pair), max(pair)) for pair in pairs):
        if kept[first] and first != second:
            kept[second] = False
    return kept
