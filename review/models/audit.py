"""The audit log: a chain of rows, each with a hash over its contents and the hash of the row before it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.audit_events import Action
from gallery.models import HASH_LENGTH
from review.audit.subjects import in_words
from review.models.append_only import AppendOnly


class AuditRow(AppendOnly):
    """One act of one person. Its hash covers its contents and the hash of the row before it."""

    number = models.PositiveBigIntegerField(_("number"), unique=True)  # 1, 2, 3 ... without a gap
    happened_at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,  # the row stays as it was when the account goes
        verbose_name=_("account"),
        related_name="+",
    )
    actor_name = models.CharField(_("person"), max_length=150, blank=True)
    action = models.CharField(_("act"), max_length=16, choices=Action)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    details = models.JSONField(_("details"), default=dict)
    previous_hash = models.CharField(max_length=HASH_LENGTH, blank=True)
    hash = models.CharField(max_length=HASH_LENGTH)

    class Meta(AppendOnly.Meta):
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["action", "-number"], name="audit_action"),
            models.Index(fields=["actor_name", "-number"], name="audit_actor"),
        ]
        verbose_name = _("audit row")
        verbose_name_plural = _("audit")

    @property
    def subject_in_words(self) -> str:
        """What it was done to, in the reader's language."""
        return in_words(self.subject, self.details)

    def __str__(self) -> str:
        return f"{self.number}: {self.get_action_display()}"
