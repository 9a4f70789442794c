"""Forms that say what is wrong with what was sent."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorList

from jobs.errors import CodedError


def invalid(error: CodedError) -> ValidationError:
    """Return an error of a form that says the same as a coded one."""
    return ValidationError(str(error), code=error.code)


def codes_of(*errors: Iterable[object]) -> str:
    """Return the codes of errors, no code twice, as messages carry them."""
    found = [each.code or "" for listed in errors if isinstance(listed, ErrorList) for each in listed.as_data()]
    return " ".join(dict.fromkeys(filter(None, found)))


class ExplainedForm(forms.Form):
    """A form whose errors can be read as sentences, in the order of its fields."""

    def codes(self) -> str:
        """Return the codes of what is wrong, see `codes_of`."""
        return codes_of(*self.errors.values())

    def problems(self, *, named: bool = True) -> list[str]:
        """Return what is wrong, no sentence twice, where `named` each behind the label of its field."""
        found = []
        for name, errors in self.errors.get_json_data().items():
            label = f"{self.fields[name].label or name}: " if named and name in self.fields else ""
            found += [f"{label}{error['message']}" for error in errors]
        return list(dict.fromkeys(found))
