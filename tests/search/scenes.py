"""A small labelled library: three scenes, each in four shades of light, stored and described for real."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Picture

from gallery.intake.store import store_image
from gallery.models import Image
from search.features import registry
from search.features.extraction import describe_images
from tests.search.library import add_features, pictures

METHODS = ("color", "ssim")


def store_scenes(rng: np.random.Generator) -> list[Image]:
    """Store twelve images with the labels dawn, noon and dusk, in the collection "scenes"."""
    images = []
    used = {name: registry.methods()[name] for name in METHODS}
    for label, scene in zip(("dawn", "noon", "dusk"), pictures(3, rng), strict=True):
        for shade in range(4):
            pixels = np.clip(scene * (1 - 0.08 * shade) + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
            file = io.BytesIO()
            Picture.fromarray(pixels).save(file, "PNG")
            file.seek(0)
            outcome = store_image(file, name=f"{label}-{shade}.png", label=label, collections=["scenes"])
            assert outcome.image is not None
            add_features([outcome.image.pk], describe_images([pixels], used))
            images.append(outcome.image)
    return images
