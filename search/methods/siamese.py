"""How far apart two images lie for a network that was trained on pairs: same or not the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, MethodUnavailableError, SearchError, WeightsError
from search.methods import load_method
from search.methods.base import DerivedMethod, Method, check_images
from search.methods.branches import BITS, HEAD, KOCH, Branch, find, koch, load, peek
from search.methods.model_files import fingerprint
from search.types import RGBImage, Vectors

_REVISION = 1  # raise it when the numbers change although the network's file does not


class Siamese(DerivedMethod):
    """Rows of a siamese network: two branches with shared weights, compared by their Euclidean distance.

    By default the branch is one layer on the content network's rows, so that nothing is computed twice; the textbook's
    own convolutional network can be trained instead (`search.methods.branches.koch`). Rows have length 1, hence
    cosine = 1 - distance^2 / 2: the order is that of the distance, and any index of cosines serves. The signs of the
    128 numbers are the image's hash code.

    Options: "folder": where trained networks lie, or None; "deep": options of the content method, for when no other
    instance of it is at hand.

    Source: Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping" (CVPR 2006).
    """

    name = "siamese"
    source = "deep"
    code_bits = BITS
    dim = BITS

    @property
    def version(self) -> str:
        """Name the architecture and the first 12 digits of the file's SHA-256; "unavailable" where there is none."""
        try:
            path = self._find()
            return f"{_REVISION}-{peek(path).architecture}-{fingerprint(path)}"
        except (WeightsError, OSError):
            return f"{_REVISION}-unavailable"

    @property
    def derives(self) -> bool:
        """Tell whether the network in use is a head on the content network's rows."""
        return self.unavailable() is None and peek(self._find()).architecture == HEAD

    def unavailable(self) -> SearchError | None:
        """Return why images cannot be described here: no network fits, its file is damaged, no content network."""
        try:
            architecture = peek(self._find()).architecture
        except WeightsError as error:
            return self._lacks_content() or error
        return self._lacks_content() if architecture == HEAD else None

    def _lacks_content(self) -> SearchError | None:
        # Said before what is wrong with the head: where there is no content network, no head can fit one.
        missing = self._content().unavailable()
        return MethodUnavailableError("builds_on_content", because=missing) if missing else None

    def warm_up(self) -> None:
        """Load the network, and the content network where it builds on that."""
        if self._load().architecture == HEAD:
            self._content().warm_up()

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images by what the pairs have taught; see `Method.describe`. The rows' signs are the hash code."""
        check_images(images)
        branch = self._load()
        inputs = koch.prepare(images) if branch.architecture == KOCH else self._content().describe(images)
        return branch.rows(inputs)

    def derive(self, vectors: Vectors) -> Vectors:
        """Compute rows from the content network's; see `DerivedMethod.derive`."""
        branch = self._load()
        if branch.architecture != HEAD:
            raise MethodUnavailableError("textbook_needs_images")
        return branch.rows(vectors)

    def codes(self, vectors: Vectors) -> NDArray[np.uint8]:
        """Return the signs of the rows as bits.

        Parameters
        ----------
        vectors : ndarray of shape (n, 128)

        Returns
        -------
        codes : ndarray of shape (n, 16), uint8; bit k of a code is set where number k of the row is above 0

        Raises
        ------
        DimensionMismatchError : rows of another length
        """
        if vectors.ndim != 2 or vectors.shape[1] != BITS:
            about = {"method": self.name, "expected": BITS, "shape": str(vectors.shape)}
            raise DimensionMismatchError("rows_of_another_length", **about)
        return np.packbits(vectors > 0, axis=1)

    def distance(self, first: RGBImage, second: RGBImage) -> float:
        """Return the Euclidean distance of two images: of the 4096 sigmoid units, or of the head's rows (0..2).

        Parameters
        ----------
        first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ

        Raises
        ------
        ValueError, MethodUnavailableError, WeightsError : see `describe`
        """
        branch = self._load()
        pair = (first, second)
        if branch.architecture == KOCH:
            # By the 4096 units, as the textbook does; the 128 numbers are for storing and finding.
            one, other = koch.activations(branch.arrays, koch.prepare(pair))
        else:
            one, other = self.describe(pair)
        return float(np.linalg.norm(one - other))

    def textbook_similarity(self, first: RGBImage, second: RGBImage) -> float:
        """Turn the distance, by which the textbook compares, into a similarity: 1 / (1 + distance), 1 for equal images.

        Raises
        ------
        ValueError, MethodUnavailableError, WeightsError : see `describe`
        """
        return 1 / (1 + self.distance(first, second))

    def _content(self) -> Method:
        if self.origin is None:
            # Where nobody shares one, such as in a test or a command.
            self.origin = load_method(self.source, self.options.get("deep"))
        return self.origin

    def _find(self) -> Path:
        return find(self.options.get("folder"), self._content().version)

    def _load(self) -> Branch:
        reason = self.unavailable()
        if reason is not None:
            raise MethodUnavailableError("method_unavailable", method=self.name, because=reason)
        return load(self._find())
