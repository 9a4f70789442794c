"""What people decided about pairs of images. Rows are only ever added: a change of mind is a new row."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH
from review.models.append_only import AppendOnly

MAX_NOTE = 2000


class Verdict(AppendOnly):
    """One decision of one person about a pair of images, known by their bytes.

    It outlives the images' rows: the same bytes uploaded again are the same pair.
    """

    class Kind(models.TextChoices):
        SAME = "same", _("same")
        NEAR_DUPLICATE = "near_duplicate", _("near duplicate")
        RELATED = "related", _("related")
        DIFFERENT = "different", _("different")
        UNSURE = "unsure", _("unsure")
        WITHDRAWN = "withdrawn", _("withdrawn")  # takes the author's earlier verdict back and says nothing itself

    first_sha256 = models.CharField(_("first image"), max_length=HASH_LENGTH)
    second_sha256 = models.CharField(_("second image"), max_length=HASH_LENGTH)
    kind = models.CharField(_("verdict"), max_length=16, choices=Kind)
    note = models.TextField(_("note"), max_length=MAX_NOTE, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("account of the author")
    )
    author_name = models.CharField(_("author"), max_length=150)  # stays when the account goes
    decided_at = models.DateTimeField(_("decided"), default=timezone.now)
    adjudicates = models.BooleanField(_("adjudicates"), default=False)  # among all on the pair this one counts
    state = models.JSONField(_("state"), default=dict, blank=True)  # versions, scores, weights, generation it rests on

    class Meta(AppendOnly.Meta):
        ordering = ["-decided_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_sha256__lt=models.F("second_sha256")), name="verdict_pair_sorted"
            )
        ]
        indexes = [
            models.Index(fields=["first_sha256", "second_sha256", "author_name", "decided_at"], name="verdict_pair"),
            models.Index(fields=["second_sha256"], name="verdict_second"),
            models.Index(fields=["-decided_at", "-id"], name="verdict_newest"),
        ]
        verbose_name = _("verdict")
        verbose_name_plural = _("verdicts")

    def __str__(self) -> str:
        return f"{self.first_sha256[:8]} – {self.second_sha256[:8]}: {self.get_kind_display()}"
