"""One row of each kind of background work, waiting: all that a kind supplies to be tested by `test_contract.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

WAITING: dict[str, Callable[[], Any]] = {}
"""By the name of the kind; each makes a new row."""
