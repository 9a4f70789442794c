"""Measuring pairs of images by the vectors that searches use: every method's raw score, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from review.duplicates.find.candidates import near_rows
from review.duplicates.find.evidence import WEIGHTS
from review.duplicates.find.pairs import Pairs
from search.public.codes import near_codes
from search.public.features import methods
from search.public.pairs import raw_scores
from search.public.scoring import Snapshot, take

METHODS = tuple(WEIGHTS)
"""Whose scores are measured: those that the evidence rests on, in the order of the columns that are kept."""
LEAST_COSINE, MOST_PER_IMAGE = 0.5, 16
"""Images looked at closely for each image: the nearest by the siamese network, or else by content."""
FINGERPRINT_BITS = 6
"""... and all whose fingerprints differ in so few of 64 bits, mirrored or turned alike."""
ShareProgress = Callable[[float], None]
"""Told which share of the work is done, 0..1."""


def searchable_ids(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the images that can be found, ascending."""
    ids = [np.asarray(segment.image_ids)[segment.searchable] for segment in snapshot.segments]
    return np.unique(np.concatenate([np.empty(0, np.int64), *ids]))


def find_candidates(snapshot: Snapshot, ids: NDArray[np.int64], fresh: NDArray[np.bool_], tell: ShareProgress) -> Pairs:
    """Return the pairs of images that are worth measuring, one of each fresh.

    Parameters
    ----------
    snapshot : whose vectors are compared
    ids : ndarray of shape (n,), ascending
    fresh : ndarray of shape (n,), bool
    """
    found = Pairs.listed([])
    for name in ("siamese", "deep"):
        held = take(snapshot, name, ids)
        if held is not None:
            vectors, present = held
            rows = np.flatnonzero(present)
            one, other = near_rows(
                np.asarray(vectors[rows], np.float32), fresh[rows], least=LEAST_COSINE, most=MOST_PER_IMAGE
            )
            found = Pairs.of(ids[rows[one]], ids[rows[other]])
            break
    tell(0.7)
    held = take(snapshot, "phash", ids)
    if held is not None:
        codes, present = held
        rows = np.flatnonzero(present)
        method = methods()["phash"]
        turned = np.array([method.query_codes(code) for code in codes[rows]], np.uint8).reshape(len(rows), -1, 8)
        one, other = near_codes(np.asarray(codes[rows], np.uint8), turned, fresh[rows], most_bits=FINGERPRINT_BITS)
        found = found.joined(Pairs.of(ids[rows[one]], ids[rows[other]]))
    tell(1.0)
    return found


def measure(snapshot: Snapshot, pairs: Pairs, tell: ShareProgress = lambda _share: None) -> NDArray[np.float32]:
    """Return every method's raw score of pairs.

    Parameters
    ----------
    snapshot : whose vectors are compared
    pairs : of images

    Returns
    -------
    raw : ndarray of shape (methods, n), float32, rows as in `METHODS`, NaN = missing
    """
    return raw_scores(snapshot, METHODS, pairs.first, pairs.second, lambda done, total: tell(done / total))
