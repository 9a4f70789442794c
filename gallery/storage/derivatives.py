"""The re-encoded copies that browsers get: WebP without metadata, made by the decoder child."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from django.conf import settings

from gallery.decoding import Decoder
from gallery.storage import temporary
from gallery.storage.paths import DERIVATIVE_SIDES, Derivative, derivative_path, original_path

SIDES: dict[str, int] = {str(kind): side for kind, side in DERIVATIVE_SIDES.items()}
"""Longest side in pixels by kind, as the decoder takes it."""


def write_derivatives(sha256: str, derivatives: Mapping[str, bytes]) -> None:
    """Write the copies of an image, each whole or not at all.

    Raises
    ------
    OSError : none is left behind; the disk may be full
    """
    try:
        for kind, data in derivatives.items():
            _write_whole(derivative_path(sha256, cast(Derivative, kind)), data)
    except OSError:
        remove_derivatives(sha256)
        raise


def remove_derivatives(sha256: str) -> None:
    """Remove the copies of an image, if any."""
    for kind in DERIVATIVE_SIDES:
        derivative_path(sha256, kind).unlink(missing_ok=True)


def restore_derivatives(sha256: str, decoder: Decoder) -> None:
    """Make the copies of a stored image again, for when they were lost; they can always be made from the original.

    Raises
    ------
    Refused : the original cannot be decoded any more
    FileNotFoundError : the original is gone
    """
    write_derivatives(sha256, decoder.inspect(original_path(sha256), SIDES).derivatives)


def _write_whole(path: Path, data: bytes) -> None:
    handle, written = temporary.create(Path(settings.DERIVATIVES_DIR))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
