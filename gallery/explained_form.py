"""Forms that say what is wrong with what was sent."""

from __future__ import annotations

from django import forms


class ExplainedForm(forms.Form):
    """A form whose errors can be read as sentences, in the order of its fields."""

    def problems(self, *, named: bool = True) -> list[str]:
        """Return what is wrong, no sentence twice, where `named` each behind the label of its field."""
        found = []
        for name, errors in self.errors.get_json_data().items():
            label = f"{self.fields[name].label or name}: " if named and name in self.fields else ""
            found += [f"{label}{error['message']}" for error in errors]
        return list(dict.fromkeys(found))
