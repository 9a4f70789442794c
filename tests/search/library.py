"""Images with features, made without decoding anything: for tests of what is built on features."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from search.features import leases, registry, wanted_rows
from search.methods.base import normalize_rows
from search.models import Feature
from search.types import RGBImage, Vectors

_serial = count()


def add_images(num: int, label: str = "") -> list[int]:
    """Make image rows as intake would leave them."""
    rows = []
    for number in (next(_serial) for _ in range(num)):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        rows.append(
            Image(sha256=digest, status=Image.Status.READY, original_name=f"{number}.png", num_bytes=1, label=label)
        )
    return [image.pk for image in Image.objects.bulk_create(rows)]


def pictures(num: int, rng: np.random.Generator) -> list[RGBImage]:
    """Paint small pictures: smooth waves in random colors, so that no two are alike and some are close."""
    rows, cols = np.mgrid[0:48, 0:48] / 48
    painted = []
    for _ in range(num):
        waves = [
            np.sin(2 * np.pi * (rng.uniform(0, 3) * rows + rng.uniform(0, 3) * cols + rng.random())) for _ in range(3)
        ]
        painted.append(np.clip(128 + 100 * np.stack(waves, axis=2) * rng.random(3), 0, 255).astype(np.uint8))
    return painted


def describe(images: Sequence[RGBImage], rng: np.random.Generator, names: Sequence[str]) -> dict[str, Vectors]:
    """Describe pictures by the real methods; texture, whose library is slow to load, by chance."""
    found: dict[str, Vectors] = {}
    for name in names:
        method = registry.methods()[name]
        if name == "texture":
            found[name] = normalize_rows(rng.random((len(images), method.dim)))
        else:
            found[name] = method.describe(images)
    return found


def add_features(ids: Sequence[int], vectors: dict[str, Vectors]) -> None:
    """Keep features of images as a worker does."""
    wanted_rows.ensure_rows(ids)
    Feature.objects.filter(image__in=ids).update(attempts=0)  # or what was tried before would be leased alone
    held = leases.lease(len(ids), ids)
    assert set(held.images) == set(ids)
    stored = leases.store(held, {name: (list(ids), rows) for name, rows in vectors.items()})
    assert stored == len(ids) * len(vectors)
    leases.release(held)


def add_library(
    num: int, rng: np.random.Generator, names: Sequence[str] = ("color", "ssim", "texture"), label: str = ""
) -> tuple[NDArray[np.int64], dict[str, Vectors]]:
    """Make images with features; returns their ids and vectors."""
    ids = add_images(num, label)
    vectors = describe(pictures(num, rng), rng, names)
    add_features(ids, vectors)
    return np.array(ids), vectors
