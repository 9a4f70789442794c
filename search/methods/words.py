"""What an image shows, said in words: where it lies among the things that have a name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, SearchError, WeightsError
from search.methods import WORDS, load_method
from search.methods.base import DerivedMethod, Method, check_images
from search.methods.naming import TowerPair, WordSpace, find_pair, find_space, pair_lacks, sentences
from search.types import RGBImage, Vectors

_REVISION = 1  # raise it when the numbers change although neither network's file does


class Naming(DerivedMethod):
    """Rows in a space that images share with texts (see `search.methods.naming`), made from the content network's.

    A text has a row there, too: so words can be searched for, and an image be asked for more that would be called the
    same.

    Where the content network is the image tower of a pair, its text tower places the words.

    Options: "deep": options of the content method, for when no other instance of it is at hand; "folder": where spaces
    lie, by default those that come with the program.
    """

    name = WORDS
    source = "deep"
    derives = True

    @property
    def version(self) -> str:
        """Name the space; "unavailable" where there is none."""
        try:
            return f"{_REVISION}-{self._space().version}"
        except WeightsError:
            return f"{_REVISION}-unavailable"

    @property
    def dim(self) -> int:
        """Numbers per row."""
        return self._space().dim or self._content().dim

    def unavailable(self) -> SearchError | None:
        """Return why images and words cannot be compared here: no content network that names things, no text model."""
        if missing := self._content().unavailable():
            return MethodUnavailableError("builds_on_content", because=missing)
        try:
            space = self._space()
        except WeightsError as error:
            return error
        return pair_lacks(space) if isinstance(space, TowerPair) else sentences.lacking()

    def warm_up(self) -> None:
        """Load the content network."""
        self._content().warm_up()

    def describe(self, images: Sequence[RGBImage]) -> Vectors:
        """Describe images by what they would be called; see `Method.describe`."""
        check_images(images)
        return self.derive(self._content().describe(images))

    def derive(self, vectors: Vectors) -> Vectors:
        """Compute rows from the content network's; see `DerivedMethod.derive`."""
        return self._usable().rows(vectors)

    def place(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Place texts among the images.

        Parameters
        ----------
        texts : n texts with words in them

        Returns
        -------
        rows : ndarray of shape (n, dim), float32, L2 norm 1

        Raises
        ------
        MethodUnavailableError : see `unavailable`
        """
        return self._usable().place(texts)

    def knows(self, text: str) -> bool:
        """Tell whether a text names a thing; what it shows else is a guess of the text model."""
        return self._usable().knows(text)

    def background(self) -> NDArray[np.float32]:
        """Return the rows of common phrases, by which it is judged how rare a score of words is; shape (m, dim)."""
        return self._usable().background()

    def _content(self) -> Method:
        if self.origin is None:
            self.origin = load_method(self.source, self.options.get("deep"))
        return self.origin

    def _space(self) -> WordSpace:
        content = self._content()
        if pair := find_pair(content.options, content.version):
            return pair
        return find_space(content.version, self.options.get("folder"))

    def _usable(self) -> WordSpace:
        if (reason := self.unavailable()) is not None:
            raise reason
        return self._space()
