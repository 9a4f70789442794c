"""Fixtures of the tests of generations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from search.generations import snapshot


@pytest.fixture
def own_generations(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """A folder for generations, empty at first, and no snapshot of another."""
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()
