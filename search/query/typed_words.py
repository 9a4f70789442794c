"""Words that somebody searches for: made plain, sought in the images' own texts, and placed among the images."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from gallery.text_search import ids_saying
from jobs.errors import CodedError
from search.exceptions import QueryError, SearchError, WeightsError
from search.features import registry
from search.generations import words_calibration
from search.methods import WORDS
from search.scoring.segments import Snapshot

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from search.methods.words import Naming

MAX_CHARACTERS = 300
MAX_SAID = 360
SCRIPTS = ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "ARABIC", "CYRILLIC", "THAI")
"""As Unicode names the letters of the languages that the text model was trained on."""
IGNORED = ("Cc", "Cf", "Cs", "Co", "Cn")
"""Unicode's categories of characters that nobody sees."""


@dataclass(frozen=True, slots=True)
class WordsAsked:
    """What words come to.

    Attributes
    ----------
    row : ndarray of shape (dim,): their place among the images; None: they have none
    said : ndarray of shape (n,), int64: images whose own texts hold them
    why_not : why they have no place; None where they have one
    guessed : they have a place, but name no thing that is known
    num_namesakes : of the images that say them, how many have shown what they mean
    """

    row: NDArray[Any] | None
    said: NDArray[np.int64]
    why_not: CodedError | None = None
    guessed: bool = False
    num_namesakes: int = 0


def ask(text: str, viewer: User | AnonymousUser | None, collection_id: int | None) -> WordsAsked:
    """Seek words in the images' own texts, and place them among the images.

    Parameters
    ----------
    text : the words
    viewer : who asks: images that are closed to them are not looked at; None: the site itself
    collection_id : look into this collection only
    """
    words = plain(text)
    if len(words) > MAX_CHARACTERS:
        about = {"most": MAX_CHARACTERS, "num": len(words)}
        return WordsAsked(None, np.empty(0, np.int64), QueryError("words_too_long", **about))
    images = Image.objects.all() if viewer is None else Image.objects.visible_to(viewer)
    images = images if collection_id is None else images.filter(collections=collection_id)
    said = np.array(ids_saying(images, words, MAX_SAID), np.int64)
    try:
        method = _usable(words)
        return WordsAsked(method.place([words])[0], said, guessed=not method.knows(words))
    except SearchError as error:
        return WordsAsked(None, said, error)


def fitting(asked: WordsAsked, snapshot: Snapshot) -> WordsAsked:
    """Return what words come to among the images that are searched, whose rows may be of another space than theirs."""
    if asked.row is None:
        return asked
    dims = {each.methods[WORDS].vectors.shape[1] for each in snapshot.segments if WORDS in each.methods}
    why: CodedError | None = None
    served = snapshot.versions.get(WORDS) == registry.methods()[WORDS].version
    if snapshot.num_images and not (dims and served):
        why = QueryError("words_not_placed_yet")
    elif apart := dims - {len(asked.row)}:
        why = WeightsError("towers_apart", expected=apart.pop(), got=len(asked.row))
    return replace(asked, row=None, why_not=why, guessed=False) if why else asked


def taught(asked: WordsAsked, snapshot: Snapshot, closed: NDArray[np.int64]) -> WordsAsked:
    """Return what words come to where the images that say them have shown what they mean; none is in `closed`."""
    if asked.row is None:
        return asked
    row, num = words_calibration.drawn_to_namesakes(snapshot, asked.row, asked.said, closed)
    return replace(asked, row=row, num_namesakes=num)


def plain(text: str) -> str:
    """Return a text without characters that nobody sees, one space between words, compatible forms as one (NFKC)."""
    seen = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", text))
    return " ".join("".join(c for c in seen if unicodedata.category(c) not in IGNORED).split())


def check_writing(words: str) -> None:
    """Raise unless the text model can read a text.

    Raises
    ------
    QueryError : `no_letters` or `unknown_writing`
    """
    letters = [character for character in words if character.isalpha()]
    if not letters:
        raise QueryError("no_letters", words=words)
    if not any(unicodedata.name(letter, "").startswith(SCRIPTS) for letter in letters):
        raise QueryError("unknown_writing", words=words)


def _usable(words: str) -> Naming:
    """Return the method that places words.

    Raises
    ------
    SearchError : the method or the words lack something
    """
    method = cast("Naming", registry.methods()[WORDS])
    if lacking := method.unavailable():
        raise lacking
    check_writing(words)
    return method
