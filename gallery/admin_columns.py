"""Columns about images in the admin's lists and confirmation pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from gallery.models import Image
from gallery.reasons import REASONS

SENTENCES = dict(REASONS)
THUMB_SIDE = 72
MAX_NAMED = 100
"""Objects that a page asking for confirmation names one by one."""


def thumbnail(image: Image, side: int = THUMB_SIDE) -> SafeString | str:
    """Return the picture as it stands in lists, `side` pixels long, linked to its page; a dash when there is none."""
    if image.status != Image.Status.READY:
        return "–"
    scale = side / max(image.width, image.height, 1)
    return format_html(
        '<a href="{}"><img src="{}" width="{}" height="{}" loading="lazy" alt="{}"></a>',
        image.get_absolute_url(),
        reverse("gallery:media", args=["thumb", image.sha256]),
        max(1, round(image.width * scale)),
        max(1, round(image.height * scale)),
        _("Open %(name)s in the gallery") % {"name": image},
    )


def short_time(moment: datetime | None) -> str:
    """Return a time that fits into a narrow column."""
    return date_format(localtime(moment), "Y-m-d H:i") if moment else "–"


Deletion = tuple[list[Any], dict[str, int], set[str], list[str]]
"""Lines that name the objects, how many of which kind, kinds that may not be deleted, objects that stand in the way."""


def summarize_deletion(objs: Sequence[Any], may_delete: bool, line: Callable[[Any], str]) -> Deletion:
    """Name what was chosen for deletion, but not what hangs on it.

    Django's own summary walks that too: thousands of rows written by machines, which nobody may delete one by one, so
    that it would refuse.
    """
    if not objs:
        return [], {}, set(), []
    options = objs[0]._meta
    lines = [line(one) for one in objs[:MAX_NAMED]]
    if len(objs) > MAX_NAMED:
        lines.append(_("... and %(n)s more") % {"n": len(objs) - MAX_NAMED})
    refused = set() if may_delete else {str(options.verbose_name)}
    return lines, {str(options.verbose_name_plural): len(objs)}, refused, []
