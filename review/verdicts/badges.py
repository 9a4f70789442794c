"""Verdicts on the query and a hit, as a badge on the hit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery.models import Image
from review.models import Verdict
from review.verdicts.blinding import hidden_from
from review.verdicts.consensus import Summary, kinds_of
from review.verdicts.record import sorted_pair
from search.public.hooks import Badge

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

TONES = {Verdict.Kind.SAME: "good", Verdict.Kind.NEAR_DUPLICATE: "good", Verdict.Kind.DIFFERENT: "bad"}


def verdict_badges(viewer: User | AnonymousUser, query: Image, hits: Mapping[int, Image]) -> dict[int, Badge]:
    """Return a mark for each hit that people compared with the query; two database queries at most."""
    pairs = {
        image_id: sorted_pair(query.sha256, image.sha256)
        for image_id, image in hits.items()
        if image.sha256 != query.sha256
    }
    found = kinds_of(pairs.values())
    hidden = hidden_from(viewer, found)
    return {image_id: _mark(found[pair]) for image_id, pair in pairs.items() if pair in found and pair not in hidden}


def _mark(summary: Summary) -> Badge:
    if summary.split:
        return Badge(_("split"), _("People are split about this pair"), "warn", summary.apart)
    kind = Verdict.Kind(summary.kind)
    people = ngettext("%(n)d person", "%(n)d people", summary.num_people) % {"n": summary.num_people}
    title = _("Verdict on this pair: %(kind)s (%(people)s)") % {"kind": kind.label, "people": people}
    return Badge(str(kind.label), title, TONES.get(kind, ""), summary.apart)
