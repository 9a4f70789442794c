"""Writing the audit log: each logged action becomes the next row of the hash chain, in the action's transaction."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from django.db import transaction
from django.utils import timezone

from gallery.audit_events import Action
from gallery.models import HASH_LENGTH
from jobs.turns import take_turn
from review.audit.hashing import FIRST, row_hash, settled
from review.exceptions import AnchorError
from review.models import AuditRow

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_SUBJECT = 300
TURN = "the audit's chain"
LOG_EVERY = 100
"""Of so many rows one tells the log where the chain ends: the log may lie where the database cannot be forged."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The end of the chain. Written down elsewhere, it vouches for every row up to it."""

    number: int = 0
    hash: str = FIRST

    def __str__(self) -> str:
        return f"{self.hash}:{self.number}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the end that was written down as HASH:NUMBER.

        Raises
        ------
        AnchorError : that is no anchor
        """
        digest, _colon, number = text.strip().lower().partition(":")
        if len(digest) != HASH_LENGTH or set(digest) - set("0123456789abcdef") or not number.isdecimal():
            raise AnchorError("not_an_anchor", got=text[:100])
        return cls(int(number), digest)


def chain_end() -> ChainEnd:
    """Return the end of the chain as it is now. One database query."""
    newest = AuditRow.objects.order_by("-number").values_list("number", "hash").first()
    return ChainEnd(*newest) if newest else ChainEnd()


def append(
    user: User | AnonymousUser | None, action: Action, subject: str, details: dict[str, Any], **signal: Any
) -> None:
    """Add an act to the chain; the receiver of `gallery.signals.acted`."""
    known = user if user is not None and user.is_authenticated else None
    subject = settled(subject)
    # Before the end is read, in a statement of its own: what was committed while we waited must be seen. Without turns
    # the unique number would refuse the later one of two rows that claim the same place.
    take_turn(TURN)
    last = chain_end()
    fields: dict[str, Any] = {
        # No sequence: those skip a number at a rollback, which would look like a row taken out.
        "number": last.number + 1,
        "happened_at": timezone.now(),
        "actor_id": known.pk if known else None,
        "actor_name": known.get_username() if known else "",
        "action": Action(action).value,
        "subject": subject if len(subject) <= MAX_SUBJECT else subject[: MAX_SUBJECT - 1] + "…",
        "details": settled(details),
        "previous_hash": last.hash,
    }
    row = AuditRow(**fields, hash=row_hash(**fields))
    row.save(force_insert=True)
    if row.number % LOG_EVERY == 0:
        # Not before: the log must not vouch for a row that is rolled back.
        transaction.on_commit(partial(logger.info, "the audit ends with %s", ChainEnd(row.number, row.hash)))
