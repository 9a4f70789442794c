"""The same spots in the same arrangement: keypoints that match, and the motion that maps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import SearchError
from search.methods.base import RerankMethod, check_bytes, check_images
from search.methods.keypoints.cells import SIDES, VERSION, spots_of
from search.methods.keypoints.homography import MIN_INLIERS, describe, fit
from search.methods.keypoints.pairing import agreement, pair
from search.methods.keypoints.rows import (
    MANY_ROW,
    ROW,
    SLOTS,
    WAYS,
    Keypoints,
    every_way,
    find_many_row,
    find_row,
    unpack,
)
from search.types import RGBImage, Scores, Spots, Vectors, Verification

GLANCE, FIRST_GLANCE = 32, 16
"""Keypoints of both images, the strongest, that are paired first, to see where looking closer may be worth it; and
before that with the query inverted."""
MIN_GLANCED, MIN_AGREEING = 2, 5
"""Pairs that must tell of one motion at first glance, and when all keypoints are paired."""
MAX_PAIRED, MAX_VERIFIED = 120, 60
"""Images of one comparison whose keypoints are all paired, and to whose pairs a homography is fitted."""
CELLS_ASKED = 4
"""Cells in which each spot of a query is looked for."""
MIN_PROOF = 8
"""Keypoints that must fit for a motion to be proof."""
MIN_PROOF_AREA = 0.02
"""Share of either image that a proof must cover: a logo that two images have in common proves nothing of them."""

_CHUNK = 512  # images glanced at together


class Local(RerankMethod):
    """SIFT keypoints, ratio test and a homography (Lowe, IJCV 2004): the share of 64 keypoints that fit one motion.

    Finds copies that are cropped, turned, squeezed, mirrored or part of a larger picture. Says nothing about images
    that are merely of the same kind: their score is 0.
    """

    name = "local"
    version = "sift-224-64-1"
    dim = ROW.itemsize
    spot_version = VERSION
    spot_sides = SIDES

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

    def describe_query(self, images: Sequence[RGBImage]) -> Vectors:
        """Find more keypoints than are kept of images: a query may show an image in a small part of it."""
        check_images(images)
        if not images:
            return np.empty((0, MANY_ROW.itemsize), np.uint8)
        return np.stack([find_many_row(image) for image in images])

    def takes(self, query: NDArray[Any]) -> bool:
        """See `RerankMethod.takes`."""
        return query.shape in ((ROW.itemsize,), (MANY_ROW.itemsize,))

    def spots(self, vectors: Vectors, side: int) -> Spots:
        """See `RerankMethod.spots`."""
        return spots_of(unpack(np.asarray(vectors, np.uint8)), side)

    def asked_spots(self, query: NDArray[Any], side: int) -> Spots:
        """Return the query's spots in each of `keypoints.rows.WAYS`."""
        return spots_of(every_way(unpack(query[None])), side, CELLS_ASKED)

    def least_proof(self) -> float:
        """See `RerankMethod.least_proof`."""
        return MIN_PROOF / SLOTS

    def proof(self, motion: Verification) -> float:
        """Return how many keypoints fit, times the share that they show of that image of which it is more.

        A copy that is a small part of the query is shown as a whole; of two pictures with the same thing in them, less
        of either is.
        """
        area = max(motion.matched_area, motion.contained)
        return motion.inliers * area if motion.inliers >= MIN_PROOF and area >= MIN_PROOF_AREA else 0.0

    def abstains(self, query: NDArray[Any]) -> SearchError | None:
        """Say so where the query has too few keypoints to be found again."""
        count = int(unpack(query[None]).counts[0])
        if count >= MIN_INLIERS:
            return None
        return SearchError("too_few_keypoints", num=count, least=MIN_INLIERS)

    def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
        """Compare one image with many.

        At first the strongest keypoints are paired, with the query as it is, mirrored, inverted, and both. Images where
        pairs agree on one motion are looked at closely, the most promising first; a homography decides.

        Parameters
        ----------
        query : ndarray of shape (dim,), dtype uint8, or longer, see `describe_query`
        vectors : ndarray of shape (n, dim), dtype uint8

        Returns
        -------
        scores : ndarray of shape (n,), dtype float32, 0..1: keypoints that fit one motion, of 64; 0 where no motion
            was found; NaN where the query has too few keypoints to say anything

        Raises
        ------
        DimensionMismatchError : another length or dtype
        """
        return self._scores(query, vectors, None)

    def scores_of_likely(self, query: NDArray[Any], vectors: Vectors, likely: NDArray[np.int64]) -> Scores:
        """Compare one image with many, see `scores`.

        The query is inverted for those alone in which it is likely seen so: who asks about all images knows of these.
        Where more of the query's keypoints are known than are kept of images, those that are likely are looked at
        closely without a glance, for that sees the strongest keypoints only. Else they are not: a pair of images that
        are both kept has one score, whoever brought it up.
        """
        return self._scores(query, vectors, likely)

    def _scores(self, query: NDArray[Any], vectors: Vectors, likely: NDArray[np.int64] | None) -> Scores:
        check_bytes(self, query, vectors)
        one, others = unpack(query[None]), unpack(np.asarray(vectors, np.uint8))
        if self.abstains(query) is not None:
            return np.full(len(vectors), np.nan, np.float32)
        ways = every_way(one)
        glances = _glance_every_way(ways.strongest(SLOTS), others, likely)
        # Pairing all keypoints costs four times as much, and nearly no image is a copy.
        promising = _best(glances.max(axis=0), MIN_GLANCED, MAX_PAIRED)
        best_ways = glances[:, promising].argmax(axis=0)
        counts = np.zeros(len(vectors), np.float32)
        for way in range(len(WAYS)):
            images = promising[best_ways == way]
            if likely is not None and query.shape != (self.dim,):
                images = np.union1d(images, np.flatnonzero(likely == way))
            found = _fitting_counts(ways.take(slice(way, way + 1)), others.take(images))
            counts[images] = np.maximum(counts[images], found)
        return np.asarray(np.minimum(counts / np.float32(SLOTS), 1), np.float32)

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
        # Every way, because the glance that chose one of them in a search is not at hand here.
        ways = every_way(one)
        found = [_verify(ways.take(slice(way, way + 1)), other, seen) for way, seen in enumerate(WAYS)]
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


