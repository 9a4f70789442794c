"""Fixtures of the gallery's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gallery.decoding import Decoder


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    """A decoder with the usual limits, shared by the tests that leave it whole."""
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes bytes to a file: `put(data, name)`."""

    def write(data: bytes, name: str = "file") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
