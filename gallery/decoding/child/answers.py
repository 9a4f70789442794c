"""What can be asked of a file."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any

from PIL import Image

from gallery.decoding.child.formats import count_frames, open_image
from gallery.decoding.child.geometry import fit, fitted_size, orientation_of, shrink, upright_size
from gallery.decoding.child.tones import flattener, has_own_colors, to_srgb
from gallery.decoding.contract import Limits

Answer = tuple[dict[str, Any], list[bytes]]

WEBP_QUALITY = 80
WEBP_EFFORT = 2  # of 0..6: half the time of the default (4) for 3 % larger files
HASHED_PIXELS = 250_000  # at a time: a megabyte stays in the processor's cache, which halves the time


def inspect(request: dict[str, Any], limits: Limits) -> Answer:
    """Decode a file whole and return what `contract.Inspection` holds; the derivatives as blobs, in order of `sides`.

    Raises
    ------
    Refused : see `formats`
    Exception : whatever Pillow raises on damaged files
    """
    sides: dict[str, int] = request["sides"]
    with open(request["path"], "rb") as file:
        image, name = open_image(file, request["suffix"], limits)
        num_frames = count_frames(image, limits)  # before load(), so that refusing costs little
        image.load()
        icc = image.info.get("icc_profile") or b""
        orientation = orientation_of(image)
        width, height = upright_size(image, orientation)
        digest = PixelDigest(width, height, icc)
        samples = shrink(image, orientation, max(sides.values()), flattener(image), digest.visit)
    picture = to_srgb(fit(samples, max(sides.values())), icc)
    derivatives, tone = _derive(picture, sides)
    head = {
        "format": name,
        "width": width,
        "height": height,
        "num_frames": num_frames,
        "pixels_sha256": digest.hexdigest(),
        "tone": tone,
        "kinds": list(derivatives),
    }
    return head, list(derivatives.values())


def pixels(request: dict[str, Any], limits: Limits) -> Answer:
    """Decode a file and return its upright first frame as sRGB bytes, its longest side at most `max_side`.

    JPEGs are decoded at an eighth, a quarter or half of their size where that is still enough.
    """
    side: int = request["max_side"]
    with open(request["path"], "rb") as file:
        image, _name = open_image(file, "", limits)
        icc = image.info.get("icc_profile") or b""
        image.draft(None, fitted_size(*image.size, side))  # None keeps the mode
        image.load()
        samples = shrink(image, orientation_of(image), side, flattener(image))
    picture = to_srgb(fit(samples, side), icc)
    return {"width": picture.width, "height": picture.height}, [picture.tobytes()]


def _derive(picture: Image.Image, sides: dict[str, int]) -> tuple[dict[str, bytes], str]:
    """Encode the picture once per kind, largest first, each from the one before; equal sizes share their bytes."""
    derivatives: dict[str, bytes] = {}
    encoded: tuple[tuple[int, int], bytes] | None = None
    for kind in sorted(sides, key=lambda kind: -sides[kind]):
        picture = fit(picture, sides[kind])
        if encoded is None or encoded[0] != picture.size:
            file = BytesIO()
            picture.save(file, "WEBP", quality=WEBP_QUALITY, method=WEBP_EFFORT)
            encoded = picture.size, file.getvalue()
        derivatives[kind] = encoded[1]
    red, green, blue = picture.resize((1, 1), Image.Resampling.BOX).tobytes()
    return derivatives, f"#{red:02x}{green:02x}{blue:02x}"


class PixelDigest:
    """SHA-256 of the upright, flat pixels of an image: the same for every lossless way of storing them."""

    def __init__(self, width: int, height: int, icc: bytes) -> None:
        self._size = f"{width}x{height}"
        self._icc = icc
        self._digest: Any = None

    def visit(self, strip: Image.Image) -> None:
        """Take in the next strip."""
        # Gray stored as gray and gray stored as colors are the same pixels.
        if strip.mode == "L" and not has_own_colors(self._icc, "L"):
            strip = strip.convert("RGB")
        if self._digest is None:
            # Only a profile that changes colors counts: those for sRGB come and go with every tool.
            profile = self._icc if has_own_colors(self._icc, strip.mode) else b""
            start = f"{strip.mode} {self._size} {hashlib.sha256(profile).hexdigest()}"
            self._digest = hashlib.sha256(start.encode())
        rows = max(1, HASHED_PIXELS // strip.width)
        for top in range(0, strip.height, rows):
            self._digest.update(strip.crop((0, top, strip.width, min(top + rows, strip.height))).tobytes())

    def hexdigest(self) -> str:
        """Return the digest of all strips so far."""
        return str(self._digest.hexdigest())
