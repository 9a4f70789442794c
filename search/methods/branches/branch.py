"""One branch of a siamese network: inputs in, rows out that are compared by their Euclidean distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, WeightsError
from search.methods.base import normalize_rows
from search.methods.branches import koch

BITS = 128
"""Numbers of a row, and bits of its code: their signs."""
# Both stand in files, versions and command lines: never rename.
HEAD, KOCH = "head", "guide"
"""Architectures: one layer on the content network's rows; the textbook network on gray pictures."""

_SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    HEAD: {"weights": (0, BITS), "bias": (BITS,)},
    KOCH: {**koch.SHAPES, "weights": (koch.UNITS, BITS), "bias": (BITS,)},
}
"""Arrays of each architecture; 0: any length."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The numbers of one branch.

    Attributes
    ----------
    architecture : `HEAD` or `KOCH`
    arrays : by name, float32; for both architectures the last layer, "weights" of shape (inputs, 128) and "bias" of
        shape (128,); for the textbook's also what `koch.activations` expects
    source : version of the content method that a head was trained on; empty for the textbook's
    about : what the training left to say: figures, pairs, seed
    """

    architecture: str
    arrays: Mapping[str, NDArray[Any]]
    source: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise WeightsError unless the arrays are those of the architecture, and finite."""
        if self.architecture not in _SHAPES:
            raise WeightsError("unknown_architecture", got=self.architecture, expected=list(_SHAPES))
        for name, shape in _SHAPES[self.architecture].items():
            found = self.arrays[name].shape if name in self.arrays else None
            if (
                found is None
                or len(found) != len(shape)
                or any(w and w != f for w, f in zip(shape, found, strict=True))
            ):
                raise WeightsError("array_of_another_shape", array=name, expected=str(shape), got=str(found))
            if not np.isfinite(self.arrays[name]).all():
                raise WeightsError("array_not_finite", array=name)

    def rows(self, inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Run the branch.

        Parameters
        ----------
        inputs : head: ndarray of shape (n, dim of the content method), float32; guide: ndarray of shape
            (n, 105, 105), uint8, see `koch.prepare`

        Returns
        -------
        rows : ndarray of shape (n, 128), float32, L2 norm 1, so that cosine = 1 - distance^2 / 2

        Raises
        ------
        DimensionMismatchError : inputs of another shape
        """
        # Both end in the same kind of layer, so that rows, codes and indexes are alike for both.
        reached = inputs if self.architecture == HEAD else koch.activations(self.arrays, inputs)
        weights = self.arrays["weights"]
        if reached.ndim != 2 or reached.shape[1] != len(weights):
            about = {"method": "siamese", "expected": len(weights), "shape": str(reached.shape)}
            raise DimensionMismatchError("rows_of_another_length", **about)
        rows = normalize_rows(reached @ weights + self.arrays["bias"])
        rows[~rows.any(axis=1)] = BITS**-0.5  # nothing to tell: alike to all, and to the next such image most
        return rows
