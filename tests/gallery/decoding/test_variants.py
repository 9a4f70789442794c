"""Valid files of uncommon kinds show as their plain twin does."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFilter

from gallery.decoding import Decoder
from tests.gallery.bombs import png_chunk
from tests.gallery.encoding import encode, mean_difference

Put = Callable[..., Path]
Picture = NDArray[np.uint8]

NEAR = 3.0  # of 255
TURNED = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}
"""What undoes each EXIF orientation, so that the stored file shows upright."""


def gray(picture: Picture) -> Picture:
    """Return the picture in gray, three channels."""
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


@pytest.fixture
def smooth(picture: Picture) -> Picture:
    """The picture without its noise, which lossy formats would change."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(3)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_exif_orientation(decoder: Decoder, put: Put, smooth: Picture, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}
    image = TURNED[orientation](Image.fromarray(smooth))
    path = put(encode(image, name, exif=exif, **options.get(name, {})))
    found = decoder.inspect(path, {"display": 160})
    assert (found.width, found.height) == (160, 120)
    assert mean_difference(decoder.pixels(path, 160), smooth) < NEAR
    with Image.open(put(found.derivatives["display"])) as display:
        assert mean_difference(np.asarray(display), smooth) < NEAR


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientations_that_make_no_sense_are_ignored(decoder: Decoder, put: Put, picture: Picture, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert decoder.pixels(put(encode(picture, "PNG", exif=exif)), 160).shape == (120, 160, 3)


def test_damaged_exif_does_not_cost_the_picture(decoder: Decoder, put: Put, picture: Picture) -> None:
    path = put(encode(picture, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    assert decoder.inspect(path, {"thumb": 64}).width == 160


def test_cmyk(decoder: Decoder, put: Put, picture: Picture) -> None:
    image = Image.fromarray(picture).convert("CMYK")
    assert mean_difference(decoder.pixels(put(encode(image, "TIFF")), 160), picture) < NEAR
    assert mean_difference(decoder.pixels(put(encode(image, "JPEG", quality=98, subsampling=0)), 160), picture) < NEAR


def test_lab(decoder: Decoder, put: Put, picture: Picture) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(picture), srgb, lab, outputMode="LAB")
    assert image
    shown = decoder.pixels(put(encode(image, "TIFF")), 160)
    assert mean_difference(shown, picture) < NEAR


def test_transparency_lies_over_white(decoder: Decoder, put: Put, picture: Picture) -> None:
    alpha = np.zeros((120, 160), np.uint8)
    alpha[:, 80:] = 255
    expected = picture.copy()
    expected[:, :80] = 255
    rgba = np.dstack([picture, alpha])
    for name, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        np.testing.assert_array_equal(decoder.pixels(put(encode(rgba, name, **options)), 160), expected)


def test_gray_with_alpha(decoder: Decoder, put: Put, picture: Picture) -> None:
    image = Image.fromarray(picture).convert("LA")
    image.putalpha(Image.new("L", image.size, 0))
    assert (decoder.pixels(put(encode(image, "PNG")), 160) == 255).all()


def test_palette_with_a_transparent_color(decoder: Decoder, put: Put) -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 0)
    for name in ("PNG", "GIF"):
        shown = decoder.pixels(put(encode(image, name, transparency=0)), 8)
        assert shown[0, 0].tolist() == [255, 255, 255]
        assert shown[1, 3].tolist() == [0, 0, 255]


def test_a_transparent_color_of_plain_rgb(decoder: Decoder, put: Put) -> None:
    image = Image.new("RGB", (4, 2), (0, 0, 255))
    image.putpixel((0, 0), (255, 0, 0))
    shown = decoder.pixels(put(encode(image, "PNG", transparency=(255, 0, 0))), 8)
    assert shown[0, 0].tolist() == [255, 255, 255]
    assert shown[1, 3].tolist() == [0, 0, 255]


def test_one_bit(decoder: Decoder, put: Put) -> None:
    bits = np.indices((16, 16)).sum(axis=0) % 2 == 0
    expected = np.repeat(np.where(bits, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for name, options in (("PNG", {}), ("TIFF", {"compression": "group4"}), ("BMP", {}), ("GIF", {})):
        np.testing.assert_array_equal(decoder.pixels(put(encode(bits, name, **options)), 16), expected)


def test_sixteen_bit_gray(decoder: Decoder, put: Put, picture: Picture) -> None:
    wide = gray(picture)[..., 0].astype(np.uint16) * 257
    for name in ("PNG", "TIFF"):
        assert mean_difference(decoder.pixels(put(encode(wide, name)), 160), gray(picture)) <= 0.5


def test_sixteen_bit_color(decoder: Decoder, put: Put, picture: Picture) -> None:
    rows = (picture.astype(">u2") * 257).reshape(120, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", 160, 120, 16, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(raw)) + png_chunk(b"IEND", b"")
    np.testing.assert_array_equal(decoder.pixels(put(b"\x89PNG\r\n\x1a\n" + chunks), 160), picture)


@pytest.mark.parametrize("bits", [10, 12])
def test_few_bits_in_sixteen_are_not_black(decoder: Decoder, put: Put, picture: Picture, bits: int) -> None:
    full = 2**bits - 1
    samples = np.round(gray(picture)[..., 0] / 255 * full).astype(np.uint16)
    samples[0, 0] = full
    assert mean_difference(decoder.pixels(put(encode(samples, "TIFF")), 160), gray(picture)) < 1


def test_white_is_zero_in_sixteen_bits(decoder: Decoder, put: Put, picture: Picture) -> None:
    samples = gray(picture)[..., 0].astype(np.uint16) * 257
    samples[0, 0] = 65535
    plain = encode(samples, "TIFF")
    entry = struct.pack("<HHIHH", 262, 3, 1, 1, 0)
    assert entry in plain
    inverted = plain.replace(entry, struct.pack("<HHIHH", 262, 3, 1, 0, 0))
    shown = decoder.pixels(put(inverted), 160)
    assert mean_difference(255 - shown, decoder.pixels(put(plain), 160)) <= 1


def test_signed_integers_spread_from_black_to_white(decoder: Decoder, put: Put) -> None:
    ramp = np.tile(np.linspace(-1000, 1000, 256).astype(np.int32), (4, 1))
    shown = decoder.pixels(put(encode(ramp, "TIFF")), 256)
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[0, 255].tolist() == [255, 255, 255]
    assert (np.diff(shown[0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 10.0])
def test_floats(decoder: Decoder, put: Put, picture: Picture, scale: float) -> None:
    samples = gray(picture)[..., 0].astype(np.float32)
    samples[0, :2] = 0, 255
    shown = decoder.pixels(put(encode(samples * np.float32(scale), "TIFF")), 160)
    assert mean_difference(shown[1:], gray(picture)[1:]) < 1


def test_floats_that_are_no_numbers_are_black(decoder: Decoder, put: Put) -> None:
    samples = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (4, 1))
    samples[0, 0], samples[0, 1], samples[0, 2] = np.nan, np.inf, -np.inf
    shown = decoder.pixels(put(encode(samples, "TIFF")), 16)
    assert shown[0, :3, 0].tolist() == [0, 255, 0]
    assert shown[1, 15].tolist() == [255, 255, 255]


def test_floats_without_any_number(decoder: Decoder, put: Put) -> None:
    shown = decoder.pixels(put(encode(np.full((4, 4), np.nan, np.float32), "TIFF")), 16)
    assert (shown == 0).all()


def test_flat_images(decoder: Decoder, put: Put) -> None:
    for samples in (np.full((4, 4), -5, np.int32), np.full((4, 4), 300.0, np.float32), np.zeros((4, 4), np.uint16)):
        shown = decoder.pixels(put(encode(samples, "TIFF")), 16)
        assert len(np.unique(shown)) == 1


def test_wide_gamut_profiles_are_converted(decoder: Decoder, put: Put) -> None:
    """In a profile whose red and green are swapped, a red sample means green."""
    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(icc[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(icc[128:132], "big"), 12)}
    icc[tags[b"rXYZ"] : tags[b"rXYZ"] + 4], icc[tags[b"gXYZ"] : tags[b"gXYZ"] + 4] = b"gXYZ", b"rXYZ"
    icc = icc.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    swapped, plain = put(encode(red, "PNG", icc_profile=bytes(icc)), "swapped"), put(encode(red, "PNG"), "plain")
    shown = decoder.pixels(swapped, 8)[0, 0]
    assert shown[1] > 240
    assert shown[0] < 15
    hashes = {decoder.inspect(path, {"thumb": 8}).pixels_sha256 for path in (swapped, plain)}
    assert len(hashes) == 2, "the same numbers in another color space are other pixels"


def test_srgb_profiles_change_nothing(decoder: Decoder, put: Put, picture: Picture) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_profile, plain = put(encode(picture, "PNG", icc_profile=icc), "a"), put(encode(picture, "PNG"), "b")
    np.testing.assert_array_equal(decoder.pixels(with_profile, 160), picture)
    hashes = {decoder.inspect(path, {"thumb": 8}).pixels_sha256 for path in (with_profile, plain)}
    assert len(hashes) == 1


@pytest.mark.parametrize("icc", [b"", b"not a profile", bytes(3000)])
def test_damaged_profiles_are_ignored(decoder: Decoder, put: Put, picture: Picture, icc: bytes) -> None:
    np.testing.assert_array_equal(decoder.pixels(put(encode(picture, "PNG", icc_profile=icc)), 160), picture)


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_first_of_many_frames_is_shown(decoder: Decoder, put: Put, name: str) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
    path = put(encode(frames[0], name, save_all=True, append_images=frames[1:]))
    assert decoder.inspect(path, {"thumb": 16}).num_frames == 3
    assert mean_difference(decoder.pixels(path, 16), np.asarray(frames[0])) < 8


def test_bigtiff_and_tiled_compressions(decoder: Decoder, put: Put, picture: Picture) -> None:
    for options in ({"big_tiff": True}, {"compression": "tiff_adobe_deflate"}, {"compression": "packbits"}):
        np.testing.assert_array_equal(decoder.pixels(put(encode(picture, "TIFF", **options)), 160), picture)


def test_progressive_and_gray_jpeg(decoder: Decoder, put: Put, picture: Picture) -> None:
    path = put(encode(picture, "JPEG", quality=98, subsampling=0, progressive=True))
    assert mean_difference(decoder.pixels(path, 160), picture) < NEAR
    path = put(encode(gray(picture)[..., 0], "JPEG", quality=98))
    assert mean_difference(decoder.pixels(path, 160), gray(picture)) < NEAR
