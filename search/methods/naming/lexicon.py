"""What words mean by the book: a lexicon of things, and how near each lies to the classes that a network names.

The file is made by `search.training.naming` of WordNet 3.0, whose nouns for physical things it holds with what each is
a kind of, and of CC-CEDICT, for Chinese words that mean one of these.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError

FILE = Path(__file__).with_name("lexicon.npz")
_ERRORS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
_LATER_SENSE = 0.05  # that each further sense of a word counts less
_BESIDE_HEAD = 0.9  # what counts a word that is not the last of its phrase: "cougar" in "cougar face"
_MAX_MEANINGS = 6
_LONGEST_PARTICLE = 2  # "at" and "in" are nouns too, and never meant


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Nouns, their senses, and what each sense is a kind of.

    Attributes
    ----------
    senses : by noun, its senses, the most common first
    parents : by sense, what it is a kind of
    rareness : ndarray of shape (senses,), 0..1: 0 for what everything is, 1 for what has no kinds
    classes : ndarray of shape (1000,), the sense of each class
    under : by sense, the classes that are a kind of it
    chinese : by Chinese word, nouns that it means
    common : nouns that people use
    """

    senses: dict[str, tuple[int, ...]]
    parents: list[tuple[int, ...]]
    rareness: NDArray[np.float32]
    classes: NDArray[np.int32]
    under: dict[int, NDArray[np.intp]]
    chinese: dict[str, tuple[str, ...]]
    common: tuple[str, ...]

    def meanings(self, text: str) -> dict[str, float]:
        """Return the nouns that a Chinese text means, those of its last word first, with what each counts.

        The thing itself stands last: in "黑夜里的狗" it is the dog. Single signs before it, such as 里 and 的, are
        hardly ever things.
        """
        found: dict[str, float] = {}
        end = len(text)
        while end > 0 and len(found) < _MAX_MEANINGS:
            nearest = end - 1 if end == len(text) else end - 2
            start = next((first for first in range(nearest + 1) if text[first:end] in self.chinese), None)
            if start is None:
                end -= 1
                continue
            for noun in self.chinese[text[start:end]]:
                found.setdefault(noun, 1.0 if end == len(text) else _BESIDE_HEAD)
            end = start
        return found

    def nearness(self, text: str) -> NDArray[np.float32]:
        """Return how near each class lies to what a text means.

        That of two senses is Lin's similarity, by information content from the number of kinds alone (Seco et al.):
        2 rareness(what both are) / (rareness(one) + rareness(other)). A class that is a kind of the thing is the thing.

        Parameters
        ----------
        text : English, or Chinese

        Returns
        -------
        nearness : ndarray of shape (1000,), 0..1; all 0 where no word is known

        References
        ----------
        Lin, "An information-theoretic definition of similarity", ICML 1998.
        Seco, Veale and Hayes, "An intrinsic information content metric for semantic similarity in WordNet", ECAI 2004.
        """
        best = np.zeros(len(self.classes), np.float32)
        for noun, share in self._nouns(text):
            for place, sense in enumerate(self.senses[noun]):
                best = np.maximum(best, share * (1 - _LATER_SENSE * place) * self._nearness_of(sense))
        return best

    def knows(self, text: str) -> bool:
        """Tell whether any word of a text names a thing."""
        return next(self._nouns(text), None) is not None

    def _nouns(self, text: str) -> Iterator[tuple[str, float]]:
        """Yield the nouns of a text with what each counts: the whole, else its longest parts, from its end on."""
        meanings = self.meanings(text)
        if meanings:
            yield from meanings.items()
            return
        words = text.lower().split()
        words = [word for word in words if len(word) > _LONGEST_PARTICLE or len(words) == 1]
        end = len(words)
        while end > 0:
            spans = ((first, self._known(" ".join(words[first:end]))) for first in range(end))
            start, noun = next(((first, noun) for first, noun in spans if noun), (end - 1, ""))
            if noun:
                yield noun, 1.0 if end == len(words) else _BESIDE_HEAD
            end = start

    def _known(self, words: str) -> str:
        """Return the noun as it stands in the lexicon; empty where it is not there."""
        forms = (words, words.removesuffix("s"), words.removesuffix("es"), words.removesuffix("ies") + "y")
        return next((form for form in forms if form in self.senses), "")

    def _nearness_of(self, sense: int) -> NDArray[np.float32]:
        shared = np.zeros(len(self.classes), np.float32)
        for kind in sorted(self._kinds(sense), key=lambda kind: self.rareness[kind]):
            shared[self.under.get(kind, [])] = self.rareness[kind]
        near = 2 * shared / (self.rareness[sense] + self.rareness[self.classes])
        near[self.under.get(sense, [])] = 1
        return np.asarray(near, np.float32)

    def _kinds(self, sense: int) -> set[int]:
        """Return a sense with everything that it is a kind of."""
        return kinds_of(sense, self.parents)


def kinds_of(sense: int, parents: Sequence[Sequence[int]]) -> set[int]:
    """Return a sense with everything that it is a kind of.

    Parameters
    ----------
    sense : its number
    parents : by sense, what it is a kind of
    """
    found, waiting = {sense}, [sense]
    while waiting:
        for parent in parents[waiting.pop()]:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


@lru_cache(maxsize=1)
def load_lexicon(path: Path = FILE) -> Lexicon:
    """Read the lexicon, once per process.

    Raises
    ------
    WeightsError : `lexicon_damaged`
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            nouns = _texts(arrays["nouns"])
            senses = _groups(arrays["senses"], arrays["senses_of"])
            parents = _groups(arrays["parents"], arrays["parents_of"])
            meanings = _groups(arrays["meanings"], arrays["meanings_of"])
            chinese = _texts(arrays["chinese"])
            rareness, classes = arrays["rareness"].astype(np.float32), arrays["classes"]
            common = tuple(noun for noun, used in zip(nouns, arrays["common"].tolist(), strict=True) if used)
    except _ERRORS as error:
        raise WeightsError("lexicon_damaged", path=path, cause=str(error)) from error
    return Lexicon(
        dict(zip(nouns, senses, strict=True)),
        parents,
        np.maximum(rareness, np.float32(1e-3)),
        classes,
        _classes_under(classes, parents),
        {word: tuple(nouns[place] for place in places) for word, places in zip(chinese, meanings, strict=True)},
        common,
    )


def _texts(encoded: NDArray[np.uint8]) -> list[str]:
    return encoded.tobytes().decode().split("\n")


def _groups(flat: NDArray[np.int32], sizes: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """Return the numbers of a flat array in groups of these sizes."""
    numbers, ends = flat.tolist(), np.cumsum(sizes, dtype=np.int64).tolist()
    return [tuple(numbers[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def _classes_under(classes: NDArray[np.int32], parents: Sequence[Sequence[int]]) -> dict[int, NDArray[np.intp]]:
    found: dict[int, list[int]] = {}
    for place, sense in enumerate(classes.tolist()):
        for kind in kinds_of(sense, parents):
            found.setdefault(kind, []).append(place)
    return {kind: np.array(places, np.intp) for kind, places in found.items()}
