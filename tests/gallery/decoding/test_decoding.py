"""The decoder: what it says of files, and what it refuses."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gallery.decoding import Decoder, Limits, Refused
from tests.gallery import bombs
from tests.gallery.decoding.refusals import SIDES, refusal
from tests.gallery.encoding import encode, mean_difference

FORMATS = ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF"]
LOSSLESS = {"PNG": {}, "TIFF": {"compression": "tiff_lzw"}, "WEBP": {"lossless": True}, "BMP": {}}
Put = Callable[..., Path]
Picture = NDArray[np.uint8]


@pytest.mark.parametrize("name", FORMATS)
def test_it_works(decoder: Decoder, put: Put, picture: Picture, name: str) -> None:
    path = put(encode(picture, name))
    found = decoder.inspect(path, SIDES)
    assert (found.format, found.width, found.height, found.num_frames) == (name, 160, 120, 1)
    assert set(found.derivatives) == set(SIDES)
    pixels = decoder.pixels(path, 512)
    assert pixels.shape == (120, 160, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable


@pytest.mark.parametrize("name", LOSSLESS)
def test_pixels_are_exact(decoder: Decoder, put: Put, picture: Picture, name: str) -> None:
    path = put(encode(picture, name, **LOSSLESS[name]))
    np.testing.assert_array_equal(decoder.pixels(path, 512), picture)


def test_the_same_pixels_have_the_same_hash(decoder: Decoder, put: Put, picture: Picture) -> None:
    files = [put(encode(picture, name, **options), name) for name, options in LOSSLESS.items()]
    assert len({decoder.inspect(file, SIDES).pixels_sha256 for file in files}) == 1
    other = picture.copy()
    other[0, 0, 0] ^= 1
    assert decoder.inspect(put(encode(other, "PNG")), SIDES).pixels_sha256 not in {
        decoder.inspect(file, SIDES).pixels_sha256 for file in files
    }


def test_the_hash_knows_the_shape(decoder: Decoder, put: Put) -> None:
    wide, tall = np.zeros((2, 8, 3), np.uint8), np.zeros((8, 2, 3), np.uint8)
    hashes = {decoder.inspect(put(encode(one, "PNG")), SIDES).pixels_sha256 for one in (wide, tall)}
    assert len(hashes) == 2


def test_derivatives_are_small_webp_without_metadata(decoder: Decoder, put: Put, picture: Picture) -> None:
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = "SENTINEL"
    data = encode(picture, "JPEG", exif=exif, comment=b"SENTINEL", xmp=b"<x>SENTINEL</x>", icc_profile=b"SENTINEL")
    derivatives = decoder.inspect(put(data), SIDES).derivatives
    for kind, side in SIDES.items():
        with Image.open(put(derivatives[kind], kind)) as copy:
            assert copy.format == "WEBP"
            assert max(copy.size) == side
            assert not copy.getexif()
            assert "icc_profile" not in copy.info
            assert "xmp" not in copy.info
        assert b"SENTINEL" not in derivatives[kind]


def test_small_images_are_not_enlarged(decoder: Decoder, put: Put) -> None:
    found = decoder.inspect(put(encode(np.full((3, 5, 3), 200, np.uint8), "PNG")), SIDES)
    assert found.derivatives["thumb"] == found.derivatives["display"]
    with Image.open(put(found.derivatives["thumb"])) as thumb:
        assert thumb.size == (5, 3)
    assert found.tone == "#c8c8c8"


@pytest.mark.parametrize("shape", [(1, 3000, 3), (3000, 1, 3), (1, 1, 3)])
def test_extreme_shapes_keep_a_pixel(decoder: Decoder, put: Put, shape: tuple[int, int, int]) -> None:
    pixels = decoder.pixels(put(encode(np.full(shape, 9, np.uint8), "PNG")), 100)
    assert min(pixels.shape) >= 1
    assert max(pixels.shape) <= 100
    assert (pixels == 9).all()


def scaled(image: Image.Image) -> Picture:
    """Return the image at the size of `picture` in one careful step."""
    return np.asarray(image.resize((160, 120), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_large_images_are_scaled_down_well(decoder: Decoder, put: Put, picture: Picture, name: str) -> None:
    large = Image.fromarray(picture).resize((1600, 1200), Image.Resampling.BICUBIC)
    pixels = decoder.pixels(put(encode(large, name)), 160)
    assert mean_difference(pixels, scaled(large)) < 3


def test_strips_give_the_same_as_the_whole(decoder: Decoder, put: Put, picture: Picture) -> None:
    """More than 8 million pixels are worked on in strips; turned sideways these are columns."""
    large = Image.fromarray(picture).resize((4000, 3000), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    upright, turned = put(encode(large, "BMP"), "u"), put(encode(large.rotate(90, expand=True), "TIFF", exif=exif), "t")
    assert decoder.inspect(upright, SIDES).pixels_sha256 == decoder.inspect(turned, SIDES).pixels_sha256
    assert mean_difference(decoder.pixels(turned, 160), scaled(large)) < 3


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
def test_cut_files_are_truncated(decoder: Decoder, put: Put, picture: Picture, name: str, share: float) -> None:
    data = encode(picture, name)
    assert refusal(decoder, put(data[: int(len(data) * share)])) == "truncated"


def test_an_empty_file_is_truncated(decoder: Decoder, put: Put) -> None:
    assert refusal(decoder, put(b"")) == "truncated"


def test_a_damaged_file_is_corrupt(decoder: Decoder, put: Put, picture: Picture) -> None:
    data = bytearray(encode(picture, "PNG"))
    data[60:90] = bytes(30)
    assert refusal(decoder, put(bytes(data))) == "corrupt"


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"%PDF-1.7\n",
        b"8BPS\0\1",
        b"SIMPLE  =                    T",
        b"BMW is a maker of cars",
        b"PK\3\4",
    ],
)
def test_other_types_are_not_opened(decoder: Decoder, put: Put, data: bytes) -> None:
    assert refusal(decoder, put(data)) == "type_not_allowed"


def test_other_plugins_of_pillow_are_not_opened(decoder: Decoder, put: Put, picture: Picture) -> None:
    for name in ("PPM", "TGA", "ICO", "PCX", "SGI", "DDS", "JPEG2000"):
        assert refusal(decoder, put(encode(picture, name))) == "type_not_allowed"


def test_a_name_that_lies_is_a_mismatch(decoder: Decoder, put: Put, picture: Picture) -> None:
    path = put(encode(picture, "PNG"))
    for name in ("a.jpg", "a.JPEG", "a.tif", "a.webp", "a.gif", "a.bmp", "a.avif", "a.heic", "a.svg", "a.pdf"):
        assert refusal(decoder, path, name) == "type_mismatch"
    for name in ("a.png", "A.PNG", "a.apng", "a", "", "a.2024", "photo.of.me"):
        assert decoder.inspect(path, SIDES, name=name).format == "PNG"


def test_limits_are_kept(own: Callable[[Limits], Decoder], put: Put, picture: Picture) -> None:
    path = put(encode(picture, "PNG"))
    assert own(Limits(max_pixels=160 * 120)).inspect(path, SIDES).width == 160
    assert refusal(own(Limits(max_pixels=160 * 120 - 1)), path) == "too_many_pixels"
    frames = put(bombs.many_frames("GIF", 4))
    assert own(Limits(max_frames=4)).inspect(frames, SIDES).num_frames == 4
    assert refusal(own(Limits(max_frames=3)), frames) == "too_many_frames"


@pytest.mark.skipif(sys.platform != "linux", reason="a file that fails to be read comes from the kernel")
def test_a_file_that_cannot_be_read_is_not_refused(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "bad.png").symlink_to("/proc/self/mem")  # its first byte is an error of input
    with pytest.raises(OSError, match="bad") as caught:
        decoder.pixels(tmp_path / "bad.png", 8)
    assert caught.value.errno == errno.EIO


def test_a_file_below_what_is_no_folder_is_not_refused(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "disk").write_text("not mounted")
    with pytest.raises(NotADirectoryError):
        decoder.inspect(tmp_path / "disk" / "a.png", {"thumb": 8})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_forbidden_file_is_not_refused(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bombs.flat_png(9))
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(PermissionError):
        decoder.pixels(tmp_path / "a.png", 8)


def test_a_missing_file_is_not_refused(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        decoder.inspect(tmp_path / "nowhere", SIDES)


def test_refusals_do_not_tell_where_files_lie(decoder: Decoder, put: Put, picture: Picture) -> None:
    path = put(encode(picture, "PNG")[:40])
    with pytest.raises(Refused) as caught:
        decoder.inspect(path, SIDES)
    assert str(path.parent) not in str(caught.value)
