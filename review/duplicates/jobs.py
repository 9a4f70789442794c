"""Thin jobs of duplicates, ids in and nothing out, the functions that queue them, and what the reconciler does."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import connection, transaction

from jobs import transport
from review.duplicates import scan, schedule
from review.duplicates.decide import bulk


def enqueue_scan(scan_id: int) -> bool:
    """Ask the maintenance worker to scan for duplicates; False when Redis is down."""
    return _send(find_duplicates, scan_id)


def enqueue_bulk(bulk_id: int) -> bool:
    """Ask the maintenance worker to decide about many groups; False when Redis is down."""
    return _send(decide_about_many, bulk_id)


def _send(job: object, number: int) -> bool:
    """Queue a job once the transaction at hand is committed, so that a worker finds what it is about."""
    send = partial(transport.send, settings.QUEUE_MAINTENANCE, f"{__name__}.{getattr(job, '__name__', job)}", number)
    if connection.in_atomic_block:
        transaction.on_commit(send)
        return True
    return send()


def find_duplicates(scan_id: int) -> None:
    """Make the scan that a row asks for."""
    scan.run(scan_id)


def decide_about_many(bulk_id: int) -> None:
    """Decide about the groups that a row names."""
    bulk.run(bulk_id)


def renew_duplicates() -> int:
    """Ask for a scan when something has changed, and take up scans whose job or worker was lost."""
    num_lost = schedule.give_up_lost()
    if transport.num_queued(settings.QUEUE_MAINTENANCE):
        return num_lost
    for scan_id in schedule.waiting_late():
        enqueue_scan(scan_id)
    if schedule.due():
        enqueue_scan(schedule.ask().pk)
    return num_lost


def resume_decisions() -> int:
    """Queue decisions about many groups again whose job or worker was lost."""
    waiting = bulk.waiting_late()
    if not transport.num_queued(settings.QUEUE_MAINTENANCE):
        for bulk_id in waiting:
            enqueue_bulk(bulk_id)
    return 0
