"""What each method says of a pair, as evidence shows it: the same for a verdict's state and for a hit of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jobs.errors import from_json
from search.public.features import METHODS
from search.public.presentation import rarity_short
from search.public.scoring import MethodScore

FIGURES = ("raw", "one_in", "rarity", "weight", "share", "version")


@dataclass(frozen=True, slots=True)
class ShownMethod:
    """One method's line in a table: its numbers as texts, empty where it said nothing."""

    label: str
    score: MethodScore
    version: str
    missing: str = ""  # why it said nothing, in words

    @property
    def raw(self) -> str:
        return _number(self.score.raw, 4)

    @property
    def rarity(self) -> str:
        return "" if self.score.one_in is None else rarity_short(self.score.one_in)

    @property
    def weight(self) -> str:
        return _number(self.score.weight, 2)

    @property
    def share(self) -> str:
        return "" if self.score.share is None else f"{round(100 * self.score.share)} %"


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


def method_rows(methods: Mapping[str, Mapping[str, Any]], versions: Mapping[str, str]) -> list[ShownMethod]:
    """Return the lines of a table, in the order of the registry; methods that are gone come last."""
    names = [name for name in METHODS if name in methods] + [name for name in methods if name not in METHODS]
    return [_shown(name, methods[name], versions.get(name, "")) for name in names]


def _shown(name: str, found: Mapping[str, Any], version: str) -> ShownMethod:
    score = MethodScore.read(name, found)
    missing = "" if score.raw is not None else str(from_json(found.get("missing")) or _("missing"))
    return ShownMethod(_label(name, get_language()), score, version, missing)


@lru_cache(maxsize=256)  # a page of records asks hundreds of times for the same few
def _label(name: str, language: str | None) -> str:
    return _(METHODS[name].label) if name in METHODS else name


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
