"""Ids in addresses."""

from __future__ import annotations

from django.urls.converters import IntConverter

from gallery.forms import LARGEST_ID


class IdConverter(IntConverter):
    """`<id:…>`: a number that a row can have. Larger ones name nothing, so there is no such page."""

    def to_python(self, value: str) -> int:
        number = super().to_python(value)
        if number > LARGEST_ID:
            # Django takes a ValueError for a pattern that does not match, and answers 404.
            raise ValueError(f"Expected an id of at most {LARGEST_ID}, got {value!r}.")
        return number
