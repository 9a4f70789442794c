"""The same spots in the same arrangement: keypoints that match, and the motion that maps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import SearchError
from search.methods.base import RerankMethod, check_bytes, check_images
from search.methods.keypoints.homography import MIN_INLIERS, describe, fit
from search.methods.keypoints.pairing import agreement, pair
from search.methods.keypoints.rows import ROW, SLOTS, Keypoints, both_ways, find_row, unpack
from search.types import RGBImage, Scores, Vectors, Verification

GLANCE = 32
"""Keypoints of both images, the strongest, that are paired first, to see where looking closer may be worth it."""
MIN_GLANCED, MIN_AGREEING = 2, 5
"""Pairs that must tell of one motion at first glance, and when all keypoints are paired."""
MAX_PAIRED, MAX_VERIFIED = 120, 60
"""Images of one comparison whose keypoints are all paired, and to whose pairs a homography is fitted."""

_CHUNK = 512  # images glanced at together


class Local(RerankMethod):
    """SIFT keypoints, ratio test and a homography (Lowe, IJCV 2004): the share of 64 keypoints that fit one motion.

    Finds copies that are cropped, turned, squeezed, mirrored or part of a larger picture. Says nothing about images
    that are merely of the same kind: their score is 0.
    """

    name = "local"
    version = "sift-224-64-1"
    dim = ROW.itemsize

    @property
    def dtype(self) -> type[np.generic]:
        """Type of the stored numbers: bytes of `keypoints.rows.ROW`."""
        return np.uint8

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Find the keypoints of images; see `Method.describe`. Rows are uint8."""
        check_images(images)
        if not images:
            return np.empty((0, self.dim), np.uint8)
        return np.stack([find_row(image) for image in images])

    def abstains(self, query: NDArray[Any]) -> SearchError | None:
        """Say so where the query has too few keypoints to be found again."""
        count = int(unpack(query[None]).counts[0])
        if count >= MIN_INLIERS:
            return None
        return SearchError("too_few_keypoints", num=count, least=MIN_INLIERS)

    def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
        """Compare one image with many.

        At first the strongest keypoints are paired, with the query as it is and mirrored. Images where pairs agree on
        one motion are looked at closely, the most promising first; a homography decides.

        Parameters
        ----------
        query : ndarray of shape (dim,), dtype uint8
        vectors : ndarray of shape (n, dim), dtype uint8

        Returns
        -------
        scores : ndarray of shape (n,), dtype float32, 0..1: keypoints that fit one motion, of 64; 0 where no motion
            was found; NaN where the query has too few keypoints to say anything

        Raises
        ------
        DimensionMismatchError : another length or dtype
        """
        check_bytes(self, query, vectors)
        one, others = unpack(query[None]), unpack(np.asarray(vectors, np.uint8))
        if self.abstains(query) is not None:
            return np.full(len(vectors), np.nan, np.float32)
        sides = both_ways(one)
        glances = _glance(sides, others)
        # Pairing all keypoints costs four times as much, and nearly no image is a copy.
        promising = _best(glances.max(axis=0), MIN_GLANCED, MAX_PAIRED)
        mirrored = glances[1, promising] > glances[0, promising]
        counts = np.zeros(len(vectors), np.float32)
        for side, images in enumerate((promising[~mirrored], promising[mirrored])):
            counts[images] = _fitting_counts(sides.take(slice(side, side + 1)), others.take(images))
        return counts / np.float32(SLOTS)

    def verify(self, query: NDArray[Any], row: NDArray[Any]) -> Verification | None:
        """Find the motion between two images, for people to look at; None when there is none.

        Parameters
        ----------
        query, row : ndarrays of shape (dim,), dtype uint8

        Raises
        ------
        DimensionMismatchError : another length or dtype
        """
        check_bytes(self, query, row[None])
        one, other = unpack(query[None]), unpack(row[None])
        # Both ways, because the glance that chose one of them in a search is not at hand here.
        found = [_verify(side, other, mirrored=bool(turn)) for turn, side in enumerate((one, one.mirrored()))]
        return max((each for each in found if each is not None), key=lambda each: each.inliers, default=None)

    def textbook_similarity(self, first: RGBImage, second: RGBImage) -> float:
        """Compare two images by the textbook's method, which it names and does not define: see `scores`; 0..1."""
        rows = self.describe([first, second])
        # The textbook knows no missing values: what cannot be compared is not alike.
        return float(np.nan_to_num(self.scores(rows[0], rows[1:])[0]))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Keypoints of one image paired with those of n: the partner of each (-1 = none), and which agree on one motion."""

    partners: NDArray[np.int64]  # (n, m)
    members: NDArray[np.bool_]  # (n, m)


def _pairs(queries: Keypoints, others: Keypoints, most: int = SLOTS) -> list[_Pairs]:
    """Pair the strongest keypoints of each query with those of all the others."""
    partners = pair(queries, others, most)
    sides = [queries.take(slice(place, place + 1)) for place in range(len(partners))]
    return [_Pairs(rows, agreement(side, others, rows)) for side, rows in zip(sides, partners, strict=True)]


def _glance(queries: Keypoints, others: Keypoints) -> NDArray[np.int64]:
    """Return how many of the strongest keypoints agree on one motion; shape (q, n). In bounded memory."""
    glances = np.zeros((len(queries.counts), len(others.counts)), np.int64)
    for start in range(0, len(others.counts), _CHUNK):
        images = slice(start, start + _CHUNK)
        glances[:, images] = [found.members.sum(axis=1) for found in _pairs(queries, others.take(images), GLANCE)]
    return glances


def _best(votes: NDArray[np.int64], least: int, most: int) -> NDArray[np.intp]:
    """Return the images with enough votes, those with the most first, up to a number."""
    # Stable: of equally many votes the earlier image, so that the same search gives the same answer.
    order = np.argsort(-votes, kind="stable")[:most]
    return order[votes[order] >= least]


def _fitting_counts(query: Keypoints, others: Keypoints) -> NDArray[np.float32]:
    """Return how many keypoints of each image fit one motion from the query's.

    Where there are more images than homographies can be fitted to, pairs that agree count for those that fit, and no
    such image counts more than the least of those that were looked at.
    """
    pairs = _pairs(query, others)[0]
    votes = pairs.members.sum(axis=1)
    counts = np.zeros(len(votes), np.float32)
    looked_at = _best(votes, MIN_AGREEING, MAX_VERIFIED)
    for image in looked_at:
        motion = _motion(query, others, pairs.partners[image], image)
        counts[image] = 0 if motion is None else len(motion[1])
    rest = np.setdiff1d(np.flatnonzero(votes >= MIN_AGREEING), looked_at)
    if len(rest) and counts.any():
        counts[rest] = np.minimum(votes[rest], counts[counts > 0].min())
    return counts


def _motion(
    query: Keypoints, others: Keypoints, partners: NDArray[np.int64], image: np.intp | int
) -> tuple[NDArray[np.float64], NDArray[np.intp]] | None:
    """Return the motion from the query to one image and the pairs (query's, image's) that fit it, of shape (m, 2)."""
    paired = np.flatnonzero(partners >= 0)
    pairs = np.stack([partners[paired], paired], axis=1)
    found = fit(query.places[0][pairs[:, 0]].astype(np.float64), others.places[image][pairs[:, 1]].astype(np.float64))
    return None if found is None else (found[0], pairs[found[1]])


def _verify(query: Keypoints, other: Keypoints, *, mirrored: bool) -> Verification | None:
    pairs = _pairs(query, other)[0]
    if pairs.members.sum() < MIN_AGREEING:
        return None
    motion = _motion(query, other, pairs.partners[0], 0)
    return None if motion is None else describe(query, other, motion[1], motion[0], mirrored=mirrored)
