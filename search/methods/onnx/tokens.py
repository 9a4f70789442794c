"""How words become the numbers that a text tower takes, as the files beside it say.

`tokenizer.json` is the library `tokenizers`' own; `tokenizer_config.json` names the token that fills up; how many
tokens there are, and whether punctuation goes, OpenCLIP's `config.json` says one folder up, if it is there.
"""

from __future__ import annotations

import json
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.onnx.session import first_line

CONTEXT = 77
"""Tokens that CLIP takes, where nothing says another number."""
MAX_CONTEXT = 1024
_MAX_BYTES = 64 * 2**20  # of a tokenizer of 250,000 words: 17
_MAX_CONFIG_BYTES = 2**20
_ODD = "dog \U0001f600"
"""A text with a sign that hardly any vocabulary holds: tokenizers without a token for that fail only then."""
_LANGUAGES = {True: "zho_Hans", False: "eng_Latn"}
"""Tokens by which NLLB is told the language, by whether it is Chinese."""
_ERRORS = (OSError, ValueError, TypeError, KeyError, AttributeError)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes tokens of texts."""

    tokenizer: Any
    length: int
    canonical: bool  # lower case without punctuation, as SigLIP was trained
    tells_language: bool

    def of(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the tokens of a text, and 1 where it has one, 0 where it is filled up; both of shape (1, length)."""
        words = " ".join(text.split())
        if self.canonical:
            words = words.translate(str.maketrans("", "", string.punctuation)).lower()
        if self.tells_language:
            chinese = any(unicodedata.name(letter, "").startswith("CJK") for letter in words)
            words = _LANGUAGES[chinese] + words
        found = self.tokenizer.encode(words)
        return np.array([found.ids], np.int64), np.array([found.attention_mask], np.int64)


def config_of(tokenizer: Path) -> tuple[Path, Path]:
    """Return the files that say more than a tokenizer itself; they need not be there."""
    return tokenizer.with_name("tokenizer_config.json"), tokenizer.parent.parent / "config.json"


def check_tokenizer(path: Path) -> None:
    """Raise unless a file can be a tokenizer: a look that imports nothing, as pages take it.

    Raises
    ------
    WeightsError : `tokenizer_damaged`
    """
    told = _read(path, _MAX_BYTES)
    if not isinstance(told.get("model"), Mapping):
        raise WeightsError("tokenizer_damaged", path=path, cause="it holds no model")


def load_tokens(path: Path, length: int | None) -> Tokens:
    """Load a tokenizer.

    Parameters
    ----------
    path : `tokenizer.json`
    length : tokens that the tower takes, where it says so

    Raises
    ------
    WeightsError : `tokenizer_damaged`
    """
    tokenizer = _opened(path)
    beside, above = (_read(each, _MAX_CONFIG_BYTES) if each.is_file() else {} for each in config_of(path))
    try:
        about = above.get("text_cfg") or {}
        length = int(length or about.get("context_length") or CONTEXT)
        if not 0 < length <= MAX_CONTEXT:
            raise ValueError(f"expected 1 to {MAX_CONTEXT} tokens, got {length}")
        tokenizer.enable_truncation(max_length=length)
        tokenizer.enable_padding(length=length, **_filling(tokenizer, beside))
        canonical = (about.get("tokenizer_kwargs") or {}).get("clean") == "canonicalize"
        return Tokens(tokenizer, length, canonical, tokenizer.token_to_id(_LANGUAGES[False]) is not None)
    except _ERRORS as error:
        raise WeightsError("tokenizer_damaged", path=path, cause=first_line(error)) from error


def _opened(path: Path) -> Any:
    from tokenizers import Tokenizer

    check_tokenizer(path)
    try:
        tokenizer = Tokenizer.from_str(path.read_text("utf-8"))
        tokenizer.encode(_ODD)
    # The library has no errors of its own: whatever is wrong with a file, it raises `Exception` itself.
    except Exception as error:
        raise WeightsError("tokenizer_damaged", path=path, cause=first_line(error)) from error
    return tokenizer


def _filling(tokenizer: Any, beside: Mapping[str, Any]) -> dict[str, Any]:
    """Return the token that fills up: as is said beside it, else as the tokenizer itself has it, else number 0."""
    said = beside.get("pad_token")
    token = said.get("content") if isinstance(said, Mapping) else said
    if token is None:
        own = tokenizer.padding or {}
        return {name: own[name] for name in ("pad_id", "pad_token") if name in own} or {"pad_id": 0}
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ValueError(f"no token {token!r}")
    return {"pad_id": number, "pad_token": token}


def _read(path: Path, most: int) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > most:
            raise ValueError(f"longer than {most} bytes")
        told = json.loads(path.read_bytes())
        if not isinstance(told, dict):
            raise TypeError("expected an object")
    except _ERRORS as error:
        raise WeightsError("tokenizer_damaged", path=path, cause=first_line(error)) from error
    return told
