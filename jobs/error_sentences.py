"""What the codes say that every kind of background work has."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

errors.register(
    {
        errors.TIMED_OUT: _("This took longer than a worker may take; ask for less at once."),
        errors.WORKER_LOST: _("The worker ended before this was done, also at the last of %(attempts)s attempts."),
    }
)
