"""Which of several copies should stay: most pixels, then the better file, then the most known of it, then the oldest.

Pure: what is known of each copy comes in, the suggestion and its reason go out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

LOSSLESS = frozenset({"PNG", "TIFF", "BMP"})
"""Formats that keep every pixel as it was; a GIF has lost colors, and of a WebP or AVIF nobody knows."""

REASONS = {
    "pixels": _("It has the most pixels."),
    "lossless": _("It has as many pixels as the others, in a format that loses nothing."),
    "bytes": _("It has as many pixels as the others, in the largest file."),
    "facts": _("The files are equally good; most is known of this one."),
    "oldest": _("The files are equally good; this one came first."),
}
"""By code, as `DuplicateGroup.keeper_reason` keeps it."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What counts of one copy."""

    image_id: int
    num_pixels: int
    format: str
    num_bytes: int
    num_facts: int  # tags, collections, attributes, and texts that people gave it
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The copy that should stay, and why: a key of `REASONS`."""

    image_id: int
    reason: str


RULES: tuple[tuple[str, Callable[[Copy], float]], ...] = (
    ("pixels", lambda copy: copy.num_pixels),
    ("lossless", lambda copy: copy.format in LOSSLESS),
    ("bytes", lambda copy: copy.num_bytes),
    ("facts", lambda copy: copy.num_facts),
)


def suggest(copies: Sequence[Copy]) -> Suggestion:
    """Suggest which copy to keep.

    Parameters
    ----------
    copies : at least one

    Returns
    -------
    suggestion : each rule leaves the best copies by it to the next; the reason is the rule that left one alone, or
        that the one left came first

    Raises
    ------
    ValueError : no copies
    """
    if not copies:
        raise ValueError("copies: expected at least one to choose from, got none")
    left = list(copies)
    for reason, value in RULES:
        best = max(value(copy) for copy in left)
        left = [copy for copy in left if value(copy) == best]
        if len(left) == 1:
            return Suggestion(left[0].image_id, reason)
    oldest = min(left, key=lambda copy: (copy.uploaded_at, copy.image_id))
    return Suggestion(oldest.image_id, "oldest")
