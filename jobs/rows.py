"""Rows that a worker works on. The database is the truth, the queue is a hint.

A row goes waiting -> running (held for a while, by one worker) -> ready, or failed with a code. Somebody may stop it,
and have what failed or was stopped tried again.
"""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from jobs import error_sentences  # noqa: F401 (importing makes them known)
from jobs.errors import CodedError, sentence
from jobs.turns import take_turn


class JobState(models.TextChoices):
    """Where a piece of background work stands."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    STOPPED = "stopped", _("stopped")


ACTIVE = (JobState.WAITING, JobState.RUNNING)
ENDED = (JobState.FAILED, JobState.STOPPED)
"""From these a row is tried again if somebody asks for it."""


class LeasedRow(models.Model):
    """What every row has that a worker works on; for rows that exist in millions it is all they have."""

    state = models.CharField(_("state"), max_length=8, choices=JobState, default=JobState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease = models.UUIDField(null=True, editable=False)  # of whoever holds it; see jobs.leases
    leased_until = models.DateTimeField(null=True, editable=False)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
    error_params = models.JSONField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def error(self) -> CodedError | None:
        """Why it failed or rests; None when it did not."""
        return CodedError(self.error_code, **(self.error_params or {})) if self.error_code else None

    @property
    def error_sentence(self) -> str:
        """Why it failed or rests, in the reader's language; empty when it did not."""
        return sentence(self.error_code, self.error_params)


class JobRow(LeasedRow):
    """A piece of work that somebody asked for and waits for."""

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("asked for by"), related_name="+"
    )
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)  # at the last attempt
    heartbeat_at = models.DateTimeField(auto_now=True)  # when anything was last heard of it
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    phase = models.CharField(_("phase"), max_length=32, blank=True, editable=False)  # a code; each kind has its own
    num_done = models.PositiveIntegerField(default=0, editable=False)
    num_total = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def active_or_new(cls, **values: Any) -> Self:
        """Return the row that waits or runs, or make one; whoever asks at the same moment gets the same."""
        with transaction.atomic():
            take_turn(cls._meta.label)
            active = cls._default_manager.filter(state__in=ACTIVE).order_by("created_at").first()
            return active or cls._default_manager.create(**values)

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def has_ended(self) -> bool:
        """Whether it failed or was stopped, and can be tried again."""
        return self.state in ENDED
