"""The audit under hard conditions, with real processes on the tests' own database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from gallery.models import Collection
from review.audit.verify import check
from review.models import AuditRow
from tests.review.audit_scenarios import NUM_ACTS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def start(scenario: str, name: str) -> subprocess.Popen[bytes]:
    """Start a process that works on the database of this test."""
    about = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{about['NAME']}?transaction_mode=IMMEDIATE&timeout=20"
    else:
        place = f"{about['HOST']}:{about['PORT'] or 5432}"
        url = f"postgres://{about['USER']}:{about['PASSWORD']}@{place}/{about['NAME']}"
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "tests.review.audit_scenarios", scenario, name]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)


def rows() -> list[dict[str, Any]]:
    return list(AuditRow.objects.order_by("number").values())


def test_two_processes_keep_one_chain() -> None:
    processes = [start("write_many", name) for name in ("one", "other")]
    assert [process.wait(300) for process in processes] == [0, 0]
    found = rows()
    assert [row["number"] for row in found] == list(range(1, 2 * NUM_ACTS + 1))
    assert check(found).intact
    by = [row["details"]["by"] for row in found]
    assert by.count("one") == by.count("other") == NUM_ACTS


def test_a_kill_before_the_commit_leaves_neither_act_nor_row() -> None:
    assert start("die_before_commit", "Herons").wait(300) == -signal.SIGKILL
    assert not Collection.objects.exists()
    assert rows() == []
