"""What an image shows, as a pretrained neural network sees it."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, SearchError, WeightsError
from search.methods.base import Method, check_images, normalize_rows, resize
from search.methods.engines import EXTRA, PACKAGES, Network, load_network
from search.methods.model_files import BUILT_IN, ModelFile, find_model_file
from search.methods.pretrained.photographs import check_classes, check_rows
from search.methods.pretrained.preparation import withdraw
from search.types import RGBImage, Vectors

_REVISION = 1  # of the numbers below the network: raise it when resizing or the root changes
_BATCH = 16
_GRAY = (128, 128, 128)
_REFUSED_SECONDS = 60.0  # that a file which could not be loaded is not tried again: each try may take seconds


class Deep(Method):
    """Rows of the built-in encoder or of a packaged network, or pooled activations of another network, square-rooted.

    Options: see `search.methods.model_files.find_model_file`. Weights are never random and never downloaded here:
    without a file the method is unavailable.

    The encoder's rows are compared as they are: its training has weighed them. Of other networks the square root
    lessens the few channels that fire strongly everywhere (Hellinger kernel; with a MobileNet, on development images,
    it raises mAP from 0.43 to 0.50). Images keep half of their aspect ratio (see `fit`), which raises it further, to
    0.54.
    """

    name = "deep"

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._network: Network | None = None
        self._mark = ""
        self._refusal: tuple[str, Mapping[str, Any]] | None = None
        self._refused_until = 0.0

    @property
    def version(self) -> str:
        """Name the network and the beginning of a checksum; "unavailable" where there is no network."""
        try:
            file = find_model_file(self.options)
            return f"{_REVISION}-{file.title}-{file.identity}"
        # The file may go away between being found and being read.
        except (WeightsError, OSError):
            return f"{_REVISION}-unavailable"

    @property
    def dim(self) -> int:
        """Numbers per image: those of the network's last layer. Loads the network."""
        return self._load().dim

    def unavailable(self) -> SearchError | None:
        """Return why images cannot be described here: no weights, not those of a network, or nothing to run it."""
        try:
            file = find_model_file(self.options)
        except WeightsError as error:
            return error
        for package in PACKAGES[file.engine]:
            # Looked for, not imported: pages ask this too, and must not load TensorFlow.
            if importlib.util.find_spec(package) is None:
                return MethodUnavailableError(
                    "extra_missing" if package in EXTRA else "package_missing", package=package
                )
        return None

    def stands_in(self) -> SearchError | None:
        """Return why the built-in encoder serves although another network was asked for, or None."""
        try:
            return find_model_file(self.options).stands_in
        except WeightsError:
            return None

    def warm_up(self) -> None:
        """Load the network with what runs it, and let it compile."""
        network = self._load()
        network.run(np.zeros((1, *network.size, 3), np.uint8))

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images by what they show; see `Method.describe`.

        Raises
        ------
        MethodUnavailableError : no usable weights; says what to do
        WeightsError : the file is damaged or belongs to another network
        """
        check_images(images)
        network = self._load()
        activations = _activations(network, images, fit)
        rooted = activations if network.embeds else np.sign(activations) * np.sqrt(np.abs(activations))
        rows = normalize_rows(rooted)
        rows[~rows.any(axis=1)] = network.dim**-0.5  # nothing woke: alike to all, and to the next such image most
        return rows

    def classify(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        """Say which of ImageNet's classes images may show, by a network from a package.

        Parameters
        ----------
        images : see `describe`

        Returns
        -------
        logits : ndarray of shape (n, 1000); their softmax are the probabilities of the classes, whose names are
            `search.methods.pretrained.classes.image_classes()`

        Raises
        ------
        ValueError, WeightsError : see `describe`
        MethodUnavailableError : the network in use names no classes
        """
        check_images(images)
        network = self._load()
        if network.classify is None:
            raise MethodUnavailableError("no_classes")
        return np.concatenate([network.classify(fit(image, *network.size)[None]) for image in images])

    def textbook_similarity(self, first: RGBImage, second: RGBImage) -> float:
        """Compare two images by the textbook definition: cosine of the pooled activations.

        The textbook resizes images to the network's input without regard to their aspect ratio, and takes no root.

        Parameters
        ----------
        first, second : ndarrays of shape (H, W, 3), dtype uint8, RGB; sizes may differ

        Returns
        -------
        similarity : -1..1; 1 for equal images

        Raises
        ------
        ValueError, MethodUnavailableError, WeightsError : see `describe`
        """
        check_images([first, second])
        one, other = normalize_rows(_activations(self._load(), [first, second], resize))
        return float(one @ other)

    def _load(self) -> Network:
        """Return the network, loaded once, and again when its file changes.

        Raises
        ------
        MethodUnavailableError, WeightsError : see `describe`; a file that could not be loaded is refused at once for
            a minute, lest a batch of images tries it as many times
        """
        reason = self.unavailable()
        if reason is not None:
            raise MethodUnavailableError("method_unavailable", method=self.name, because=reason)
        file = find_model_file(self.options)
        mark = f"{file.path}:{file.title}:{file.preprocessing}:{file.identity}"
        with self._lock:
            if self._mark != mark:
                self._network, self._mark, self._refusal = None, mark, None
            if self._network is None:
                self._network = self._open(file)
            return self._network

    def _open(self, file: ModelFile) -> Network:
        if self._refusal and time.monotonic() < self._refused_until:
            code, params = self._refusal
            raise WeightsError(code, **params)
        try:
            network = load_network(file)
            if network.classify is not None:
                check_classes(network.classify, network.size)
            elif file.path != BUILT_IN:
                check_rows(network.run, network.size)
            return network
        except WeightsError as error:
            if file.network:
                withdraw(file.network, file.path, error)
            # Not the error itself: its traceback would keep the half-made network in memory.
            self._refusal = error.code, error.params
            self._refused_until = time.monotonic() + _REFUSED_SECONDS
            raise


def fit(image: RGBImage, height: int, width: int) -> RGBImage:
    """Fit an image into (height, width), half by squeezing it, half by gray bars.

    The square root of the aspect ratio is kept. Squeezed wholly, a tall thing and a wide thing look alike to the
    network; kept wholly, bars take most of the picture from long images. Half way was best on development images:
    mAP 0.540 (squeezed 0.504, center crop 0.507, bars only 0.537), edited copies found first 0.93 (0.92, -, 0.92).

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8
    height, width : of the network's input, in pixels

    Returns
    -------
    fitted : ndarray of shape (height, width, 3), dtype uint8
    """
    relative = (image.shape[1] / image.shape[0]) / (width / height)
    inner_width = width if relative >= 1 else max(1, round(width * relative**0.5))
    inner_height = height if relative <= 1 else max(1, round(height / relative**0.5))
    inner = resize(image, inner_height, inner_width)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    bottom, right = height - inner_height - top, width - inner_width - left
    # Gray in the middle of the scale, which is near 0 for most networks once pixels are prepared.
    bordered = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT, value=_GRAY)
    return np.asarray(bordered, np.uint8)


def _activations(
    network: Network, images: Sequence[RGBImage], shape: Callable[[RGBImage, int, int], RGBImage]
) -> NDArray[np.float32]:
    """Return the network's numbers for the images; shape (n, dim)."""
    activations = np.empty((len(images), network.dim), np.float32)
    # In parts, so that memory does not grow with the number of images asked for.
    for start in range(0, len(images), _BATCH):
        batch = [shape(image, *network.size) for image in images[start : start + _BATCH]]
        activations[start : start + _BATCH] = network.run(np.stack(batch))
    if not np.isfinite(activations).all():
        raise WeightsError("numbers_not_finite")
    return activations
