"""What the gallery says and comparisons must follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gallery.batches import batches
from gallery.models import Image
from review.comparing.rows import forget_images
from review.models import Comparison


def forget_removed(sender: object, image_ids: Sequence[int], **kwargs: Any) -> None:
    """Forget what was drawn of images that are hidden or go: a map shows much of the picture it was made from."""
    if not Comparison.objects.exists():
        return
    hashes: set[str] = set()
    for part in batches(image_ids):
        hashes.update(Image.objects.filter(pk__in=part).values_list("sha256", flat=True))
    forget_images(hashes)
