"""Images and words side by side, by the names of the classes that a content network was trained on.

An image's row has two halves. The first is what it would be called: the names of its likeliest classes in the text
model's space, weighted by their probabilities (ConSE: Norouzi et al., "Zero-shot learning by convex combination of
semantic embeddings", ICLR 2014). The second is what it looks like: the content network's row in the main directions of
its classifier.

A text's row has the same halves. Its first is its place in the text model's space. Its second is what it should look
like: a mixture of the classifier's own weights, more of a class the nearer it lies to the text, by the text model and
by the lexicon (in the manner of SynC: Changpinyo et al., "Synthesized classifiers for zero-shot learning", CVPR 2016).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, WeightsError
from search.methods.base import normalize_rows
from search.methods.model_files import fingerprint
from search.methods.naming.lexicon import Lexicon, load_lexicon
from search.methods.naming.sentences import encode
from search.types import Vectors

ARRAYS = ("bias", "classes", "directions", "mean", "names", "texts")
ABOUT = "about"
FORMAT = 1
TEMPERATURE = 2.0  # of the probabilities: the network is surer than it is right
TOP = 20  # classes that name an image
SHARPNESS, SHARPNESS_ALONE = 15.0, 25.0  # of the mixture of classes, with the lexicon and without it
LOOKS = 0.5  # what the second half of a text's row counts, the first counts 1
MEANT = 0.5  # what the English meaning of a Chinese text counts beside the text itself
_MAX_MEANT = 3
_ERRORS = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class NamedClasses:
    """A space of words for one content network.

    Attributes
    ----------
    path : of the file that it was read from
    source : version of the content method that it belongs to
    scale : typical length of the network's rows before they were scaled to 1
    arrays : float32, by name:
        mean (f,) of the content method's rows; directions (f, m) in which they are looked at;
        classes (c, m), the classifier's weights there; bias (c,), what its logits begin with;
        texts (512, t), directions in which texts are looked at; names (c, t), of the classes, L2 norm 1
    phrases : of the background
    """

    path: Path
    source: str
    scale: float
    arrays: Mapping[str, NDArray[np.float32]]
    phrases: NDArray[np.float32]

    @property
    def version(self) -> str:
        """Name the file by the first 12 digits of its SHA-256."""
        return f"classes-{fingerprint(self.path)}"

    @property
    def dim(self) -> int:
        """Numbers per row."""
        return int(self.arrays["texts"].shape[1] + self.arrays["directions"].shape[1])

    @cached_property
    def lexicon(self) -> Lexicon:
        return load_lexicon()

    def rows(self, contents: Vectors) -> NDArray[np.float32]:
        """Place images; see `WordSpace.rows`.

        Raises
        ------
        DimensionMismatchError : rows of another length
        """
        mean = self.arrays["mean"]
        if contents.ndim != 2 or contents.shape[1] != len(mean):
            about = {"method": "words", "expected": len(mean), "shape": str(contents.shape)}
            raise DimensionMismatchError("rows_of_another_length", **about)
        looks = (contents - mean) @ self.arrays["directions"]
        logits = self.scale * (looks @ self.arrays["classes"].T) + self.arrays["bias"]
        called = name_mixture(np.asarray(logits, np.float32), self.arrays["names"])
        return normalize_rows(np.hstack([normalize_rows(called), normalize_rows(looks)]))

    def place(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Place texts; see `WordSpace.place`."""
        meant = [list(self.lexicon.meanings(text))[:_MAX_MEANT] for text in texts]
        rows = encode([*texts, *(noun for nouns in meant for noun in nouns)])
        own, others = rows[: len(texts)], iter(rows[len(texts) :])
        for row, nouns in zip(own, meant, strict=True):
            if nouns:
                row += MEANT * normalize_rows(np.sum([next(others) for _noun in nouns], axis=0)[None])[0]
        called = normalize_rows(own @ self.arrays["texts"])
        near = np.array([self.lexicon.nearness(text) for text in texts])
        known = near.any(axis=1, keepdims=True)
        sharpness = np.where(known, SHARPNESS, SHARPNESS_ALONE)
        weights = softmax(sharpness * (called @ self.arrays["names"].T) + SHARPNESS * near)
        looks = normalize_rows(weights @ self.arrays["classes"])
        return normalize_rows(np.hstack([called, LOOKS * looks]))

    def knows(self, text: str) -> bool:
        """See `WordSpace.knows`."""
        return self.lexicon.knows(text)

    def background(self) -> NDArray[np.float32]:
        """See `WordSpace.background`."""
        return self.phrases


def softmax(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return probabilities of shape (n, c) from logits of that shape."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def name_mixture(logits: NDArray[np.float32], names: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix the names of each image's likeliest classes by their probabilities.

    Parameters
    ----------
    logits : ndarray of shape (n, c)
    names : ndarray of shape (c, t)

    Returns
    -------
    mixtures : ndarray of shape (n, t)
    """
    top = min(TOP, logits.shape[1])
    likeliest = np.argpartition(-logits, top - 1, axis=1)[:, :top]
    shares = softmax(np.take_along_axis(logits, likeliest, axis=1) / TEMPERATURE)
    return np.asarray(np.einsum("nk,nkt->nt", shares, names[likeliest]), np.float32)


def read_source(path: Path) -> str:
    """Return to which version of the content method a file belongs.

    Raises
    ------
    WeightsError : `names_damaged`
    """
    return str(_about(path, path.stat().st_mtime_ns)["source"])


def load_space(path: Path) -> NamedClasses:
    """Read a space, once per process.

    Raises
    ------
    WeightsError : `names_damaged`
    """
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _about(path: Path, _changed: int) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            about: dict[str, Any] = json.loads(arrays[ABOUT].tobytes())
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}")
    except _ERRORS as error:
        raise WeightsError("names_damaged", path=path, cause=str(error)) from error
    return about


@lru_cache(maxsize=2)
def _load(path: Path, changed: int) -> NamedClasses:
    about = _about(path, changed)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name].astype(np.float32) for name in ARRAYS}
            phrases = normalize_rows(held["phrases"].astype(np.float32))
        if not all(np.isfinite(array).all() for array in (*arrays.values(), phrases)):
            raise ValueError("numbers that are not finite")
        return NamedClasses(path, str(about["source"]), float(about["scale"]), arrays, phrases)
    except _ERRORS as error:
        raise WeightsError("names_damaged", path=path, cause=str(error)) from error
