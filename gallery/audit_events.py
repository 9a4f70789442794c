"""What people do, logged in the transaction of the action, for whoever keeps a record of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from gallery.signals import acted

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class Action(models.TextChoices):
    """What people do that is worth a record."""

    UPLOAD = "upload", _("upload")
    EDIT = "edit", _("edit")
    HIDE = "hide", _("hide")
    SHOW = "show", _("show again")
    TRASH = "trash", _("move to the trash")
    RESTORE = "restore", _("restore from the trash")
    DELETE = "delete", _("delete for good")
    MERGE = "merge", _("merge")
    COLLECTION = "collection", _("change a collection")
    MEMBERSHIP = "membership", _("change a membership")
    ROLE = "role", _("change a role")
    ACCOUNT = "account", _("change an account")
    VERDICT = "verdict", _("verdict")
    QUEUE = "queue", _("change a review queue")
    DUPLICATES = "duplicates", _("decide about duplicates")
    EXPORT = "export", _("export")
    SETTINGS = "settings", _("change a setting")


@dataclass(frozen=True, slots=True)
class Many:
    """How many things of which kind an act is done to; words for it are found when somebody reads the record.

    The kind is "images", "groups" or "verdicts", or the label of a model.
    """

    kind: str
    num: int


_deferred: ContextVar[list[Callable[[], object]] | None] = ContextVar("acts to be logged at the end", default=None)


@contextmanager
def logged_at_end() -> Iterator[None]:
    """Open a transaction whose acts are logged at its end, in the order in which they were done.

    Inside another such block it is a savepoint: its acts are logged at the end of the outer block, or forgotten
    together with what they did.
    """
    # The log is one queue for everybody: who has a place in it keeps all others waiting until the commit, so a
    # transaction that joins it and only then locks a row deadlocks with one that has the row and wants to join.
    outer, acts = _deferred.get(), list[Callable[[], object]]()
    with transaction.atomic():
        token = _deferred.set(acts)
        try:
            yield
        finally:
            _deferred.reset(token)
        if outer is None:
            for act in acts:
                act()
        else:
            outer.extend(acts)


def log_act(user: User | AnonymousUser | None, action: Action, subject: str | Many = "", **details: Any) -> None:
    """Tell of an act in the transaction that does it.

    Everything that the act locks or writes comes before, or the whole act lies in a `logged_at_end` block.

    Parameters
    ----------
    user : who does it; None or anonymous: nobody with an account
    action : what is done
    subject : what it is done to, short and stable: a SHA-256 sum, two of them, a name; of many their number and kind,
        which become the detail `subject`
    details : more, of what JSON can hold

    Raises
    ------
    RuntimeError : there is no transaction, so the act could be kept without its record
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"The act “{action}” must be logged in the transaction that does it; there is none.")
    named = subject
    if isinstance(subject, Many):
        named, details = "", {**details, "subject": asdict(subject)}
    send = partial(acted.send, sender=Action, user=user, action=action, subject=named, details=details)
    acts = _deferred.get()
    if acts is None:
        send()
    else:
        acts.append(send)


def subject_of(hashes: Sequence[str]) -> str | Many:
    """Return what the record of an act on images names as its subject: the sum of one, or how many there were."""
    return hashes[0] if len(hashes) == 1 else Many("images", len(hashes))
