"""Networks from packages as teachers: the maps before their last pooling, run by LiteRT."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.methods.pretrained.efficientnet_lite import fold
from search.methods.pretrained.litert_file import written
from search.methods.pretrained.packages import Package, check_intact, weights_of
from search.methods.pretrained.photographs import check_classes
from search.methods.pretrained.state_dict import read_state_dict

Array = NDArray[np.float32]
_PIXELS, _FEATURES, _CLASSES, _MAPS = "pixels", "activations", "logits", "maps"


class PackagedMaps:
    """A network of a package up to its last maps.

    Parameters
    ----------
    package : see `search.methods.pretrained.packages.PACKAGES`

    Raises
    ------
    WeightsError : the package is absent or damaged, or its network does not know what photographs show
    """

    def __init__(self, package: Package) -> None:
        from ai_edge_litert.interpreter import Interpreter

        source = weights_of(package)
        check_intact(package, source)
        content = written(fold(read_state_dict(source), package), _PIXELS, _FEATURES, _CLASSES, _MAPS)
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
        self.size = (package.side, package.side)
        self._run: Any = interpreter.get_signature_runner()
        self._interpreter = interpreter  # which the runner does not keep
        check_classes(lambda pixels: self._given(pixels, _CLASSES), self.size)

    def __call__(self, pixels: NDArray[Any]) -> Array:
        """Return the maps of pictures.

        Parameters
        ----------
        pixels : shape (n, side, side, 3), RGB of 0..255

        Returns
        -------
        maps : shape (n, height, width, 1280), float32, 0..6
        """
        return self._given(pixels, _MAPS)

    def _given(self, pixels: NDArray[Any], name: str) -> Array:
        # One by one, as the file takes them; copied, since the next run writes into the same memory.
        return np.concatenate([np.array(self._run(pixels=each[None].astype(np.float32))[name]) for each in pixels])
