"""The codes that errors and pages carry beside what they say: tests ask for these and leave the wording alone."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import pytest
from django.core.management import CommandError

from jobs.errors import CodedError

NOTE = re.compile(r'data-note="([a-z0-9_ -]+)"')
Kind = TypeVar("Kind", bound=CodedError)


def notes(text: str) -> list[str]:
    """Return the codes of all notes and messages of a page, in their order."""
    return [code for found in NOTE.findall(text) for code in found.split()]


def form_codes(form: Any) -> set[str]:
    """Return the codes of all errors of a form."""
    return {error.code for errors in form.errors.as_data().values() for error in errors}


def templates(response: Any) -> set[str]:
    """Return the names of the templates that a page was made of."""
    return {template.name for template in response.templates}


def command_refused(code: str, /, **params: Any) -> pytest.RaisesExc[CommandError]:
    """Expect a command to end because of an error of this code, with at least these parameters."""
    return pytest.raises(CommandError, check=lambda error: _is(getattr(error, "error", None), code, params))


def refused(kind: type[Kind], code: str, /, **params: Any) -> pytest.RaisesExc[Kind]:
    """Expect an error of this kind and code, with at least these parameters."""
    return pytest.raises(kind, check=lambda error: _is(error, code, params))


def _is(error: BaseException | None, code: str, params: dict[str, Any]) -> bool:
    if not isinstance(error, CodedError):
        return False
    return error.code == code and {key: error.params.get(key) for key in params} == params
