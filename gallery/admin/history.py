"""What Django's history of an image says of acts that have no form: a code is stored, its words are made when shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from django.contrib.admin.models import LogEntry
from django.db.models import TextChoices
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gallery.models import Image

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class HistoryNote(TextChoices):
    """One act on an image."""

    UPLOADED = "uploaded", _("Uploaded.")
    HIDDEN = "hidden", _("Hidden.")
    SHOWN = "shown", _("Shown again.")
    TRASHED = "trashed", _("Moved to the trash.")
    RESTORED = "restored", _("Restored from the trash.")


def note(request: HttpRequest, images: list[Image], flag: int, what: HistoryNote) -> None:
    """Note in the admin's history who did what."""
    if images:
        LogEntry.objects.log_actions(cast("User", request.user).pk, images, flag, what.value)


def put_into_words(entries: Iterable[LogEntry]) -> None:
    """Replace the codes of entries by their words; older entries hold words, and those of forms Django's own JSON."""
    for entry in entries:
        if entry.change_message in HistoryNote.values:
            entry.change_message = str(HistoryNote(entry.change_message).label)
