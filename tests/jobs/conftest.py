"""Fixtures for the protocol of background work."""

from __future__ import annotations

from typing import Any

import pytest

from tests.jobs.errands import make_table


@pytest.fixture(scope="session", autouse=True)
def _errands(django_db_setup: None, django_db_blocker: Any) -> None:
    """Make the table of the tests' own kind of work."""
    with django_db_blocker.unblock():
        make_table()
