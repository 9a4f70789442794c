"""Queues of pairs that people judge, and who has which pair in hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH, Collection
from jobs.rows import JobRow, JobState
from review.models.verdict import Verdict


class ReviewPolicy(models.Model):
    """How a collection wants its pairs judged; collections without a row want one reader."""

    collection = models.OneToOneField(
        Collection, models.CASCADE, primary_key=True, related_name="review_policy", verbose_name=_("collection")
    )
    two_readers = models.BooleanField(_("two blind readers"), default=False)

    class Meta:
        verbose_name = _("review policy")
        verbose_name_plural = _("review policies")

    def __str__(self) -> str:
        return f"review policy of {self.collection}"


class Queue(JobRow):
    """Pairs to be judged. The state is that of gathering them, which is done once; then people open and close it."""

    class Source(models.TextChoices):
        SEARCH = "search", _("a search")
        NEAREST = "nearest", _("nearest pairs")
        UNCERTAIN = "uncertain", _("uncertain pairs")

    class Life(models.TextChoices):
        BUILDING = "building", _("being gathered")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")
        FAILED = "failed", _("failed")

    name = models.CharField(_("name"), max_length=120)
    source = models.CharField(_("gathered from"), max_length=10, choices=Source)
    collection = models.ForeignKey(
        Collection, models.SET_NULL, null=True, blank=True, related_name="queues", verbose_name=_("collection")
    )
    parameters = models.JSONField(_("parameters"), default=dict)  # query, weights, number of pairs: what was asked for
    two_readers = models.BooleanField(_("two blind readers"), default=False)  # as the policy was when it was made
    num_pairs = models.PositiveIntegerField(_("pairs"), default=0)
    closed_at = models.DateTimeField(_("closed"), null=True)  # by somebody: it hands out no more pairs

    class Meta:
        ordering = ["-id"]
        verbose_name = _("review queue")
        verbose_name_plural = _("review queues")

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def where_open(prefix: str = "") -> Q:
        """Select what belongs to queues that are open, by the name of the relation to them with `__`."""
        return Q(**{f"{prefix}state": JobState.READY, f"{prefix}closed_at": None})

    @property
    def life(self) -> Life:
        """Where it stands, as people see it."""
        if self.is_active:
            return self.Life.BUILDING
        if self.has_ended:
            return self.Life.FAILED
        return self.Life.OPEN if self.closed_at is None else self.Life.CLOSED

    @property
    def is_open(self) -> bool:
        return self.life == self.Life.OPEN


class QueuedPair(models.Model):
    """A pair of a queue, known by the bytes of its images."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CONFLICT = "conflict", _("readers disagree")
        DECIDED = "decided", _("decided")
        GONE = "gone", _("image removed")

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="pairs", verbose_name=_("queue"))
    position = models.PositiveIntegerField(_("position"))
    first_sha256 = models.CharField(_("first image"), max_length=HASH_LENGTH)
    second_sha256 = models.CharField(_("second image"), max_length=HASH_LENGTH)
    score = models.FloatField(_("score"), default=0.0)  # 0..1, fused, when it was gathered
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["queue", "first_sha256", "second_sha256"], name="queued_pair_once"),
            models.UniqueConstraint(fields=["queue", "position"], name="queued_pair_position"),
        ]
        indexes = [
            models.Index(fields=["queue", "state", "position"], name="queued_pair_work"),
            models.Index(fields=["first_sha256", "second_sha256"], name="queued_pair_images"),
            models.Index(fields=["second_sha256"], name="queued_pair_second"),
        ]
        verbose_name = _("queued pair")
        verbose_name_plural = _("queued pairs")

    def __str__(self) -> str:
        return f"{self.queue}, pair {self.position}"


class Reading(models.Model):
    """One person's turn at a pair: in hand until the lease ends, then decided or free again.

    Slots 1 and 2 are readers, 3 adjudicates; the constraint keeps two people from holding one slot.
    """

    pair = models.ForeignKey(QueuedPair, models.CASCADE, related_name="readings", verbose_name=_("pair"))
    slot = models.PositiveSmallIntegerField(_("slot"))
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("reader"), related_name="readings"
    )
    leased_until = models.DateTimeField(_("in hand until"))
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    verdict = models.ForeignKey(Verdict, models.PROTECT, null=True, verbose_name=_("verdict"), related_name="readings")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "slot"], name="reading_slot_once"),
            models.UniqueConstraint(fields=["pair", "reader"], name="reading_reader_once"),
        ]
        indexes = [models.Index(fields=["reader", "decided_at"], name="reading_reader")]
        verbose_name = _("reading")
        verbose_name_plural = _("readings")

    def __str__(self) -> str:
        return f"{self.pair}, slot {self.slot}"
