"""Rows of images without files, for views that only read the database."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

from gallery.models import Image


def make_image(name: str = "heron.jpg", **fields: Any) -> Image:
    """Add a ready image of that file name."""
    usual = {
        "sha256": sha256(name.encode()).hexdigest(),
        "original_name": name,
        "status": Image.Status.READY,
        "num_bytes": 1234,
        "format": "JPEG",
        "width": 400,
        "height": 300,
        "tone": "#808080",
    }
    return Image.objects.create(**(usual | fields))


def make_images(number: int) -> list[Image]:
    """Add that many ready images, each uploaded a second after the one before, whatever the clock does meanwhile."""
    images = [make_image(f"image-{position}.jpg") for position in range(number)]
    for position, image in enumerate(images):
        image.uploaded_at = images[0].uploaded_at - timedelta(seconds=number - position)
    Image.objects.bulk_update(images, ["uploaded_at"])
    return images