def _pairs(queries: Keypoints, others: Keypoints, most: int | None) -> list[_Pairs]:
    """Pair the strongest keypoints of each query with those of all the others; None: all keypoints."""
    partners = pair(queries, others, most)
    sides = [queries.take(slice(place, place + 1)) for place in range(len(partners))]
    return [_Pairs(rows, agreement(side, others, rows)) for side, rows in zip(sides, partners, strict=True)]


def _glance(queries: Keypoints, others: Keypoints, most: int) -> NDArray[np.int64]:
    """Return how many of the strongest keypoints agree on one motion; shape (q, n). In bounded memory."""
    glances = np.zeros((len(queries.counts), len(others.counts)), np.int64)
    for start in range(0, len(others.counts), _CHUNK):
        images = slice(start, start + _CHUNK)
        glances[:, images] = [found.members.sum(axis=1) for found in _pairs(queries, others.take(images), most)]
    return glances


def _glance_every_way(ways: Keypoints, others: Keypoints, likely: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Glance at all images, in the inverted ways at those alone that are likely seen so, or look so at a first glance.

    Inverted copies are few, and the strongest keypoints of a picture are the strongest of its negative.
    """
    upright = np.array([way for way, (_mirrored, inverted) in enumerate(WAYS) if not inverted])
    turned = np.setdiff1d(np.arange(len(WAYS)), upright)
    glances = np.zeros((len(WAYS), len(others.counts)), np.int64)
    glances[upright] = _glance(ways.take(upright), others, GLANCE)
    if likely is None:
        seen = _glance(ways.take(turned), others, FIRST_GLANCE).max(axis=0) >= MIN_GLANCED
    else:
        seen = np.isin(likely, turned)
    images = np.flatnonzero(seen)
    if len(images):
        glances[turned[:, None], images] = _glance(ways.take(turned), others.take(images), GLANCE)
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
    if not len(others.counts):
        return np.empty(0, np.float32)
    pairs = _pairs(query, others, None)[0]
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


def _verify(query: Keypoints, other: Keypoints, seen: tuple[bool, bool]) -> Verification | None:
    pairs = _pairs(query, other, None)[0]
    if pairs.members.sum() < MIN_AGREEING:
        return None
    motion = _motion(query, other, pairs.partners[0], 0)
    if motion is None:
        return None
    return describe(query, other, motion[1], motion[0], mirrored=seen[0], inverted=seen[1])
