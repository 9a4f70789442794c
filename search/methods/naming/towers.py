"""Images and words side by side by a pair of encoders that were trained for it, such as CLIP's or SigLIP's.

Nothing has to be built for that: an image's row is the content network's, a text's is the text tower's.
Radford et al., "Learning transferable visual models from natural language supervision", ICML 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, SearchError, WeightsError
from search.methods.base import normalize_rows
from search.methods.naming.lexicon import load_lexicon
from search.methods.onnx.places import is_export, text_fingerprint, towers_of
from search.methods.onnx.textual import TextTower, load_tower
from search.methods.onnx.tokens import check_tokenizer, config_of
from search.types import Vectors

PACKAGES = ("onnxruntime", "tokenizers")
NUM_PHRASES = 64
"""Of the background: common nouns, at some 20 ms each, once per process."""


@dataclass(frozen=True)
class TowerPair:
    """A space of words that is the content network's own.

    Attributes
    ----------
    textual : the text tower's model
    tokenizer : beside it
    source : version of the content method
    """

    textual: Path
    tokenizer: Path
    source: str

    @property
    def dim(self) -> None:
        """See `WordSpace.dim`; only the image tower itself tells it."""

    @property
    def version(self) -> str:
        """Name both towers and the tokenizer; those of images alone would not tell that words are placed anew."""
        text = text_fingerprint(self.textual, (self.tokenizer, *config_of(self.tokenizer)))
        return f"towers-{sha256(f'{self.source} {text}'.encode()).hexdigest()[:12]}"

    def rows(self, contents: Vectors) -> NDArray[np.float32]:
        """See `WordSpace.rows`."""
        return normalize_rows(np.asarray(contents, np.float32))

    def place(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `WordSpace.place`.

        Raises
        ------
        WeightsError : see `load_tower`
        """
        return _loaded(self.textual, self.tokenizer, self.version).encode(texts)

    def knows(self, text: str) -> bool:
        """See `WordSpace.knows`; no list of words limits it."""
        return bool(text)

    def background(self) -> NDArray[np.float32]:
        """See `WordSpace.background`."""
        return _background(self, self.version)


def find_pair(options: Mapping[str, Any], source: str) -> TowerPair | None:
    """Return the pair whose image tower the content method runs; None where it has no text tower.

    Parameters
    ----------
    options : of the content method
    source : its version

    Raises
    ------
    WeightsError : `tokenizer_missing`
    """
    given = options.get("weights")
    if not given or not is_export(Path(given)):
        return None
    towers = towers_of(Path(given))
    if towers.textual is None:
        return None
    if towers.tokenizer is None:
        raise WeightsError("tokenizer_missing", path=towers.textual)
    return TowerPair(towers.textual, towers.tokenizer, source)


def pair_lacks(pair: TowerPair) -> SearchError | None:
    """Return what a pair needs that is not there, or None; loads neither."""
    for package in PACKAGES:
        if find_spec(package) is None:
            return MethodUnavailableError("extra_missing", package=package)
    try:
        check_tokenizer(pair.tokenizer)
    except WeightsError as error:
        return error
    return None


@lru_cache(maxsize=1)
def _loaded(textual: Path, tokenizer: Path, _version: str) -> TextTower:
    return load_tower(textual, tokenizer)


@lru_cache(maxsize=1)
def _background(pair: TowerPair, _version: str) -> NDArray[np.float32]:
    common = load_lexicon().common
    return pair.place(common[:: max(1, len(common) // NUM_PHRASES)][:NUM_PHRASES])
