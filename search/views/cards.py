"""What the templates show of an answer: numbers rounded, words chosen, bars laid out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from gallery.models import Image
from search.methods import METHODS, WORDS
from search.presentation import BarSegment, MethodLook, method_looks, stacked
from search.query.badges import Badge
from search.types import Answer, MethodScore, Result, Verification
from search.views.examples import pooled_sentence
from search.views.matched_areas import MotionLook, motion_look
from search.wording import (
    number,
    rarity_sentence,
    rarity_short,
    score_number,
    score_sentence,
    words_sentence,
    words_short,
)

RECTANGLE = '<rect x="{}" width="{}" height="1" fill="{}"></rect>'


@dataclass(frozen=True, slots=True)
class Reason:
    """What one method says about one hit."""

    look: MethodLook
    score: MethodScore
    missing: str  # why there is no score; empty when there is one
    rarity: str
    sentence: str
    proof: str = ""  # what a re-ranking method shows for it, in words
    examples: str = ""  # which example it answers to, and what the others have to do with it

    @property
    def bar(self) -> SafeString:
        """Return the rectangle that shows the rarity."""
        width = round(100 * (self.score.rarity or 0), 2)
        return format_html(RECTANGLE, 0, width, self.look.color)

    @property
    def raw(self) -> str:
        return number(self.score.raw or 0, 3)

    @property
    def weight(self) -> str:
        return number(self.score.weight, 2)

    @property
    def rank(self) -> str:
        return str(intcomma(self.score.rank)) if self.score.rank else "–"

    @property
    def share_percent(self) -> int:
        return round(100 * (self.score.share or 0))


@dataclass(frozen=True, slots=True)
class Card:
    """One hit of the result grid."""

    image: Image
    rank: int
    number: int
    sentence: str
    segments: list[BarSegment]
    reasons: list[Reason]
    main: Reason | None  # the method that speaks loudest for this hit
    missing: list[Reason]  # methods with weight that have nothing to say
    motion: MotionLook | None  # where the photograph shows what the query shows
    proof: float = 0.0  # see `Result.proof`
    marks: Sequence[Badge] = ()
    compare_url: str = ""  # of the hit beside the query; empty where the query is no image of the library

    @property
    def url(self) -> str:
        return self.image.get_absolute_url()

    @property
    def apart(self) -> bool:
        """Tell whether people found it to be something else than the query."""
        return any(mark.apart for mark in self.marks)

    @property
    def photo_url(self) -> str:
        return reverse("gallery:media", args=["thumb", self.image.sha256])

    @property
    def bar(self) -> SafeString:
        """Return the rectangles of the stacked bar."""
        return _rectangles([(segment.x, segment.width, segment.look.color) for segment in self.segments])

    @property
    def name(self) -> str:
        """Return what tells the image best in few words: its title, else its label, else its file name."""
        return self.image.title or self.image.label or self.image.original_name

    @property
    def rarities(self) -> str:
        """Return what the page needs to re-rank by itself, as JSON."""
        # Five digits: more would move no score by what is shown, and a page holds thousands of these numbers.
        return json.dumps({r.look.name: _rounded(r.score.rarity) for r in self.reasons}, separators=(",", ":"))


def card_words() -> dict[str, str]:
    """Return what stands on every card in the reader's language.

    Translated and escaped once a page instead of once a card, which took a fifth of its time.
    """
    words = {
        "more_like": _("More like this"),
        "like": _("Add as an example: like this"),
        "unlike": _("Add as an example: not like this"),
        "compare": _("Compare with the query"),
        "score": _("Score"),
        "nothing": _("nothing in common"),
        "partial": _("partial"),
        "why": _("Why this image"),
        "share_title": _("Part of the score that this method gave"),
        "missing": _("missing"),
        "raw": _("raw"),
        "raw_title": _("What the method itself says, on its own scale"),
        "weight": _("weight"),
        "weight_title": _("How much this method counts"),
        "rank": _("rank"),
        "rank_title": _("Place among the images compared, by this method alone"),
    }
    return {name: conditional_escape(text) for name, text in words.items()}


def make_cards(
    answer: Answer,
    images: Mapping[int, Image],
    *,
    with_motions: bool = False,
    marks: Mapping[int, Sequence[Badge]] | None = None,
    queried: Image | None = None,
    examples: Mapping[int, Image] | None = None,
    names: Mapping[int, str] | None = None,
    kept: str = "",
) -> list[Card]:
    """
    Return a card per result whose image may still be shown, in the order of the answer.

    The hits of a `queried` image lead to comparisons with it, which keep a part of the query string (`kept`). Where
    there are several `examples`, by number, they lead to the one that the hit answers to; `names` is what they are
    called.
    """
    looks = method_looks()
    if answer.words:  # what compares images alone has nothing to say
        looks = {name: look for name, look in looks.items() if name == WORDS or name not in answer.missing_methods}
    # What was removed, or closed to this person, since the answer was made is left out without a word.
    shown = [result for result in answer.results if result.image_id in images]
    motions = answer.motions.of(shown) if with_motions else {}
    cards = [_card(result, images[result.image_id], looks, answer, motions.get(result.image_id)) for result in shown]
    if names:
        cards = [replace(card, reasons=[_of_examples(reason, names) for reason in card.reasons]) for card in cards]
    return [
        replace(
            card,
            marks=(marks or {}).get(card.image.pk, ()),
            compare_url=_compare_url(_answered_to(card, examples or {}, queried), card.image, kept),
        )
        for card in cards
    ]


def _of_examples(reason: Reason, names: Mapping[int, str]) -> Reason:
    return replace(reason, examples=pooled_sentence(reason.score, names))


def _answered_to(card: Card, examples: Mapping[int, Image], queried: Image | None) -> Image | None:
    """Return the image that a hit was found by most of all."""
    pooled = card.main.score.pooled if card.main else None
    return examples.get(pooled.example) if pooled else queried


def _compare_url(queried: Image | None, image: Image, kept: str) -> str:
    if queried is None:
        return ""
    return reverse("review:compare", args=[queried.pk, image.pk]) + (f"?{kept}" if kept else "")


def _card(
    result: Result,
    image: Image,
    looks: Mapping[str, MethodLook],
    answer: Answer,
    found: Verification | None,
) -> Card:
    motion = motion_look(found, image) if found else None
    proof = motion.sentence if motion else ""
    missing = answer.missing_methods
    reasons = [_reason(look, result.methods.get(name), answer, proof) for name, look in looks.items()]
    present = [reason for reason in reasons if not reason.missing and (reason.score.share or 0) > 0]
    return Card(
        image=image,
        rank=result.rank,
        number=score_number(result.score),
        sentence=score_sentence(result.score),
        segments=stacked({r.look.name: (r.score.share or 0) * result.score for r in present}, looks),
        reasons=reasons,
        main=max(present, key=lambda reason: reason.score.share or 0, default=None),
        # What the query itself lacks is said once above the results.
        missing=[r for r in reasons if r.missing and r.score.weight > 0 and r.look.name not in missing],
        motion=motion,
        proof=round(result.proof, 1),
    )


def _reason(look: MethodLook, score: MethodScore | None, answer: Answer, proof: str) -> Reason:
    score = score or MethodScore(look.name, 0.0)
    if score.raw is None or score.one_in is None:
        why = str(answer.missing_methods.get(look.name) or _("not computed for this image"))
        return Reason(look, score, why, "", "")
    if answer.words and look.name == WORDS:
        rarity = words_short(score.raw, score.one_in)
        return Reason(look, score, "", rarity, words_sentence(score.raw, score.one_in))
    shown = proof if METHODS[look.name].reranks else ""
    return Reason(look, score, "", rarity_short(score.one_in), rarity_sentence(look.name, score.one_in), shown)


def _rectangles(parts: list[tuple[float, float, str]]) -> SafeString:
    """Draw (x, width, color) in hundredths of a bar's length."""
    return format_html_join("", RECTANGLE, parts)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 5)
