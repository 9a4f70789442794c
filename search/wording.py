"""How scores and rarities are said in words and numbers that people read."""

from __future__ import annotations

import math
from functools import lru_cache

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from search.methods import METHODS
from search.scoring.calibration import one_in_of
from search.scoring.said import SAID
from search.types import PairsOf

TOLD_BORROWED = 0.1
"""Share of what is said of one pair in a thousand from which on it is told that it was borrowed."""
RAREST = 1_000_000
"""Beyond one pair in a million a rarity is not told apart: the bar is full."""


def number(value: float, digits: int) -> str:
    """Return a number rounded to so many digits (Django's own formatting cuts them off), as the language writes it."""
    # What rounds to zero from below equals zero as a key, and is written without its sign like it.
    return _written(round(value, digits) + 0.0, digits, get_language())


@lru_cache(maxsize=4096)  # a page of results says six hundred, most of them again and again
def _written(value: float, digits: int, language: str | None) -> str:
    return str(formats.number_format(value, digits))


def score_number(score: float) -> int:
    """Return a fused score of 0..1 as people see it, 0..100."""
    return round(score * 100)


def one_in_number(one_in: float) -> str:
    """Return "12,000" for 12,345: two significant digits, grouped as the language groups them."""
    return _grouped(_two_digits(one_in), get_language())


def _two_digits(one_in: float) -> int:
    # Two digits are more than the sample of random pairs supports; further ones would only look exact.
    digits = max(0, math.floor(math.log10(max(one_in, 1))) - 1)
    return min(int(round(one_in, -digits)), RAREST)


# Cached, because a page says hundreds of rarities, and of numbers with two digits there are only a few hundred.
@lru_cache(maxsize=4096)
def _grouped(value: int, language: str | None) -> str:
    return str(intcomma(value))


def rarity_short(one_in: float) -> str:
    """Return a rarity for a narrow place: "1 in 12,000"."""
    return _rarity(_two_digits(one_in), one_in >= RAREST, get_language())


@lru_cache(maxsize=4096)
def _rarity(number: int, beyond: bool, language: str | None) -> str:
    words = {"number": _grouped(number, language)}
    if number < 2:
        return _("as most pairs")
    return (_("1 in %(number)s or more") if beyond else _("1 in %(number)s")) % words


def rarity_sentence(method: str, one_in: float) -> str:
    """Return a rarity in words: "1 random pair in 12,000 is this alike in color"."""
    words = {"method": _(METHODS[method].label).lower(), "number": one_in_number(one_in)}
    if one_in < 1.5:
        return _("Most random pairs are this alike in %(method)s") % words
    if one_in >= RAREST:
        return _("Fewer than 1 random pair in %(number)s is this alike in %(method)s") % words
    return _("1 random pair in %(number)s is this alike in %(method)s") % words


def words_short(raw: float, one_in: float) -> str:
    """Return for a narrow place how well words fit an image."""
    return _("word for word") if raw >= SAID else rarity_short(one_in)


def words_sentence(raw: float, one_in: float) -> str:
    """Return how well words fit an image: "matches the words: 1 random pair in 12,000 does so as well"."""
    if raw >= SAID:
        return _("The words themselves stand in its title, tags, label or file name")
    if one_in < 1.5:
        return _("Most images match any words as well as this")
    if one_in >= RAREST:
        return _("Matches the words: fewer than 1 random pair of words and image in %(number)s does so as well") % {
            "number": one_in_number(one_in)
        }
    return _("Matches the words: 1 random pair of words and image in %(number)s does so as well") % {
        "number": one_in_number(one_in)
    }


def score_sentence(score: float) -> str:
    """Return what a fused score means, in words."""
    return _("Fused score %(score)s of 100: as rare as 1 random pair in %(number)s, averaged over the methods") % {
        "score": score_number(score),
        "number": one_in_number(one_in_of(score)),
    }


def standard_sentence(background: str, similar_images: int, borrowed: float) -> str:
    """Return which random pairs rarities are among, for what `search.query.standard.Standard` says."""
    words = {"number": intcomma(similar_images)}
    match background, similar_images > 0, borrowed >= TOLD_BORROWED:
        case PairsOf.COLLECTION, _counted, _lent:
            return _("Compared with random pairs of this collection, not of the whole library.")
        case PairsOf.KIND, True, _lent:
            return _("Compared with pairs of %(number)s similar images of this library.") % words
        case PairsOf.KIND, False, _lent:
            return _("Compared with pairs of similar images of this library.")
        case PairsOf.REST, True, _lent:
            return _("Compared with random pairs of %(number)s images, the library without its similar groups.") % words
        case PairsOf.REST, False, _lent:
            return _("Compared with random pairs of this library without its groups of similar images.")
        case PairsOf.KINDS, _counted, _lent:
            return _("Compared with random pairs of this library and with those of its groups of similar images.")
        case _other, _counted, True:
            return _(
                "Compared with pairs of this library and, since it is small, with pairs that ship with the program."
            )
    return _("Compared with random pairs of this library.")


def standard_detail(background: str, borrowed: float) -> str:
    """Return what else there is to know of the random pairs; may be empty."""
    said = []
    if background in (PairsOf.KIND, PairsOf.REST, PairsOf.KINDS):
        said.append(_("Two images of different groups are called as rare as the most cautious of their tables says."))
    if borrowed >= TOLD_BORROWED:
        words = {"share": round(100 * borrowed)}
        said.append(
            _("Of what is said of one pair in a thousand, %(share)d %% comes from pairs that ship with the program.")
            % words
        )
    return " ".join(said)
