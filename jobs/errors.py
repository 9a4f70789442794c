"""Errors that carry a code and what belongs to it; the sentence is made when somebody reads it, in their language.

Rows keep the code and the parameters. Each app registers the sentences of its codes; a code that nobody knows is shown
as it stands. Errors that were raised with a sentence carry the code `message`. This module knows no Django, because
pure modules raise these errors too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Params = Mapping[str, Any]
Template: TypeAlias = "str | _StrPromise | Callable[[Params], str]"
"""A sentence with `%(name)s` in it, or a function that makes one, for instance in singular or plural."""

MESSAGE, UNFORESEEN, TIMED_OUT, WORKER_LOST = "message", "unforeseen", "timed_out", "worker_lost"
CODE = re.compile(r"[a-z][a-z0-9_]*")
# How version 0.1 kept an error: the name of its class and its text, in one string.
NAMED_BY_ITS_KIND = re.compile(r"(?s)([A-Za-z_][\w.]*(?:Error|Exception|Warning|Interrupt|Exit)): (.*)")
MAX_TEXT = 1000
"""Characters kept of what an error says: libraries put whole files into theirs."""
_templates: dict[str, Template] = {
    MESSAGE: "%(text)s",
    UNFORESEEN: "%(type)s: %(text)s",
}


class CodedError(Exception):
    """An error that people are told of: a code, and JSON-able parameters for its sentence.

    A sentence in the place of the code is kept as it is, as the parameter of the code `message`. A parameter may itself
    be such an error: why something is so.
    """

    def __init__(self, code: str | _StrPromise = "", /, **params: Any) -> None:
        super().__init__(code)
        code = str(code)  # a sentence may be one that is translated when it is used
        if CODE.fullmatch(code):
            self.code, self.params = code, {name: _plain(value) for name, value in params.items()}
        else:
            self.code, self.params = MESSAGE, {"text": _storable(code), **params}

    def __str__(self) -> str:
        return sentence(self.code, self.params)

    def as_json(self) -> dict[str, Any]:
        """Return what JSON keeps of the error; see `from_json`."""
        return {"code": self.code, "params": self.params}


def register(templates: Mapping[str, Template]) -> None:
    """Make the sentences of an app's codes known.

    Raises
    ------
    ValueError : a code is no lower-case word, or has another sentence already
    """
    if wrong := [code for code in templates if not CODE.fullmatch(code)]:
        raise ValueError(f"expected codes of lower-case letters, digits and underscores; got {', '.join(wrong)}")
    if twice := [code for code in templates if _templates.get(code, templates[code]) is not templates[code]]:
        raise ValueError(f"expected one sentence for each code; there is another for {', '.join(twice)}")
    _templates.update(templates)


def sentence(code: str, params: Params | None = None) -> str:
    """Return what a code and its parameters say, in the reader's language; empty without a code."""
    if not code:
        return ""
    template, known = _templates.get(code), params or {}
    if template is None:
        return _as_it_stands(code, known)
    try:
        if callable(template):
            return template(known)
        return str(template) % {name: _in_words(value) for name, value in known.items()}
    except KeyError:  # stored by a version that gave other parameters
        return _as_it_stands(code, known)


def unforeseen(error: BaseException) -> dict[str, str]:
    """Return the parameters that tell of an error which has no code."""
    return {"type": type(error).__name__, "text": _storable(str(error))}


def from_text(text: str) -> tuple[str, dict[str, Any]]:
    """Return code and parameters of what versions without codes stored: a code of today's, or a text.

    The code is empty where the text is.
    """
    if not text or text in _templates:
        return text, {}
    if named := NAMED_BY_ITS_KIND.fullmatch(text):
        return UNFORESEEN, {"type": named[1], "text": named[2]}
    return MESSAGE, {"text": text}


def from_json(kept: Any) -> CodedError | None:
    """Return the error that was kept as JSON, None where there was none; what is no such error is its own sentence.

    Versions without codes kept sentences, and what was imported may hold anything.
    """
    if not kept:
        return None
    if isinstance(kept, Mapping) and isinstance(kept.get("code"), str) and isinstance(kept.get("params"), Mapping):
        return CodedError(kept["code"], **kept["params"])
    return CodedError(str(kept))


def _plain(value: Any) -> Any:
    """Return a parameter as JSON can hold it: arrays' numbers, translated names and errors are not of its kinds."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # neither database takes NaN or infinity in JSON
    if value is None or isinstance(value, bool | int | float | str):
        return _storable(value) if isinstance(value, str) else value
    if isinstance(value, CodedError):
        return value.as_json()
    if isinstance(value, Mapping):
        return {_storable(str(name)): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return _plain(value.tolist()) if hasattr(value, "tolist") else _storable(str(value))


def _storable(text: str) -> str:
    """Return the beginning of a text without what PostgreSQL refuses in JSON: NUL, and names that are no UTF-8."""
    return text[:MAX_TEXT].replace("\0", "").encode("utf-8", "replace").decode()


def _in_words(value: Any) -> str:
    """Return a parameter as it stands in a sentence; an error that is one says its own sentence there."""
    if isinstance(value, Mapping) and value.keys() == {"code", "params"}:
        return sentence(value["code"], value["params"])
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _as_it_stands(code: str, params: Params) -> str:
    about = ", ".join(f"{name}: {_in_words(value)}" for name, value in params.items())
    words = code.replace("_", " ")
    return f"{words} ({about})" if about else words
