"""What a space of words is, whoever made it, and which one serves beside a content network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.naming.named_classes import load_space, read_source
from search.types import Vectors

FOLDER = Path(__file__).parents[1] / "builtin"
"""Where the spaces lie that come with the program, one file for each content network that names what it sees."""
FILES = "names-*.npz"


class WordSpace(Protocol):
    """A space in which images and words have rows of unit length, compared by their dot product."""

    @property
    def version(self) -> str:
        """Identify the rows of images; at most 48 characters."""

    @property
    def dim(self) -> int | None:
        """Numbers per row; None: as many as the content network's."""

    def rows(self, contents: Vectors) -> NDArray[np.float32]:
        """Place images by what their content is.

        Parameters
        ----------
        contents : ndarray of shape (n, dim of the content network), its rows

        Returns
        -------
        rows : ndarray of shape (n, dim), float32, L2 norm 1
        """

    def place(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Place texts; shape (n, dim), float32, L2 norm 1."""

    def knows(self, text: str) -> bool:
        """Tell whether a text names a thing that the space has been told of, or is placed by a text model alone."""

    def background(self) -> NDArray[np.float32]:
        """Return the rows of phrases that have nothing to do with any library; shape (m, dim), float32, L2 norm 1."""


def find_space(source: str, folder: Path | None = None) -> WordSpace:
    """Return the space that fits a version of the content method.

    Parameters
    ----------
    source : the version
    folder : where spaces lie; None: those that come with the program

    Raises
    ------
    WeightsError : `names_nothing` where there is none; `names_damaged`
    """
    for path in sorted((folder or FOLDER).glob(FILES)):
        if read_source(path) == source:
            return load_space(path)
    raise WeightsError("names_nothing", source=source)
