"""The contract of a similarity method.

A method turns images into one row of numbers each (`describe`), and says how alike two such rows are. Most methods
are *vector methods*: rows are float32 of unit length and the raw score is their dot product (cosine), so that any
ANN index can search them. A *pairwise* method (ssim) has a costlier score of its own, and names a vector that stands
in for it when candidates are gathered. A *re-ranking* method gathers nothing: it only scores what the others found.

A *derived* method computes its rows from those of another method, its source, so that it need not look at an image
again that its source has described.

Any method may also derive binary *codes* from its rows: in large libraries a hash index finds every image whose code
differs in a few bits, which adds to the candidates.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, SearchError
from search.types import RGBImage, Scores, Spots, Vectors, Verification


class Method(ABC):
    """One way of describing and comparing images. Constructors only store their options; loading is lazy."""

    name: ClassVar[str]
    """Stored in the database and in URLs: never rename."""
    pairwise: ClassVar[bool] = False
    reranks: ClassVar[bool] = False
    code_bits: ClassVar[int] = 0
    """Bits of the codes that `codes` derives, a multiple of 64; 0: none."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})

    @property
    @abstractmethod
    def version(self) -> str:
        """Identify the output: changes whenever the numbers would. At most 64 characters, cheap, loads no library."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Numbers per image. May load the model."""

    @property
    def dtype(self) -> type[np.generic]:
        """Type of the stored numbers: float32 for vector methods."""
        return np.float32

    def unavailable(self) -> SearchError | None:
        """Return why the method cannot describe images on this machine, or None. Cheap; loads no library.

        The reason is returned, not raised: a method that lacks something is a state that pages show, and the other
        methods go on without it.
        """
        return None

    def stands_in(self) -> SearchError | None:
        """Return why something else describes images than what was chosen, or None. As cheap as `unavailable`."""
        return None

    def warm_up(self) -> None:  # noqa: B027 (a hook: most methods have nothing to load)
        """Load whatever `describe` needs, so that the first image does not wait for it."""

    @abstractmethod
    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images.

        Parameters
        ----------
        images : sequence of n ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ; H, W >= 1

        Returns
        -------
        vectors : ndarray of shape (n, dim), dtype `self.dtype`; float rows have L2 norm 1

        Raises
        ------
        ValueError : an image is empty or not three-channel uint8
        MethodUnavailableError : see `unavailable`
        """

    def takes(self, query: NDArray[Any]) -> bool:
        """Tell whether a query's row can be compared with images' rows; see `describe_query`."""
        return query.shape == (self.dim,)

    def describe_query(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images that are only searched for, which may take more time and room; see `describe`."""
        return self.describe(images)

    def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
        """Compare one row with many.

        Parameters
        ----------
        query : ndarray of shape (dim,)
        vectors : ndarray of shape (n, dim)

        Returns
        -------
        scores : ndarray of shape (n,), dtype float32; larger is closer; for vector methods the cosine, -1..1
        """
        if query.shape[0] != vectors.shape[1]:
            raise DimensionMismatchError(
                "query_of_another_length", method=self.name, query=query.shape[0], rows=vectors.shape[1]
            )
        return np.asarray(vectors @ query, dtype=np.float32)

    def abstains(self, query: NDArray[Any]) -> SearchError | None:
        """Return why a row of shape (dim,) says nothing about its image, or None; `scores` are then all NaN."""
        return None

    def codes(self, vectors: Vectors) -> NDArray[np.uint8]:
        """Derive the binary codes that a hash index finds by their Hamming distance.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim)

        Returns
        -------
        codes : ndarray of shape (n, code_bits // 8), dtype uint8; overridden where `code_bits` is above 0
        """
        return np.empty((len(vectors), 0), np.uint8)

    def query_codes(self, query: NDArray[Any]) -> NDArray[np.uint8]:
        """Derive the codes to look for, any of which may lie near: the query's own, and those of its variants.

        Parameters
        ----------
        query : ndarray of shape (dim,)

        Returns
        -------
        codes : ndarray of shape (m, code_bits // 8), dtype uint8, m >= 1
        """
        # One code, unless a method knows variants of the picture that the code should find as well.
        return self.codes(query[None])


class PairwiseMethod(Method):
    """A method whose raw score is not a dot product; `scores` is overridden."""

    pairwise: ClassVar[bool] = True

    @abstractmethod
    def proxy(self, vectors: Vectors) -> NDArray[np.float32]:
        """Derive the vectors that gather candidates for this method.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim)

        Returns
        -------
        proxies : ndarray of shape (n, proxy_dim), dtype float32, L2 norm 1 (or 0 where nothing can be said)
        """


class DerivedMethod(Method):
    """A method whose rows may follow from another method's: `describe` asks that one, `derive` takes what it said."""

    source: ClassVar[str]
    """Name of the method to derive from; it stands before this one in the registry."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self.origin: Method | None = None
        """The process's own source, set by whoever holds both, so that its network is loaded once."""

    @property
    @abstractmethod
    def derives(self) -> bool:
        """Tell whether, as things are set, rows follow from the source's; else the images themselves are needed."""

    @abstractmethod
    def derive(self, vectors: Vectors) -> Vectors:
        """Compute rows from the rows of the source.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim of the source), of the source's present version

        Returns
        -------
        rows : ndarray of shape (n, dim): what `describe` gives for the images that `vectors` describe

        Raises
        ------
        DimensionMismatchError : rows of another length
        MethodUnavailableError, WeightsError : see `unavailable`
        """


