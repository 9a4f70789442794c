"""Which keypoints of two images look alike, and which of these pairs agree on one motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.methods.keypoints.rows import Keypoints, similarities

RATIO = 0.8
"""A pair counts when its distance is at most this part of the distance to the second best (Lowe's ratio test)."""
MAX_OFFSET = 0.08
"""How far from where it should be, in longest sides, a keypoint may lie and agree; more where the image grows."""
MAX_GROWTH = 1.6
MAX_TURN = np.pi / 6
"""How much two pairs may differ in growth and in turn and agree: room for perspective and for coarse angles."""


def pair(queries: Keypoints, others: Keypoints, most: int | None) -> NDArray[np.int64]:
    """Pair the strongest keypoints of some images with those of many.

    Each keypoint of the other image goes with the query's most similar one if it passes the ratio test and is, in
    turn, that one's most similar.

    Parameters
    ----------
    queries, others : of q and of n images
    most : how many keypoints of each image to look at, from the strongest; None: all

    Returns
    -------
    partners : ndarray of shape (q, n, keypoints of the others looked at): the query's keypoint, -1 = none
    """
    found = similarities(others.descriptors[:, :most], queries.descriptors[:, :most])
    best = found.argmax(axis=3)
    highest = np.take_along_axis(found, best[..., None], axis=3)[..., 0]
    mutual = highest == np.take_along_axis(found.max(axis=1), best.transpose(0, 2, 1), axis=2).transpose(0, 2, 1)
    # Squared distances of unit vectors are 2 - 2 cos, hence the square of the ratio.
    # Passed by those that alone reach what the second best may not: cheaper than finding the second best.
    limit = np.minimum(1 - (1 - highest) / np.float32(RATIO**2), highest)  # cosines of what is rounded may exceed 1
    alone = np.count_nonzero(found >= limit[..., None], axis=3) == 1
    return np.where(mutual & (highest > 0) & alone, best, -1).transpose(2, 0, 1)


def agreement(query: Keypoints, others: Keypoints, partners: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Find, in each image, the largest set of pairs that tell of one motion.

    A keypoint has a place, a size and a direction, so a single pair determines a similarity transform (shift, turn and
    growth); every pair's transform is tried on all others, as in Philbin et al., "Object retrieval with large
    vocabularies and fast spatial matching", CVPR 2007. Nothing is left to chance, and wrong pairs do no harm.

    Parameters
    ----------
    query : of one image
    others : of n images
    partners : ndarray of shape (n, m), see `pair`

    Returns
    -------
    members : ndarray of shape (n, m): the pairs of the largest set, of two at least
    """
    members = np.zeros(partners.shape, bool)
    images = np.flatnonzero((partners >= 0).sum(axis=1) >= 2)
    if not len(images):
        return members
    paired = partners[images] >= 0
    # Paired slots first, so that the tables below are no wider than they must be.
    slots = np.argsort(~paired, axis=1, kind="stable")[:, : paired.sum(axis=1).max()]
    valid = np.take_along_axis(paired, slots, axis=1)
    chosen = np.take_along_axis(partners[images], slots, axis=1)
    rows = images[:, None]
    start, end = _complex(query.places[0])[chosen], _complex(others.places[rows, slots])
    growth = others.sizes[rows, slots] / query.sizes[0][chosen]
    # As complex numbers, so that shift, turn and growth of all pairs are one multiplication and one addition.
    turn = np.exp(1j * (others.angles[rows, slots] - query.angles[0][chosen]))
    motion = growth * turn
    offsets = motion[:, :, None] * start[:, None] + (end - motion * start)[:, :, None] - end[:, None]
    limits = MAX_OFFSET * np.minimum(growth, 1)
    agrees = offsets.real**2 + offsets.imag**2 < (limits**2)[:, :, None]
    agrees &= growth[:, None] < MAX_GROWTH * growth[:, :, None]
    agrees &= growth[:, :, None] < MAX_GROWTH * growth[:, None]
    agrees &= (turn[:, None] * turn[:, :, None].conj()).real > np.cos(MAX_TURN)
    # Slots that only fill the table up agree with nobody.
    agrees &= valid[:, None] & valid[:, :, None]
    sizes = agrees.sum(axis=2)
    best = sizes.argmax(axis=1)
    chosen_sets = agrees[np.arange(len(images)), best] & (sizes.max(axis=1) >= 2)[:, None]
    members[rows, slots] = chosen_sets
    return members


def _complex(places: NDArray[np.float32]) -> NDArray[np.complex64]:
    return np.asarray(places[..., 0] + np.complex64(1j) * places[..., 1], np.complex64)
