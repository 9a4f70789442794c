"""Upright and smaller, in strips: beside the decoded image itself, memory stays the same however large it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PIL import ExifTags, Image

from gallery.decoding.child.tones import Flatten

STRIP_PIXELS = 8_000_000
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {5, 6, 7, 8}
FROM_THE_END = {3, 4, 7, 8}  # the first upright row is the last row or column stored


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1..8; 1 where there is none, or none that makes sense."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 (damaged metadata must not cost the picture)
        return 1
    return value if value in TURNS else 1


def upright_size(image: Image.Image, orientation: int) -> tuple[int, int]:
    """Return (width, height) as people see the image."""
    return (image.height, image.width) if orientation in SIDEWAYS else (image.width, image.height)


def upright_strips(image: Image.Image, orientation: int, rows: int) -> Iterator[Image.Image]:
    """Yield the upright image from top to bottom, `rows` rows at a time."""
    height = upright_size(image, orientation)[1]
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start, end = (height - bottom, height - top) if orientation in FROM_THE_END else (top, bottom)
        box = (start, 0, end, image.height) if orientation in SIDEWAYS else (0, start, image.width, end)
        part = image if end - start == height else image.crop(box)
        yield part.transpose(TURNS[orientation]) if orientation in TURNS else part


def shrink(
    image: Image.Image,
    orientation: int,
    side: int,
    flatten: Flatten,
    visit: Callable[[Image.Image], None] = lambda _strip: None,
) -> Image.Image:
    """Return the upright image in 8-bit samples, averaged down to at least twice `side` where it is larger.

    Parameters
    ----------
    image : decoded
    orientation : EXIF orientation, 1..8
    side : longest side in pixels that is wanted in the end
    flatten : see `tones.flattener`
    visit : called with every full-size strip in turn, from top to bottom

    Returns
    -------
    image : mode as of `flatten`
    """
    width, height = upright_size(image, orientation)
    # Averaging is cheap but blurs; twice the size leaves the last step to `fit`, which is sharper.
    factor = max(1, max(width, height) // (2 * side))
    # A multiple of the factor, so that no strip ends within a block of pixels that become one.
    rows = max(1, STRIP_PIXELS // (width * factor)) * factor
    small: Image.Image | None = None
    for position, upright in enumerate(upright_strips(image, orientation, rows)):
        strip = flatten(upright)
        visit(strip)
        part = strip.reduce(factor) if factor > 1 else strip
        if rows >= height:
            return part
        small = small or Image.new(part.mode, (-(-width // factor), -(-height // factor)))
        small.paste(part, (0, position * rows // factor))
    assert small is not None  # noqa: S101 (every image has at least one row)
    return small


def fitted_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size whose longest side is at most `side`, in the same shape, at least one pixel wide and high."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def fit(image: Image.Image, side: int) -> Image.Image:
    """Return the image with its longest side at most `side`; smaller ones are not enlarged."""
    size = fitted_size(*image.size, side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