class RerankMethod(Method):
    """A method that gathers no candidates: its `scores`, which are overridden, are asked for the best alone.

    Rows may be of any type, need no unit length and are never scanned. What may be found in them by itself, such as
    keypoints, are *spots*: an index of theirs finds candidates that no other method would bring up.
    """

    reranks: ClassVar[bool] = True
    spot_version: ClassVar[str] = ""
    """Identifies what `spots` gives for rows of one version; empty: there are none."""
    spot_sides: ClassVar[tuple[int, ...]] = ()
    """Square roots of the numbers of cells that spots may be sorted into, ascending."""

    def spots(self, vectors: Vectors, side: int) -> Spots:
        """Return the spots of images.

        Parameters
        ----------
        vectors : ndarray of shape (n, dim)
        side : one of `spot_sides`

        Returns
        -------
        spots : with one cell each; their owners are places in `vectors`
        """
        raise NotImplementedError(f"{self.name} has no spots; expected of methods with a spot_version alone")

    def asked_spots(self, query: NDArray[Any], side: int) -> Spots:
        """Return what to look for: the spots of a query, in every way it may be seen, with several cells each."""
        raise NotImplementedError(f"{self.name} has no spots; expected of methods with a spot_version alone")

    def scores_of_likely(self, query: NDArray[Any], vectors: Vectors, likely: NDArray[np.int64]) -> Scores:
        """Compare one row with many, of which some are known to share spots with it; see `scores`.

        Parameters
        ----------
        query, vectors : see `scores`
        likely : ndarray of shape (n,): the way in which the query is seen in each, see `asked_spots`; -1: not known
        """
        return self.scores(query, vectors)

    def least_proof(self) -> float:
        """Return the raw score below which no motion is proof."""
        return math.inf

    def proof(self, motion: Verification) -> float:
        """Return how strong a motion is as proof that both images show the same; 0: chance may make such a one."""
        return 0.0

    def verify(self, query: NDArray[Any], row: NDArray[Any]) -> Verification | None:
        """Find the motion that maps one image onto another, for people to look at.

        Parameters
        ----------
        query, row : ndarrays of shape (dim,)

        Returns
        -------
        verification : None when there is no such motion, or the method knows of none
        """
        return None


def check_images(images: Sequence[RGBImage]) -> None:
    """Raise ValueError unless every image is a non-empty (H, W, 3) uint8 array."""
    for position, image in enumerate(images):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(
                f"image {position}: expected a non-empty (H, W, 3) uint8 array, got shape {image.shape}, {image.dtype}"
            )


def check_bytes(method: Method, query: NDArray[Any], vectors: Vectors) -> None:
    """Raise DimensionMismatchError unless both are rows of a method that stores bytes: a cast would hide the mistake.

    Parameters
    ----------
    query, vectors : expected of shape (dim,), see `Method.takes`, and (n, dim), dtype uint8
    """
    for rows, fits in ((query, method.takes(query)), (vectors, vectors.shape[1:] == (method.dim,))):
        if not fits or rows.dtype != np.uint8:
            about = {"method": method.name, "expected": method.dim, "shape": str(rows.shape), "dtype": rows.dtype}
            raise DimensionMismatchError("bytes_expected", **about)


def normalize_rows(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Scale rows to L2 norm 1; all-zero rows stay zero. Shape (n, dim) in and out, float32 out."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    # Zeros stay zeros, rather than NaN: the row of an image of one color, or of a method that found nothing.
    return np.asarray(np.divide(rows, norms, out=np.zeros_like(rows, dtype=np.float64), where=norms > 0), np.float32)


def gray(image: RGBImage) -> NDArray[np.uint8]:
    """Return the luma (ITU-R BT.601) of an (H, W, 3) RGB image as (H, W) uint8."""
    # OpenCV takes no views with a negative step, which is what mirrored images are.
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), np.uint8)


def resize(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resize to (height, width): area means where it shrinks, linear interpolation where it grows.

    OpenCV's area mode falls back to plain interpolation, which skips pixels, as soon as one side grows; so sides
    that shrink are shrunk first.
    """
    shrunk = (min(width, image.shape[1]), min(height, image.shape[0]))
    if shrunk != (image.shape[1], image.shape[0]):
        image = np.asarray(cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA), np.uint8)
    if shrunk != (width, height):
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return image


def resize_longest(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Shrink to a longest side of at most `side` pixels, keeping the aspect ratio; smaller images stay as they are."""
    height, width = image.shape[:2]
    longest = max(height, width)
    if longest <= side:
        return image
    # One pixel at least: the short side of a panorama may round to none.
    return resize(image, max(1, round(height * side / longest)), max(1, round(width * side / longest)))
