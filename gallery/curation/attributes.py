"""Attributes as forms send them: rows of a name and a value."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

MAX_NAME, MAX_VALUE = 80, 500
Rows = list[tuple[str, str]]


class RowsInput(forms.Widget):
    """Reads the inputs `NAME_name` and `NAME_value`, of which there are as many as rows."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Rows:
        names, values = (data.getlist(f"{name}_{part}") for part in ("name", "value"))
        return list(zip_longest(names, values, fillvalue=""))


class AttributesField(forms.Field):
    """Names and values; rows without either are passed over.

    Parameters
    ----------
    empty_values : whether a name may come without a value, which is the empty text then
    """

    widget = RowsInput
    default_error_messages = {
        "nameless": _("The value “%(value)s” has no name; give it one."),
        "valueless": _("“%(name)s” has no value; give it one, or empty its name too."),
        "colon": _("Names of attributes have no colon, got “%(name)s”; filters read “name:value”."),
        "long_name": _("Names of attributes have at most %(most)d characters; “%(name)s” has %(length)d."),
        "long_value": _("Values of attributes have at most %(most)d characters; that of “%(name)s” has %(length)d."),
        "twice": _("“%(name)s” is there twice; keep one of them."),
    }

    def __init__(self, *, empty_values: bool = False, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.may_be_empty = empty_values

    def clean(self, value: Rows | None) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, text in ((" ".join(part.split()) for part in row) for row in value or []):
            if name or text:
                self._check(name, text, found)
                found[name] = text
        return found

    def _check(self, name: str, text: str, found: Mapping[str, str]) -> None:
        ProhibitNullCharactersValidator()(name + text)
        if not name:
            raise self._error("nameless", value=text)
        if ":" in name:
            raise self._error("colon", name=name)
        if len(name) > MAX_NAME:
            raise self._error("long_name", name=name, most=MAX_NAME, length=len(name))
        if len(text) > MAX_VALUE:
            raise self._error("long_value", name=name, most=MAX_VALUE, length=len(text))
        if not text and not self.may_be_empty:
            raise self._error("valueless", name=name)
        if name in found:
            raise self._error("twice", name=name)

    def _error(self, code: str, **values: object) -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code], code=code, params=values)


def rows_of(form: forms.Form, name: str = "attributes", num_free: int = 2) -> Rows:
    """Return the rows that a form shows: what was sent or stands there, and some to fill in."""
    shown = form[name].value() or []
    rows = list(shown.items()) if isinstance(shown, dict) else [row for row in shown if any(row)]
    return rows + [("", "")] * num_free
