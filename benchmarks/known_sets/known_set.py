"""What a well-known set is once it was read: pictures, and questions with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: shares of the width and the height, or pixels where a set's own files say so."""


class LayoutError(ValueError):
    """A folder is not laid out as the set that it should be."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, or a part of it.

    Attributes
    ----------
    piece : (row, column, rows, columns) of the grid that the file is cut by
    box : in pixels
    """

    path: Path
    piece: tuple[int, int, int, int] | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A picture that is searched for: numbers of pictures that are right, and that count neither way."""

    picture: int
    relevant: frozenset[int]
    ignored: frozenset[int]
    part: str = ""


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A set, ready to be asked.

    Attributes
    ----------
    searched : how many of the pictures are searched among: the first ones; the rest only ask
    measures : keys of `measures.MEASURES`, the paper's own first
    """

    key: str
    title: str
    pictures: Sequence[Picture]
    searched: int
    questions: Sequence[Question]
    measures: tuple[str, ...]
