"""Run by the tests as processes of their own: actions that are logged, many at a time or cut off in the middle.

python -m tests.review.audit_scenarios SCENARIO NAME
"""

from __future__ import annotations

import os
import signal
import sys

import django

NUM_ACTS = 500


def write_many(name: str) -> None:
    """Tell of many acts, each in a transaction of its own."""
    from django.db import transaction

    from gallery.audit_events import Action, log_act

    for number in range(NUM_ACTS):
        with transaction.atomic():
            log_act(None, Action.EDIT, f"{name} {number}", by=name)


def die_before_commit(name: str) -> None:
    """Do an act, tell of it, and be killed before the transaction ends."""
    from django.db import transaction

    from gallery.audit_events import Action, log_act
    from gallery.models import Collection

    with transaction.atomic():
        Collection.objects.create(name=name)
        log_act(None, Action.COLLECTION, name)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    django.setup()
    {"write_many": write_many, "die_before_commit": die_before_commit}[sys.argv[1]](sys.argv[2])
