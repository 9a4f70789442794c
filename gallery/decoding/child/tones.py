"""From whatever a file holds to 8-bit samples, and from those to sRGB."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

Flatten = Callable[[Image.Image], Image.Image]

PLAIN_MODES = ("L", "RGB", "CMYK", "LAB")
PROFILE_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
WHITE = (255, 255, 255)
BIT_DEPTHS = (8, 10, 12, 14, 16)
MIN_IS_WHITE, PHOTOMETRIC = 0, 262


def flattener(image: Image.Image) -> Flatten:
    """Return what turns any part of this image into one of `PLAIN_MODES`, with transparency laid over white.

    Parameters
    ----------
    image : decoded; its extremes decide how 16-bit, 32-bit and float samples are scaled

    Returns
    -------
    flatten : from a crop of the image to a new one of the same size; always the same mode for the same image
    """
    if image.mode == "F":
        return _float_scale(image)
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _integer_scale(image)
    if image.has_transparency_data:
        return _over_white
    if image.mode in PLAIN_MODES:
        return lambda part: part
    target = "L" if image.mode == "1" else "RGB"
    return lambda part: part.convert(target)


def _over_white(part: Image.Image) -> Image.Image:
    picture = part.convert("RGBA")
    flat = Image.new("RGB", part.size, WHITE)
    flat.paste(picture, mask=picture)
    return flat


def _integer_scale(image: Image.Image) -> Flatten:
    """Map 0..white to 0..255, white being full scale for PNG, else that of the least common bit depth that fits.

    Scanners and instruments write 10 or 12 bits into 16; taken as 16 they would all but vanish. Samples below 0 or
    above 16 bits have no agreed white: their own extremes are black and white.
    """
    low, high = _extremes(image.convert("I") if image.mode != "I" else image)
    depths = (16,) if image.format == "PNG" else BIT_DEPTHS
    whites = [2**bits - 1 for bits in depths if 2**bits > high]
    black, white = (0.0, float(whites[0])) if low >= 0 and whites else (low, high)
    # Pillow turns such samples around where they have 8 bits, and leaves those of 16 as they are.
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == MIN_IS_WHITE and image.mode != "I":
        black, white = white, black
    return _linear("I", black, white)


def _float_scale(image: Image.Image) -> Flatten:
    """Map 0..1 to 0..255 where samples lie in it (or 0..255 as they are), else their extremes to black and white."""
    low, high = _extremes(image)
    if not (math.isfinite(low) and math.isfinite(high)):
        return _finite_scale(image)
    return _linear("F", *_float_range(low, high))


def _float_range(low: float, high: float) -> tuple[float, float]:
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return (0.0, 255.0) if low >= 0 and 128 <= high <= 255 else (low, high)


def _finite_scale(image: Image.Image) -> Flatten:
    """Scale by the finite samples alone; the others become black."""
    import numpy as np  # slow to import, and rarely needed

    samples = np.asarray(image)
    finite = samples[np.isfinite(samples)]
    black, white = _float_range(float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scale = _linear("F", black, white)
    return lambda part: scale(
        Image.fromarray(np.nan_to_num(np.asarray(part), nan=black, posinf=white, neginf=black).astype(np.float32))
    )


def _linear(mode: str, black: float, white: float) -> Flatten:
    gain = 255 / (white - black) if white != black else 0.0
    offset = -black * gain + (0.5 if gain else 0.0)

    def scale(part: Image.Image) -> Image.Image:
        samples = part if part.mode == mode else part.convert(mode)
        # In this mode point() takes a gain and an offset only. convert("L") cuts decimals off, hence the half above.
        return samples.convert("F").point(lambda value: value * gain + offset).convert("L")

    return scale


def _extremes(image: Image.Image) -> tuple[float, float]:
    low, high = image.getextrema()
    return float(low), float(high)  # type: ignore[arg-type]  # one band: numbers, not pairs


def has_own_colors(icc: bytes, mode: str) -> bool:
    """Tell whether samples of this mode mean other colors than sRGB because of the profile."""
    return mode == "LAB" or _transform(icc, mode) is not None


def to_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    """Turn 8-bit samples into sRGB.

    Parameters
    ----------
    image : of one of `PLAIN_MODES`
    icc : the profile that came with it, or empty; one that is damaged or of another kind of image is ignored

    Returns
    -------
    image : mode RGB, without metadata
    """
    transform = _transform(icc, image.mode)
    if transform is not None:
        if image.mode != transform.input_mode:
            image = image.convert(transform.input_mode)
        converted = transform.apply(image)
    else:
        converted = image if image.mode == "RGB" else image.convert("RGB")
    converted.info = {}
    return converted


@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    if mode == "LAB":
        return _build(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        space = PROFILE_MODES.get(profile.profile.xcolor_space.strip(), "")
        if space != mode and (space, mode) != ("RGB", "L"):  # gray pictures may carry a profile of colors
            return None
        # Converting sRGB to sRGB would only round.
        if space == "RGB" and "srgb" in (profile.profile.profile_description or "").lower():
            return None
        return _build(profile, space)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _build(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.ImageCmsTransform(
        profile,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        mode,
        "RGB",
        intent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
