"""Fixtures for tests of the lab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings

from gallery.models import Image
from search.generations import snapshot
from tests.search.scenes import store_scenes


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def labelled(db: Any, rng: np.random.Generator) -> list[Image]:
    return store_scenes(rng)
