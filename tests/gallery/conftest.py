"""Fixtures of the gallery's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from numpy.typing import NDArray

from gallery.decoding import Decoder, Limits
from gallery.signals import images_removed, images_restored, images_stored
from tests.gallery.encoding import encode


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    """A decoder with the usual limits, shared by the tests that leave it whole."""
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture
def own() -> Iterator[Callable[[Limits], Decoder]]:
    """Decoders with limits of their own, closed at the end."""
    made: list[Decoder] = []

    def make(limits: Limits) -> Decoder:
        made.append(Decoder(limits))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes bytes to a file: `put(data, name)`."""

    def write(data: bytes, name: str = "file") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def folders(settings: LazySettings, tmp_path: Path) -> Callable[[], list[str]]:
    """Keep the gallery's files in folders of the test's own; return what lists them."""
    settings.ORIGINALS_DIR = tmp_path / "originals"
    settings.DERIVATIVES_DIR = tmp_path / "derivatives"

    def names() -> list[str]:
        places = (settings.ORIGINALS_DIR, settings.DERIVATIVES_DIR)
        return sorted(
            path.name for place in places for path in place.rglob("*") if path.is_file() and path.name != ".lock"
        )

    return names


@pytest.fixture
def png(picture: NDArray[np.uint8]) -> Callable[[int], bytes]:
    """Return what makes PNG files that differ by their number."""
    return lambda number: encode(np.roll(picture, number, axis=1), "PNG")


@pytest.fixture
def heard() -> Iterator[list[tuple[str, list[int]]]]:
    """What the gallery's signals said during the test."""
    words: list[tuple[str, list[int]]] = []
    signals = {"stored": images_stored, "removed": images_removed, "restored": images_restored}

    def listen(word: str) -> Callable[..., None]:
        return lambda image_ids, **_rest: words.append((word, list(image_ids)))

    listeners = {word: listen(word) for word in signals}
    for word, signal in signals.items():
        signal.connect(listeners[word])
    yield words
    for word, signal in signals.items():
        signal.disconnect(listeners[word])
