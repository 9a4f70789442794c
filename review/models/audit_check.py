"""Checks of the audit log, and their outcomes."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH
from jobs.errors import sentence
from jobs.rows import JobRow


class AuditCheck(JobRow):
    """One check of the whole chain."""

    number = models.PositiveBigIntegerField(_("last row"), default=0)
    hash = models.CharField(max_length=HASH_LENGTH, blank=True)
    num_faults = models.PositiveBigIntegerField(_("faults"), default=0)
    faults = models.JSONField(default=list)  # of the first ones: number, kind, code, params; text before codes

    @property
    def told_faults(self) -> list[dict[str, Any]]:
        """The first faults, each with its text in the reader's language."""
        return [
            fault | {"text": sentence(fault["code"], fault["params"]) if "code" in fault else fault["text"]}
            for fault in self.faults
        ]

    class Meta:
        ordering = ["-id"]
        verbose_name = _("check of the audit")
        verbose_name_plural = _("checks of the audit")

    def __str__(self) -> str:
        return f"{self.finished_at or self.created_at}: {self.num_faults}"
