"""What the decoder's child says is not taken on trust: it has read hostile bytes."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.decoding import Refused
from gallery.decoding.decoder import Decoder, _absence

GOOD: dict[str, Any] = {
    "format": "JPEG",
    "width": 4,
    "height": 3,
    "num_frames": 1,
    "pixels_sha256": "a" * 64,
    "tone": "#102030",
    "kinds": ["thumb"],
}
SIDES = {"thumb": 320}


class Saying(Decoder):
    """A decoder whose child has said something already."""

    answer: tuple[dict[str, Any], list[bytearray]]

    def _ask(self, request: dict[str, Any], max_blob_bytes: int) -> tuple[dict[str, Any], list[bytearray]]:
        return self.answer


@pytest.fixture
def decoder() -> Iterator[Saying]:
    made = Saying()
    yield made
    made.close()


def test_an_answer_that_makes_sense_is_taken(decoder: Saying) -> None:
    decoder.answer = GOOD, [bytearray(b"RIFF")]
    found = decoder.inspect(Path("heron.jpg"), SIDES)
    assert (found.format, found.width, found.height, found.tone) == ("JPEG", 4, 3, "#102030")
    assert found.derivatives == {"thumb": b"RIFF"}


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": []},
        {"kinds": ["thumb", "preview"]},
        {"kinds": ["../thumb"]},
        {"kinds": None},
        {"pixels_sha256": "a" * 63},
        {"pixels_sha256": "A" * 64},
        {"pixels_sha256": "a" * 64 + "\n"},
        {"pixels_sha256": None},
        {"tone": "red"},
        {"tone": '#102030" onload="x'},
        {"width": "wide"},
        {"height": None},
        {"num_frames": []},
    ],
)
def test_an_answer_that_makes_none_is_that_of_a_crashed_child(decoder: Saying, change: dict[str, Any]) -> None:
    decoder.answer = GOOD | change, [bytearray(b"RIFF")]
    with pytest.raises(Refused) as caught:
        decoder.inspect(Path("heron.jpg"), SIDES)
    assert caught.value.reason == "decoder_crashed"


@pytest.mark.parametrize("name", list(GOOD))
def test_an_answer_that_lacks_something_is_that_of_a_crashed_child(decoder: Saying, name: str) -> None:
    decoder.answer = {key: value for key, value in GOOD.items() if key != name}, [bytearray(b"RIFF")]
    with pytest.raises(Refused) as caught:
        decoder.inspect(Path("heron.jpg"), SIDES)
    assert caught.value.reason == "decoder_crashed"


def test_a_long_name_of_a_format_is_cut(decoder: Saying) -> None:
    decoder.answer = GOOD | {"format": "F" * 500}, [bytearray(b"RIFF")]
    assert decoder.inspect(Path("heron.jpg"), SIDES).format == "F" * 8


def test_pixels_have_the_shape_that_is_said(decoder: Saying) -> None:
    decoder.answer = {"width": 2, "height": 1}, [bytearray(range(6))]
    pixels = decoder.pixels(Path("heron.jpg"), 512)
    assert pixels.tolist() == [[[0, 1, 2], [3, 4, 5]]]
    pixels[0, 0, 0] = 9  # its own memory
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize(
    ("head", "blobs"),
    [
        ({"width": 2, "height": 2}, [bytearray(6)]),
        ({"width": "x", "height": 1}, [bytearray(6)]),
        ({"height": 1}, [bytearray(3)]),
        ({"width": 1, "height": 1}, []),
        ({"width": None, "height": 1}, [bytearray(3)]),
    ],
)
def test_pixels_of_another_shape_are_those_of_a_crashed_child(
    decoder: Saying, head: dict[str, Any], blobs: list[bytearray]
) -> None:
    decoder.answer = head, blobs
    with pytest.raises(Refused) as caught:
        decoder.pixels(Path("heron.jpg"), 512)
    assert caught.value.reason == "decoder_crashed"


@pytest.mark.parametrize(
    ("code", "kind", "number"),
    [
        (errno.ENOENT, FileNotFoundError, errno.ENOENT),
        (errno.EACCES, PermissionError, errno.EACCES),
        (10**6, OSError, errno.EIO),
        ("ENOENT", OSError, errno.EIO),
        (None, OSError, errno.EIO),
    ],
)
def test_errors_of_the_system_are_those_that_there_are(code: object, kind: type[OSError], number: int) -> None:
    error = _absence(code, "/heron.jpg")
    assert type(error) is kind
    assert (error.errno, error.filename) == (number, "/heron.jpg")
