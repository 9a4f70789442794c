"""What the compare page says of each method: its numbers on its own scale, in words, and by the textbook definition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from jobs.errors import from_json
from search.public.features import METHODS
from search.public.pairs import PairScore
from search.public.presentation import (
    MethodLook,
    method_looks,
    number,
    rarity_sentence,
    rarity_short,
    score_number,
    score_sentence,
    stacked,
    standard_detail,
    standard_sentence,
)
from search.public.scoring import MethodScore


@dataclass(frozen=True, slots=True)
class ComparedMethod:
    """One method's line of the table."""

    look: MethodLook
    found: MethodScore
    version: str
    missing: str  # why there are no numbers, in words; empty when there are
    textbook_value: float | None  # by the textbook definition, where a worker has computed it
    definition: str  # by the textbook; empty where it names none
    unguided: str  # why there is no number by that definition; empty when there is one

    @property
    def raw(self) -> str:
        return _number(self.found.raw)

    @property
    def distance(self) -> str:
        """Return the distance: of vectors of length 1 the Euclidean one, of other scores what they lack to 1."""
        raw, entry = self.found.raw, METHODS[self.look.name]
        if raw is None:
            return ""
        # Rounding may take the product of two equal vectors above 1, and no root is drawn of what is below 0.
        return _number(1 - raw if entry.pairwise or entry.reranks else math.sqrt(max(0.0, 2 - 2 * raw)))

    @property
    def weight(self) -> str:
        return number(self.found.weight, 2)

    @property
    def share_percent(self) -> int:
        return round(100 * (self.found.share or 0))

    @property
    def rarity(self) -> str:
        return "" if self.found.one_in is None else rarity_short(self.found.one_in)

    @property
    def sentence(self) -> str:
        return "" if self.found.one_in is None else rarity_sentence(self.look.name, self.found.one_in)

    @property
    def textbook(self) -> str:
        return _number(self.textbook_value)

    @property
    def bar(self) -> SafeString:
        """Return the rectangle that shows the rarity, in hundredths of the bar's length."""
        width = round(100 * (self.found.rarity or 0), 2)
        return format_html('<rect width="{}" height="1" fill="{}"></rect>', width, self.look.color)


@dataclass(frozen=True, slots=True)
class Table:
    """All methods, and what they come to together."""

    score: PairScore
    rows: list[ComparedMethod]

    @property
    def number(self) -> str:
        return "–" if self.score.score is None else str(score_number(self.score.score))

    @property
    def sentence(self) -> str:
        if self.score.score is None:
            return _("No method with a weight has something to say about both images.")
        return score_sentence(self.score.score)

    @property
    def standard(self) -> str:
        return standard_sentence(*self.score.standard)

    @property
    def standard_detail(self) -> str:
        return standard_detail(self.score.background, self.score.standard.borrowed)

    @property
    def bar(self) -> SafeString:
        """Return the parts of the score as rectangles, end to end."""
        fused = self.score.score or 0.0
        parts = {name: fused * (found.share or 0) for name, found in self.score.methods.items()}
        drawn = [(part.x, part.width, part.look.color) for part in stacked(parts, method_looks())]
        return format_html_join("", '<rect x="{}" width="{}" height="1" fill="{}"></rect>', drawn)


def make_table(score: PairScore, findings: Mapping[str, Any]) -> Table:
    """Return the table of a pair.

    Parameters
    ----------
    score : of the pair
    findings : the document of its comparison, empty while there is none
    """
    textbook_values, unguided = findings.get("guides", {}), findings.get("unguided", {})
    looks = method_looks()
    rows = [
        ComparedMethod(
            looks[name],
            found,
            score.versions.get(name, ""),
            score.missing(name),
            textbook_values.get(name),
            _(METHODS[name].textbook) if METHODS[name].textbook else "",
            str(from_json(unguided.get(name)) or ""),
        )
        for name, found in score.methods.items()
    ]
    return Table(score, rows)


def _number(value: float | None) -> str:
    return "" if value is None else number(value, 3)
