"""How the lab names what it measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from search.methods import METHODS
from search.presentation import GRAY
from search.scoring.presets import PRESETS

Found = TypeVar("Found")
DASHES = ("", "10 3", "3 3", "", "10 3 3 3", "6 2", "16 4", "2 2 8 2")
"""Lines of the methods, in the order of the registry; the content method's is unbroken, as the first one's."""
LINES = {"equal": "10 3", "proven": "14 2", "guide_color": "2 3", "raw_sum": "8 3 2 3", "guide_sum": "1 3"}


@dataclass(frozen=True, slots=True)
class RankingLook:
    """How one ranking is named and drawn. Fusions and references have no color of their own but a kind of line."""

    part: str
    name: str
    label: str
    color: str

    @property
    def key(self) -> str:
        return f"{self.part}-{self.name}"

    @property
    def dashes(self) -> str:
        """Return the pattern of the line, so that color alone tells no two apart."""
        if self.part == "methods":
            known = list(METHODS)
            return DASHES[known.index(self.name) % len(DASHES)] if self.name in known else DASHES[1]
        return LINES.get(self.name, "")


@dataclass(frozen=True, slots=True)
class FigureWords:
    """A column of the table of figures."""

    label: str
    title: str
    best: float  # what could be reached at most


FUSIONS = {
    "default": gettext_lazy("Fused, default weights"),
    "proven": gettext_lazy("Fused, default weights, proven first"),
    "equal": gettext_lazy("Fused, equal weights"),
    "learned": gettext_lazy("Fused, learned weights"),
}
REFERENCES = {
    "guide_color": gettext_lazy("Plain color histogram"),
    "raw_sum": gettext_lazy("The textbook's sum of raw scores"),
    "guide_sum": gettext_lazy("The textbook's weights on rarities"),
}
KINDS = {
    "labels": gettext_lazy("Labels"),
    "copies": gettext_lazy("Edited copies"),
    "remixes": gettext_lazy("Remixes"),
    "verdicts": gettext_lazy("Verdicts"),
}
KIND_SENTENCES = {
    "labels": gettext_lazy("Right answers are images of the query's label."),
    "copies": gettext_lazy(
        "Images are cropped, recompressed, recolored and so on; right is the one they were made of."
    ),
    "remixes": gettext_lazy(
        "Images are turned, scanned, cut down or put among others; right is the one they were made of."
    ),
    "verdicts": gettext_lazy("Right answers are what people judged to belong together."),
}
PHASES = {
    "guide": gettext_lazy("Reading the originals' colors"),
    "queries": gettext_lazy("Querying"),
    "copies": gettext_lazy("Editing images and looking for them"),
    "index": gettext_lazy("Comparing the index with exact search"),
    "reliability": gettext_lazy("Checking the rarities"),
}
EDITS = {
    "crop_90": gettext_lazy("Cropped to 90 %"),
    "crop_70": gettext_lazy("Cropped to 70 %"),
    "crop_50": gettext_lazy("Cropped to 50 %"),
    "shrink": gettext_lazy("Shrunk to a quarter"),
    "jpeg_30": gettext_lazy("JPEG, quality 30"),
    "jpeg_10": gettext_lazy("JPEG, quality 10"),
    "blur": gettext_lazy("Blurred"),
    "brightness": gettext_lazy("Brighter or darker"),
    "color_cast": gettext_lazy("Color cast"),
    "gray": gettext_lazy("Gray"),
    "rotate_10": gettext_lazy("Turned by 10°"),
    "rotate_90": gettext_lazy("Turned by 90°"),
    "flip": gettext_lazy("Flipped"),
    "text": gettext_lazy("Written on"),
    "frame": gettext_lazy("Framed"),
}
REMIXES = {
    "rotate_15": gettext_lazy("Turned by 15°"),
    "rotate_45": gettext_lazy("Turned by 45°"),
    "rotate_180": gettext_lazy("Turned by 180°"),
    "crop_20": gettext_lazy("Cropped to 20 %"),
    "flip_crop_50": gettext_lazy("Flipped and cropped to 50 %"),
    "inset_25": gettext_lazy("On a quarter of another image"),
    "inset_10": gettext_lazy("On a tenth of another image"),
    "collage": gettext_lazy("In a collage of four"),
    "screenshot": gettext_lazy("In a screenshot of a phone"),
    "captions": gettext_lazy("Heavy captions"),
    "print_scan": gettext_lazy("Printed and scanned"),
    "perspective": gettext_lazy("Seen from aside"),
    "gray_blur_jpeg": gettext_lazy("Gray, blurred, JPEG quality 15"),
    "negative": gettext_lazy("Negative"),
}


def figure_words() -> dict[str, FigureWords]:
    """Return the columns of figures, in their order."""
    return {
        "recall_at_1": FigureWords(_("Recall@1"), _("Share of the copies whose original comes first"), 1),
        "map": FigureWords(_("mAP"), _("Mean average precision: do the right images come before the others?"), 1),
        "p_at_1": FigureWords(_("P@1"), _("Share of the queries whose first hit is right"), 1),
        "p_at_5": FigureWords(_("P@5"), _("Share of right images among the first five"), 1),
        "recall_at_10": FigureWords(
            _("Recall@10"), _("Share of what could be right in the first ten that is there"), 1
        ),
        "ns": FigureWords(_("N-S"), _("Right images among the first four, the query among them"), 4),
        "pair_ap": FigureWords(
            _("Pair AP"), _("All pairs of all queries in one order: do the right ones come first?"), 1
        ),
        "pair_auc": FigureWords(_("AUC"), _("Chance that a right pair scores higher than a wrong one"), 1),
    }


def look_of(part: str, name: str) -> RankingLook:
    """Return how a ranking is named and drawn; one that this program no longer knows goes by its stored name."""
    if part == "methods":
        entry = METHODS.get(name)
        return RankingLook(part, name, _(entry.label) if entry else name, entry.color if entry else GRAY)
    known: Mapping[str, object] = FUSIONS if part == "fused" else REFERENCES
    if part == "fused" and name in PRESETS and name not in known:
        return RankingLook(part, name, _("Preset “%(name)s”") % {"name": _(PRESETS[name].label)}, "")
    return RankingLook(part, name, str(known.get(name, name)), "")


def in_reading_order(found: Mapping[str, Found], first: Iterable[str] = ()) -> dict[str, Found]:
    """Return what was found by ranking or edit in the order in which people read it, what is unknown last.

    A database need not keep the order in which a document was written: PostgreSQL sorts its keys.

    Parameters
    ----------
    found : by name of a method, fusion, preset, reference or edit
    first : names that come before the usual order
    """
    order = dict.fromkeys((*first, *FUSIONS, *PRESETS, *METHODS, *REFERENCES, *EDITS, *REMIXES))
    places = {name: place for place, name in enumerate(order)}
    return dict(sorted(found.items(), key=lambda item: (places.get(item[0], len(places)), item[0])))


def edit_label(name: str) -> str:
    """Return what was done to a copy; an edit that this program no longer knows goes by its stored name."""
    known: Mapping[str, object] = EDITS | REMIXES
    return str(known.get(name, name))
