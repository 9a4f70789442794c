"""Files made to exhaust the decoder: refused by name, in bounded time and memory, and the next file is fine."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.decoding import Decoder, Limits, Refused
from gallery.reasons import REASONS
from tests.gallery import bombs
from tests.gallery.encoding import encode

SIDES = {"thumb": 64}


def refusal(decoder: Decoder, path: Path) -> str:
    with pytest.raises(Refused) as caught:
        decoder.inspect(path, SIDES)
    return caught.value.reason


def peak_bytes(decoder: Decoder) -> int:
    """Return the most memory the decoder's child ever held."""
    assert decoder.child_pid
    status = Path(f"/proc/{decoder.child_pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (bombs.huge_gif, "too_many_pixels"),
        (lambda: bombs.flat_png(30_000), "too_many_pixels"),
        (bombs.ztxt_png, "decoder_memory"),
        (lambda: bombs.many_frames("GIF", 1000), "too_many_frames"),
        (lambda: bombs.many_frames("PNG", 1000), "too_many_frames"),
        (lambda: bombs.many_frames("WEBP", 1000), "too_many_frames"),
        (bombs.cyclic_tiff, "corrupt"),
        (lambda: bombs.paged_tiff(500), "too_many_frames"),
        (bombs.far_strip_tiff, "truncated"),
    ],
    ids=["gif", "flat-png", "ztxt", "gif-frames", "apng-frames", "webp-frames", "cyclic", "pages", "strips"],
)
def test_bombs_are_refused(decoder: Decoder, put: Callable[..., Path], make: Callable[[], bytes], reason: str) -> None:
    assert refusal(decoder, put(make())) == reason


def test_the_next_file_is_fine(decoder: Decoder, put: Callable[..., Path], picture: NDArray[np.uint8]) -> None:
    refusal(decoder, put(bombs.huge_gif()))
    assert decoder.inspect(put(encode(picture, "PNG")), SIDES).width == 160


def test_lack_of_memory_is_named_and_passes(put: Callable[..., Path], picture: NDArray[np.uint8]) -> None:
    decoder = Decoder(Limits(memory_bytes=2**27))
    try:
        assert refusal(decoder, put(bombs.flat_png(6000, color_type=6, bits=8))) == "decoder_memory"
        assert decoder.inspect(put(encode(picture, "PNG")), SIDES).width == 160
    finally:
        decoder.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory of another process is read from /proc")
def test_the_largest_image_allowed_stays_within_the_memory(put: Callable[..., Path]) -> None:
    decoder = Decoder()
    try:
        assert decoder.inspect(put(bombs.flat_png(11_300, color_type=6, bits=8)), SIDES).width == 11_300
        assert peak_bytes(decoder) < 2**30
    finally:
        decoder.close()


def test_a_mutated_file_never_gets_past_the_child(
    decoder: Decoder, put: Callable[..., Path], picture: NDArray[np.uint8], rng: np.random.Generator
) -> None:
    """Flipped bytes end in a picture or a reason."""
    reasons = set()
    for name in ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF"):
        whole = np.frombuffer(encode(picture, name), np.uint8)
        for _trial in range(20):
            damaged = whole.copy()
            places = rng.integers(0, len(damaged), 8)
            damaged[places] = rng.integers(0, 256, 8)
            try:
                decoder.inspect(put(damaged.tobytes()), SIDES)
            except Refused as refused:
                reasons.add(refused.reason)
    assert {"corrupt"} <= reasons <= {code for code, _sentence in REASONS}
