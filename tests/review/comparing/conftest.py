"""Two stored photographs of one scene."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from PIL import Image as Picture

from gallery.intake.store import store_image
from gallery.models import Image
from search.generations import snapshot
from search.types import RGBImage
from tests.search.conftest import few_methods, without_network  # noqa: F401 (fixtures)
from tests.search.methods.keypoints.conftest import make_scene


def store(pixels: RGBImage, name: str) -> Image:
    """Store a picture through the one way in."""
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, "PNG")
    file.seek(0)
    outcome = store_image(file, name=name)
    assert outcome.image is not None, outcome
    return outcome.image


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.COMPARISONS_DIR = tmp_path / "comparisons"
    snapshot.forget()


@pytest.fixture
def pair(db: Any) -> tuple[Image, Image]:
    """A scene, and the lower left part of it, lightened."""
    whole = make_scene(7)
    part = np.clip(whole[60:, :240].astype(int) + 12, 0, 255).astype(np.uint8)
    return store(whole, "whole.png"), store(part, "part.png")


@pytest.fixture
def other(db: Any) -> Image:
    """A scene of its own."""
    return store(make_scene(8), "other.png")
