"""What the page of weights shows of decisions and learned weights: words, bars, rows of figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from search.methods import METHODS
from search.models import WeightAdoption, WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.views.background import Phase
from search.views.lab_words import KINDS, RankingLook, in_reading_order, look_of
from search.weights import learning_job
from search.wording import number

SOURCE_SENTENCES = {
    "labels": gettext_lazy("Images of one label belong together."),
    "copies": gettext_lazy("Images are edited here, once and several times; each copy belongs to its original."),
    "verdicts": gettext_lazy(
        "What people judged to be the same belongs together, what they judged different does not."
    ),
}
SETS = {
    "strong_copies": gettext_lazy("Copies edited four times"),
    "battered_copies": gettext_lazy("Copies edited eight times"),
}
RANKINGS = {
    "learned": gettext_lazy("Learned weights"),
    "in_use": gettext_lazy("Weights in use then"),
    "default": gettext_lazy("The methods' own weights"),
    "equal": gettext_lazy("Equal weights"),
}
PHASES = {
    "labels": gettext_lazy("Asking by labels"),
    "copies": gettext_lazy("Editing images and looking for them"),
    "verdicts": gettext_lazy("Comparing judged pairs"),
    "folds": gettext_lazy("Learning, with some queries held out"),
}


@dataclass(frozen=True, slots=True)
class WeightCell:
    """One figure of one ranking on one set."""

    text: str
    percent: float
    best: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One ranking with its figures on every set: mAP and P@1."""

    look: RankingLook
    cells: list[WeightCell]


@dataclass(frozen=True, slots=True)
class SetHead:
    """One set of queries, as the table's head names it, and what learning gained on it."""

    label: str
    queries: int
    groups: int
    sentence: str
    better: bool | None  # None: within what chance does


def source_label(source: str) -> str:
    """Return what weights were learned from, in words."""
    return ", ".join(str(KINDS.get(name, name)) for name in source.split(learning_job.SEPARATOR))


def decision_words(decision: WeightAdoption | None) -> str:
    """Return what was decided, without who and when."""
    if decision is None or decision.weight_set is None:
        return _("The weights that the methods come with")
    return _("Learned from: %(source)s") % {"source": source_label(decision.weight_set.source)}


def set_heads(figures: Mapping[str, Any]) -> list[SetHead]:
    """Return the heads of the table of figures."""
    return [
        SetHead(
            label=str(SETS.get(name) or KINDS.get(name, name)),
            queries=each["questions"],
            groups=each["groups"],
            sentence=_gain_sentence(each["gain"], each["gain_error"]),
            # Two standard errors: less is what another draw of queries would do as well.
            better=None if abs(each["gain"]) <= 2 * each["gain_error"] else each["gain"] > 0,
        )
        for name, each in figures["sets"].items()
    ]


def _gain_sentence(gain: float, error: float) -> str:
    sign = "−" if gain < 0 else "+"
    words = {"gain": sign + number(abs(gain), 3), "error": number(error, 3)}
    if abs(gain) <= 2 * error:
        return _("as good as the weights in use then (mAP %(gain)s ± %(error)s)") % words
    if gain > 0:
        return _("better than the weights in use then (mAP %(gain)s ± %(error)s)") % words
    return _("worse than the weights in use then (mAP %(gain)s ± %(error)s)") % words


def figure_rows(figures: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the table: the learned weights first, then those compared with, then each method alone."""
    sets = list(figures["sets"].values())
    best = [
        {key: max(ranking[key] for ranking in each["rankings"].values()) for key in ("map", "p_at_1")} for each in sets
    ]
    return [
        Row(
            _ranking_look(name),
            [
                WeightCell(number(value, 3), round(100 * value, 1), value == highest[key])
                for each, highest in zip(sets, best, strict=True)
                for key, value in each["rankings"][name].items()
            ],
        )
        for name in in_reading_order(sets[0]["rankings"], RANKINGS)
    ]


def _ranking_look(name: str) -> RankingLook:
    if name in RANKINGS:
        return RankingLook("fused", name, str(RANKINGS[name]), "")
    return look_of("methods", name)


def outdated_methods(weight_set: WeightSet, versions: Mapping[str, str]) -> list[str]:
    """Return the labels of the methods that have changed since the weights were learned."""
    return [
        _(METHODS[name].label)
        for name, version in weight_set.versions.items()
        if name in METHODS and versions.get(name, version) != version
    ]


def phase_of(weight_set: WeightSet) -> Phase | None:
    """Return how far the learning is; None when that is not known."""
    if not weight_set.phase:
        return None
    label = str(PHASES.get(weight_set.phase, weight_set.phase))
    return Phase(label, weight_set.num_done, weight_set.num_total)


def is_default(weights: Mapping[str, float]) -> bool:
    """Tell whether weights are those that the methods come with."""
    return dict(weights) == DEFAULT_WEIGHTS
