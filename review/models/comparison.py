"""The costly parts of comparing a pair, computed by a worker and stored."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH
from jobs.rows import JobRow


class Comparison(JobRow):
    """What a worker found about a pair of images; a picture of the differences lies in COMPARISONS_DIR."""

    first_sha256 = models.CharField(_("first image"), max_length=HASH_LENGTH)
    second_sha256 = models.CharField(_("second image"), max_length=HASH_LENGTH)
    recipe = models.CharField(_("recipe"), max_length=64)  # versions of the code that computed it
    document = models.JSONField(_("findings"), default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first_sha256", "second_sha256", "recipe"], name="comparison_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="comparison_age")]  # the oldest are forgotten
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")

    def __str__(self) -> str:
        return f"{self.first_sha256[:8]} – {self.second_sha256[:8]}"
