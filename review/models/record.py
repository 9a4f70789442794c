"""Searches recorded as they were answered, so that they can be shown, cited and run again."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from review.models.append_only import AppendOnly


class SearchRecord(AppendOnly):
    """One answer: what was asked, with which weights, versions and generation, and every hit with its scores."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("title"), max_length=200, blank=True)
    address = models.TextField(_("address"))  # the query string of the search page
    document = models.JSONField(_("answer"))  # see review.evidence.record_search
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("account of the author"), related_name="+"
    )
    author_name = models.CharField(_("author"), max_length=150, blank=True)
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)

    class Meta(AppendOnly.Meta):
        ordering = ["-recorded_at"]
        verbose_name = _("recorded search")
        verbose_name_plural = _("recorded searches")

    def __str__(self) -> str:
        return self.title or str(self.pk)
