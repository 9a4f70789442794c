"""The type of a file by its first bytes, whether it ends too early, and how the decoder and its child talk."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gallery.decoding.child.completeness import ends_early
from gallery.decoding.child.formats import HEAD_BYTES, sniff
from gallery.decoding.wire import LENGTH, pack_head, unpack_head

HEIF = "HEIF" if find_spec("pi_heif") else ""
"""A type only where the library for it is installed."""


def media(*brands: bytes, length: int | None = None) -> bytes:
    """The first box of an ISO media file: its length, its type, the major brand, a version, all brands."""
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I", 4 + len(body) if length is None else length) + body


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\xff\xd8", ""),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\x89PNG\n\x1a\n", ""),  # line ends that a transfer changed
        (b"GIF87a", "GIF"),
        (b"GIF89a", "GIF"),
        (b"GIF88a", ""),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"II+\0", "TIFF"),  # BigTIFF
        (b"MM\0+", "TIFF"),
        (b"RIFF\x10\0\0\0WEBP", "WEBP"),
        (b"RIFF\x10\0\0\0WAVE", ""),
        (b"BM" + bytes(12) + struct.pack("<I", 40), "BMP"),
        (b"BMW and other makers of cars", ""),
        (media(b"avif"), "AVIF"),
        (media(b"mif1", b"avif"), "AVIF"),
        (media(b"heic", b"mif1", b"avis"), "AVIF"),  # brands of HEIF stand in AVIF files, too
        (media(b"heic"), HEIF),
        (media(b"isom", b"msf1"), HEIF),
        (media(b"isom", b"mp42"), ""),
        (media(b"isom", b"mp41", b"avif", length=20), ""),  # a brand behind the end of the box is none
        (b"%PDF-1.7", ""),
        (b"<svg xmlns=", ""),
        (b"", ""),
    ],
)
def test_types_by_their_first_bytes(head: bytes, name: str) -> None:
    assert sniff(head) == name


@given(st.binary(max_size=HEAD_BYTES))
def test_whatever_comes_is_a_type_or_none(head: bytes) -> None:
    assert sniff(head) in ("", "JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "AVIF", "HEIF")


def saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((40, 30), 50).convert("RGB").save(file, kind, **options)
    return file.getvalue()


class TestCompleteness:
    @pytest.mark.parametrize("kind", ["WEBP", "AVIF", "GIF", "TIFF"])
    def test_whole_files_end_where_they_say(self, kind: str) -> None:
        assert not ends_early(io.BytesIO(saved(kind)))

    @pytest.mark.parametrize("kind", ["WEBP", "AVIF", "GIF", "TIFF"])
    @pytest.mark.parametrize("share", [0.5, 0.9])
    def test_files_that_were_cut_end_early(self, kind: str, share: float) -> None:
        data = saved(kind)
        assert ends_early(io.BytesIO(data[: int(share * len(data))]))

    @pytest.mark.parametrize("order", ["<", ">"])
    def test_a_tiff_ends_with_the_last_of_its_strips(self, order: str) -> None:
        """A directory at 8 with two strips of 10 bytes, at 100 and at 120."""
        mark = b"II*\0" if order == "<" else b"MM\0*"
        strips = struct.pack(order + "2I", 100, 120)
        entries = struct.pack(order + "HHII", 273, 4, 2, 40) + struct.pack(order + "HHI2H", 279, 3, 2, 10, 10)
        data = mark + struct.pack(order + "IH", 8, 2) + entries
        data = data.ljust(40, b"\0") + strips
        assert not ends_early(io.BytesIO(data.ljust(130, b"\0")))
        assert ends_early(io.BytesIO(data.ljust(129, b"\0")))

    def test_a_tiff_without_its_directory_ends_early(self) -> None:
        assert ends_early(io.BytesIO(b"II*\0" + struct.pack("<I", 5000) + bytes(100)))

    def test_a_big_tiff_is_left_to_the_library(self) -> None:
        assert not ends_early(io.BytesIO(b"II+\0" + bytes(20)))

    def test_boxes_of_64_bits_and_boxes_to_the_end(self) -> None:
        first = media(b"avif")
        long = struct.pack(">I4sQ", 1, b"mdat", 16 + 10)
        assert not ends_early(io.BytesIO(first + long + bytes(10)))
        assert ends_early(io.BytesIO(first + long + bytes(9)))
        assert not ends_early(io.BytesIO(first + struct.pack(">I4s", 0, b"mdat") + bytes(3)))

    def test_boxes_without_end_are_not_followed_for_ever(self) -> None:
        assert not ends_early(io.BytesIO(media(b"avif") + struct.pack(">I4s", 8, b"free") * 1000))

    @pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"GIF89a", b"RIFF\0\0\0\0WEBP", media(b"avif")])
    @given(rest=st.binary(max_size=80))
    def test_headers_that_make_no_sense_say_nothing_and_raise_nothing(self, head: bytes, rest: bytes) -> None:
        assert ends_early(io.BytesIO(head + rest)) in (True, False)

    @pytest.mark.parametrize("make", [lambda: b"", lambda: b"x", lambda: saved("PNG")[:50]])
    def test_of_other_files_nothing_is_said(self, make: Callable[[], bytes]) -> None:
        assert not ends_early(io.BytesIO(make()))


HEADS = st.dictionaries(
    st.text(max_size=8), st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)), max_size=5
)


@given(HEADS)
def test_heads_come_through_as_they_were_sent(head: dict[str, object]) -> None:
    packed = pack_head(head)
    (length,) = LENGTH.unpack(packed[: LENGTH.size])
    assert length == len(packed) - LENGTH.size
    assert unpack_head(packed[LENGTH.size :]) == head


@pytest.mark.parametrize("text", [b"[]", b"3", b"null", b"{", b"", b"\xff"])
def test_what_is_no_head_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack_head(text)
