"""Fixtures for tests of the similarity app."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from PIL import Image as Picture

from gallery.intake.store import store_image
from gallery.models import Image
from search.features import registry
from search.methods import METHODS
from search.methods.base import Method
from tests.search.plug_ins import plug_in


@pytest.fixture
def plug_in_methods(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Replace the registered methods for one test: `plug_in_methods(Gray, Picky)`."""
    kept = dict(METHODS)

    def replace(*kinds: type[Method]) -> None:
        plug_in(METHODS, *kinds)
        registry.methods.cache_clear()

    yield replace
    METHODS.clear()
    METHODS.update(kept)
    registry.methods.cache_clear()


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Leave the deep method without weights: those of the network that is set were never fetched."""
    options = {"backbone": "resnet50", "weights_dir": tmp_path}
    monkeypatch.setitem(settings.SEARCH_METHOD_OPTIONS, "deep", options)
    registry.methods.cache_clear()
    yield
    registry.methods.cache_clear()


@pytest.fixture
def few_methods(without_network: None) -> Iterator[None]:
    """Register four methods only, one of them unavailable: for tests that count what a library has of each."""
    kept = dict(METHODS)
    for name in kept.keys() - {"color", "ssim", "texture", "deep"}:
        del METHODS[name]
    registry.methods.cache_clear()
    yield
    METHODS.clear()
    METHODS.update(kept)
    registry.methods.cache_clear()


@pytest.fixture
def stored_image(db: Any) -> Callable[..., Image]:
    """Store an image of one color, or of noise, through the one way in: `stored_image(seed=3)`."""

    def store(color: tuple[int, int, int] | None = None, *, seed: int = 0, size: int = 40, **options: Any) -> Image:
        pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
        if color is not None:
            pixels[:] = color
        file = io.BytesIO()
        Picture.fromarray(pixels).save(file, "PNG")
        file.seek(0)
        outcome = store_image(file, name=f"{seed}.png", **options)
        assert outcome.image is not None, outcome
        return outcome.image

    return store
