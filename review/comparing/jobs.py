"""The job that compares a pair: an id in, nothing out. It may be lost, come twice or run beside its twin."""

from __future__ import annotations

import logging
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from rq.timeouts import JobTimeoutException

from gallery.decoding import Refused
from jobs import transport
from review.comparing import rows
from review.comparing.closely import look_closely
from review.models import Comparison

logger = logging.getLogger(__name__)


def wanted(first_sha256: str, second_sha256: str) -> Comparison:
    """Return the comparison of a pair; the interactive worker is asked for it if nobody was yet."""
    row, is_due = rows.want(first_sha256, second_sha256)
    if is_due:
        enqueue(row.pk)
    return row


def enqueue(pk: int) -> bool:
    """Ask the interactive worker to compare a pair; False when Redis is down."""
    send = partial(transport.send, settings.QUEUE_INTERACTIVE, f"{__name__}.compare", pk)
    if connection.in_atomic_block:
        transaction.on_commit(send)
        return True
    return send()


def compare(pk: int) -> None:
    """Compare a pair and keep what is found."""
    row = rows.take(pk)
    if row is None:
        return
    try:
        rows.keep(row, look_closely(row.first_sha256, row.second_sha256))
    except JobTimeoutException:
        raise
    except Refused as refusal:
        rows.fail(row, refusal.reason)
    except OSError as error:
        logger.warning("comparison %d is put off: %s", pk, error)
        rows.put_off(row)
    except Exception as error:
        logger.exception("comparison %d failed", pk)
        rows.fail(row, f"{type(error).__name__}: {error}")


def resume_comparisons() -> int:
    """Ask again for what was lost with its job or its worker; give up and forget what is due for it."""
    num_repaired = rows.give_up_lost() + rows.forget_oldest()
    if not transport.num_queued(settings.QUEUE_INTERACTIVE):
        for pk in rows.waiting_late():
            enqueue(pk)
    return num_repaired
