"""Types that pass between the components of the search app."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from jobs.errors import CodedError

RGBImage = NDArray[np.uint8]
"""Shape (H, W, 3), dtype uint8, RGB, 0..255."""
Vectors = NDArray[np.float32] | NDArray[np.uint8]
"""Shape (n, dim): one row per image, float32 (unit length) or uint8, as the method says."""
Scores = NDArray[np.float32]
"""Shape (n,): raw similarities, larger is closer; NaN where a method has nothing for an image."""


class Missing(StrEnum):
    """Why a method has no score for two images."""

    NOT = ""
    NO_SCORE = "no_score"  # no vector of one of the images, or one that says nothing
    NO_CALIBRATION = "no_calibration"  # a raw score, but no random pairs to judge it by
    # In place of NO_SCORE, where it was looked into:
    NOT_COMPUTED = "not_computed"
    OTHER_VERSION = "other_version"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    ABSTAINS = "abstains"


class PairsOf(StrEnum):
    """Whose random pairs rarities are judged by."""

    LIBRARY = "library"
    COLLECTION = "collection"
    KIND = "kind"  # of images of the library that look alike as a whole
    REST = "rest"  # of the library, without such kinds
    KINDS = "kinds"  # of two kinds, or of no kind and one: the most cautious of all their tables and the library's


@dataclass(frozen=True, slots=True)
class Pooled:
    """What several examples have to do with one method's rarity; see `search.scoring.pooling`.

    Attributes
    ----------
    example : number of the liked example that the image is closest to, whose are the raw score and the decades
    decades : of all liked examples together
    against : number of the disliked example that took something away; None: none did
    taken : decades that it took away
    """

    example: int
    decades: float
    against: int | None = None
    taken: float = 0.0


@dataclass(frozen=True, slots=True)
class MethodScore:
    """How alike one method finds two images; all numbers but the weight are None when it is missing."""

    method: str
    weight: float
    raw: float | None = None
    decades: float | None = None  # -log10 of the share of random pairs that are at least this alike
    rarity: float | None = None  # 0..1, see `search.scoring.calibration`
    share: float | None = None  # 0..1, this method's part of the fused score; shares add up to 1
    rank: int | None = None  # 1 = the closest candidate in this method; None where there are no candidates
    missing: Missing = Missing.NOT
    pooled: Pooled | None = None  # None: one example, whose rarity it is

    def of_examples(self, pooled: Pooled | None) -> Self:
        """Return it with what several examples have to do with it."""
        return replace(self, pooled=pooled)

    @property
    def one_in(self) -> float | None:
        """Return n of "1 random pair in n is at least this alike"."""
        return None if self.decades is None else 10.0**self.decades

    @classmethod
    def read(cls, method: str, document: Mapping[str, Any]) -> Self:
        """Return what a JSON document holds of a method; of another kind than a number: None."""
        known = {
            name: float(value)
            for name in ("weight", "raw", "decades", "rarity", "one_in", "share")
            if isinstance(value := document.get(name), int | float)
        }
        one_in = known.pop("one_in", 0)
        if one_in > 0:  # older documents, and those of searches, hold this alone
            known.setdefault("decades", math.log10(one_in))
        rank, weight = document.get("rank"), known.pop("weight", 0.0)
        missing = Missing.NOT if "raw" in known else Missing.NO_SCORE
        return replace(cls(method, weight, rank=rank, missing=missing), **known)  # type: ignore[arg-type]

    def figures(self, names: Iterable[str]) -> dict[str, Any]:
        """Return some of the numbers by name, as JSON documents hold them."""
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Spots of several images, or of one image seen in several ways, as an index finds them.

    Attributes
    ----------
    owners : ndarray of shape (m,), int64: which of the images, or of the ways, each is of; ascending
    cells : ndarray of shape (m, k), int64: where spots that look like it are kept; k is 1 where they are kept
    signatures : ndarray of shape (m, k), uint64: in each cell, the more bits are equal the more two spots look alike
    poses : ndarray of shape (m, 2), uint8: direction in 256ths of a turn, and size in 16ths of an octave
    """

    owners: NDArray[np.int64]
    cells: NDArray[np.int64]
    signatures: NDArray[np.uint64]
    poses: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Verification:
    """A motion that maps what one image shows onto another, and its evidence.

    Attributes
    ----------
    inliers : pairs of keypoints that fit the motion
    matched_area : share of the second image that the box around them covers, 0..1
    polygon : ndarray of shape (4, 2), float64: the corners of that box on the second image, x and y, 0..1 inside of it
    points : ndarray of shape (inliers, 2, 2), float64: places of each pair on the first and the second image, 0..1
    matrix : ndarray of shape (3, 3), float64: maps places (x, y, 1), 0..1, from the first image to the second
    mirrored : whether left and right are swapped
    inverted : whether light and dark are swapped
    contained : share of the first image that the second one shows, 0..1
    degrees : how far the first image is turned, clockwise, after it was mirrored where it is; -180..180
    """

    inliers: int
    matched_area: float
    polygon: NDArray[np.float64]
    points: NDArray[np.float64]
    matrix: NDArray[np.float64]
    mirrored: bool
    inverted: bool
    contained: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Result:
    """One image of the answer, ranked, with its reasons."""

    image_id: int
    rank: int
    score: float  # 0..1
    methods: Mapping[str, MethodScore]
    proof: float = 0.0  # how strong the proof is that it shows what the query shows, whatever the score; 0: none


class Motions(Protocol):
    """Finds the motions that map a query onto its results; asked for those that are shown, since they cost time."""

    def of(self, results: Iterable[Result]) -> Mapping[int, Verification]:
        """Return the motion of each result that has one, by image."""


class NoMotions:
    """Of a query about which no re-ranking method has anything to say."""

    def of(self, results: Iterable[Result]) -> Mapping[int, Verification]:
        """Return nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one query."""

    results: list[Result]
    weights: Mapping[str, float]
    num_candidates: int
    num_images: int  # images searched: generation + delta - removed
    exact: bool
    generation_id: int | None
    versions: Mapping[str, str] = field(default_factory=dict)  # of the rows searched, by method
    missing_methods: Mapping[str, CodedError] = field(default_factory=dict)  # why the query has no feature of these
    background: str = PairsOf.LIBRARY  # whose random pairs the rarities are judged by
    similar_images: int = 0  # where that is a kind: how many images of it can be found
    borrowed: float = 0.0  # 0..1, see `search.query.standard.Standard`
    degraded: CodedError | None = None  # why the index is not what it should be
    seconds: float = 0.0
    motions: Motions = field(default_factory=NoMotions)
    words: str = ""  # searched for, alone or beside an image
    num_namesakes: int = 0  # images that say the words, and showed what else may be called so
    guessed: bool = False  # the words name no thing that is known; a text model placed them
    absent: Mapping[int, CodedError] = field(default_factory=dict)  # example -> why it could not be searched by
