"""What each method says of a pair, as evidence shows it: the same for a verdict's state and for a hit of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from search.methods import METHODS
from search.wording import rarity_short

FIGURES = ("raw", "one_in", "rarity", "weight", "share", "version")


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method's line in a table; empty texts where it said nothing."""

    name: str
    label: str
    raw: str
    rarity: str
    weight: str
    share: str
    version: str
    missing: str = ""


def method_columns() -> list[str]:
    """Return the names of the columns that `flat` fills."""
    return [f"{name}_{figure}" for name in METHODS for figure in FIGURES]


def flat(methods: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> dict[str, Any]:
    """Return what every method says as one row: `color_raw`, `color_one_in` and so on.

    Parameters
    ----------
    methods : by name: raw, rarity, one_in, weight, share, as `search.query.pair_scores.PairScore.as_state` says them
    versions : of the methods, by name
    """
    named = {name: {**found, "version": versions.get(name, "")} for name, found in methods.items()}
    return {f"{name}_{figure}": found.get(figure) for name, found in named.items() for figure in FIGURES}


def method_rows(methods: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> list[MethodRow]:
    """Return the lines of a table, in the order of the registry; methods that are gone come last."""
    names = [name for name in METHODS if name in methods] + [name for name in methods if name not in METHODS]
    return [_row(name, methods[name], versions.get(name, "")) for name in names]


def _row(name: str, found: Mapping[str, Any], version: str) -> MethodRow:
    label = _(METHODS[name].label) if name in METHODS else name
    weight = _number(found.get("weight"), 2)
    if found.get("raw") is None:
        return MethodRow(name, label, "", "", weight, "", version, found.get("missing") or _("missing"))
    one_in, share = found.get("one_in"), found.get("share")
    return MethodRow(
        name,
        label,
        _number(found["raw"], 4),
        rarity_short(one_in) if one_in is not None else "",
        weight,
        f"{round(100 * share)} %" if share is not None else "",
        version,
    )


def _number(value: Any, digits: int) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else ""
