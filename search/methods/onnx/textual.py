"""The text tower of a pair, run by ONNX Runtime: words to a row in the space of the image tower's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.base import normalize_rows
from search.methods.onnx.places import files_of
from search.methods.onnx.session import first_line, open_session, runtime_errors
from search.methods.onnx.tokens import Tokens, load_tokens

_KINDS: dict[str, type[np.generic]] = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
_ROWS = ("text_embeds", "text_embedding", "embedding", "embeddings")
"""Names of the output that is a text's row, where there are several with two sides: the first that is there."""
_KNOWN = ("a dog", "a red car")
_ALIKE = 1 - 1e-5


@dataclass(frozen=True, slots=True)
class TextTower:
    """A loaded text tower; may be shared by threads."""

    path: Path
    tokens: Tokens
    session: Any
    output: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn texts into rows.

        Parameters
        ----------
        texts : n texts; each is cut off where the tower takes no more

        Returns
        -------
        rows : ndarray of shape (n, dim), float32, L2 norm 1

        Raises
        ------
        WeightsError : `text_tower_failed`
        """
        return normalize_rows(np.concatenate([self._row(text) for text in texts]))

    def _row(self, text: str) -> NDArray[np.float32]:
        numbers, mask = self.tokens.of(text)
        given = {}
        for taken in self.session.get_inputs():
            given[taken.name] = (mask if "mask" in taken.name else numbers).astype(_KINDS[taken.type])
        try:
            (found,) = self.session.run([self.output], given)
        except runtime_errors() as error:
            raise WeightsError("text_tower_failed", path=self.path, cause=first_line(error)) from error
        row = np.asarray(found, np.float32)
        if row.ndim != 2 or len(row) != 1 or not np.isfinite(row).all():
            raise WeightsError("text_tower_failed", path=self.path, cause=f"a row of shape {row.shape}, not all finite")
        return row


def load_tower(textual: Path, tokenizer: Path) -> TextTower:
    """Load a text tower, and see that it tells texts apart.

    Raises
    ------
    WeightsError : what `files_of`, `open_session` and `load_tokens` raise; `text_tower_wrong`: it takes or gives
        something else; `text_tower_failed`, `text_tower_same`
    """
    files_of(textual)
    session = open_session(textual)
    length = _length(textual, session)
    tower = TextTower(textual, load_tokens(tokenizer, length), session, _output(textual, session))
    one, other = tower.encode(_KNOWN)
    if one @ other > _ALIKE:
        raise WeightsError("text_tower_same", path=textual)
    return tower


def _length(path: Path, session: Any) -> int | None:
    """Return how many tokens a tower takes; None where it leaves that open."""
    inputs = session.get_inputs()
    masks = sum("mask" in taken.name for taken in inputs)
    fits = all(taken.type in _KINDS and len(taken.shape) == 2 for taken in inputs)
    if not fits or len(inputs) - masks != 1 or masks > 1:
        raise _wrong(path, inputs)
    last = inputs[0].shape[1]
    return last if isinstance(last, int) and last > 0 else None


def _output(path: Path, session: Any) -> str:
    rows = [given.name for given in session.get_outputs() if len(given.shape) == 2 and "float" in given.type]
    name = next((name for name in _ROWS if name in rows), next(iter(rows), None))
    if name is None:
        raise _wrong(path, session.get_outputs())
    return name


def _wrong(path: Path, named: Sequence[Any]) -> WeightsError:
    got = ", ".join(f"{each.name}: {each.type} {each.shape}" for each in named)
    return WeightsError("text_tower_wrong", path=path, got=got)
