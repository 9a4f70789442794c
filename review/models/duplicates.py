"""Groups of images that are probably one picture, as last computed, and what people decided about them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH, Image
from jobs.errors import sentence
from jobs.rows import JobRow
from review.models.append_only import AppendOnly


class DuplicateScan(JobRow):
    """One computation of all groups; the newest that is ready is what people see."""

    generation = models.PositiveBigIntegerField(_("generation"), null=True)
    revision = models.BigIntegerField(default=0)  # of search: changes up to this one are inside
    seen = models.JSONField(default=dict)  # newest verdict, decision and repeated upload inside; see review.duplicates
    seconds = models.FloatField(_("seconds"), default=0.0)  # that it took, without waiting

    class Meta:
        ordering = ["-id"]
        verbose_name = _("scan for duplicates")
        verbose_name_plural = _("scans for duplicates")

    def __str__(self) -> str:
        return f"scan {self.pk}"


class DuplicateGroup(models.Model):
    """Images that are probably one picture."""

    class Tier(models.IntegerChoices):
        BYTES = 1, _("identical bytes")
        PIXELS = 2, _("identical pixels")
        EDITED = 3, _("edited copy")
        NEAR = 4, _("near duplicate")

    scan = models.ForeignKey(DuplicateScan, models.CASCADE, related_name="groups", verbose_name=_("scan"))
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier)
    size = models.PositiveIntegerField(_("images"))
    score = models.FloatField(_("least likeness"), default=0.0)  # of the links that hold the group together
    chain = models.BooleanField(_("chain"), default=False)  # its ends are alike only through others between them
    keeper = models.ForeignKey(Image, models.SET_NULL, null=True, verbose_name=_("suggested keeper"), related_name="+")
    keeper_reason = models.CharField(max_length=40, blank=True)  # see review.duplicates.decide.keeper
    decision = models.ForeignKey(
        "DuplicateDecision", models.SET_NULL, null=True, verbose_name=_("decision"), related_name="groups"
    )  # made since the scan: the group is settled

    class Meta:
        ordering = ["tier", "-score", "id"]
        indexes = [models.Index(fields=["scan", "tier", "-score", "id"], name="duplicate_group_page")]
        verbose_name = _("group of duplicates")
        verbose_name_plural = _("groups of duplicates")

    def __str__(self) -> str:
        return f"{self.get_tier_display()}: {self.size} images"


class DuplicateMember(models.Model):
    """An image in a group, with its nearest other member."""

    group = models.ForeignKey(DuplicateGroup, models.CASCADE, related_name="members", verbose_name=_("group"))
    image = models.ForeignKey(Image, models.CASCADE, verbose_name=_("image"), related_name="+")
    nearest = models.ForeignKey(Image, models.SET_NULL, null=True, verbose_name=_("nearest"), related_name="+")
    score = models.FloatField(_("likeness to it"), default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "image"], name="duplicate_member_once")]
        verbose_name = _("member of a group")
        verbose_name_plural = _("members of groups")

    def __str__(self) -> str:
        return f"image {self.image_id} in group {self.group_id}"


class DuplicateBulk(JobRow):
    """One act on many groups, done by a worker where they are more than a page can wait for."""

    kind = models.CharField(_("decision"), max_length=10)  # of DuplicateDecision.Kind
    merges = models.BooleanField(_("merges what is known"), default=False)
    plan = models.JSONField(_("plan"))  # agreed to: groups, or decisions to undo; see review.duplicates.decide.bulk
    undoes = models.ForeignKey("self", models.PROTECT, null=True, verbose_name=_("undoes"), related_name="undone_by")
    author_name = models.CharField(_("author"), max_length=150)  # stays when the account that asked for it goes
    num_skipped = models.PositiveIntegerField(default=0)  # changed since it was agreed to, or met an error of their own
    skip_code = models.CharField(max_length=64, blank=True)  # why the last of them was
    skip_params = models.JSONField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("decision about many groups")
        verbose_name_plural = _("decisions about many groups")

    def __str__(self) -> str:
        return f"{self.num_total} groups by {self.author_name}"

    @property
    def skip_sentence(self) -> str:
        """Why the last group that was passed over was, in the reader's language."""
        return sentence(self.skip_code, self.skip_params)


class DuplicateDecision(AppendOnly):
    """What somebody decided about a set of images, known by their bytes. A set that is kept whole never comes again."""

    class Kind(models.TextChoices):
        KEEP_ALL = "keep_all", _("keep all")
        KEEP_ONE = "keep_one", _("keep one, set the others aside")
        UNDONE = "undone", _("undone")

    kind = models.CharField(_("decision"), max_length=10, choices=Kind)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("account of the author"), related_name="+"
    )
    author_name = models.CharField(_("author"), max_length=150)
    decided_at = models.DateTimeField(_("decided"), default=timezone.now)
    undoes = models.ForeignKey("self", models.PROTECT, null=True, verbose_name=_("undoes"), related_name="undone_by")
    bulk = models.ForeignKey(
        DuplicateBulk, models.PROTECT, null=True, verbose_name=_("decision about many"), related_name="decisions"
    )
    state = models.JSONField(_("state"), default=dict)  # tier, keeper, what was merged: enough to undo it

    class Meta(AppendOnly.Meta):
        ordering = ["-id"]
        verbose_name = _("decision about duplicates")
        verbose_name_plural = _("decisions about duplicates")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.author_name}"


class DecidedImage(AppendOnly):
    """One image of the set that a decision is about."""

    decision = models.ForeignKey(DuplicateDecision, models.PROTECT, related_name="images", verbose_name=_("decision"))
    sha256 = models.CharField(max_length=HASH_LENGTH, db_index=True)

    class Meta(AppendOnly.Meta):
        constraints = [models.UniqueConstraint(fields=["decision", "sha256"], name="decided_image_once")]
        verbose_name = _("decided image")
        verbose_name_plural = _("decided images")

    def __str__(self) -> str:
        return self.sha256[:8]
