"""What rows of the audit log name as their subject, in the reader's language.

Rows about one thing name it. Rows about many have an empty subject, and their details say how many of which kind: words
are no part of what is hashed. Rows of version 0.1 keep the words that their hash covers ("3 images").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import ngettext

KINDS: dict[str, Callable[[int], str]] = {
    "images": lambda num: ngettext("%(num)d image", "%(num)d images", num),
    "groups": lambda num: ngettext("%(num)d group", "%(num)d groups", num),
    "verdicts": lambda num: ngettext("%(num)d verdict", "%(num)d verdicts", num),
}


def in_words(subject: str, details: Any) -> str:
    """Return the subject of a row: as it is, or how many of what; empty for a row without one."""
    many = details.get("subject") if isinstance(details, Mapping) else None
    if subject or not isinstance(many, Mapping):
        return subject
    kind, num = many.get("kind"), many.get("num")
    if not isinstance(kind, str) or not isinstance(num, int):  # no row of ours
        return subject
    if kind in KINDS:
        return KINDS[kind](num) % {"num": num}
    return f"{num} {_rows_of(kind)}"


def _rows_of(label: str) -> str:
    """Return what the rows of a model are called."""
    try:
        return str(apps.get_model(label)._meta.verbose_name_plural)
    except (LookupError, ValueError):
        return label
