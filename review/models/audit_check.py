"""When the audit was checked, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH


class AuditCheck(models.Model):
    """One check of the whole chain; without a time of its end it still waits to be done."""

    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("asked by"), related_name="+"
    )
    done_at = models.DateTimeField(_("done"), null=True)
    number = models.PositiveBigIntegerField(_("last row"), default=0)
    hash = models.CharField(max_length=HASH_LENGTH, blank=True)
    num_faults = models.PositiveBigIntegerField(_("faults"), default=0)
    faults = models.JSONField(default=list)  # of the first ones: number, kind, text

    class Meta:
        ordering = ["-id"]
        verbose_name = _("check of the audit")
        verbose_name_plural = _("checks of the audit")

    def __str__(self) -> str:
        return f"{self.done_at or self.asked_at}: {self.num_faults}"
