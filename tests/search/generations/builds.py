"""Generations of the tests' own: what is built and opened, in which folders, and what a search then finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import LazySettings

from search.generations.build import active_generation
from search.generations.reader import LoadedGeneration, open_generation
from search.models import Generation
from search.query.pipeline import for_image, run_query
from search.storage import generation_folder, generations_folder

WEIGHTS = {"color": 0.3, "ssim": 0.2}


def adjust(settings: LazySettings, **values: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update=values)


def folders() -> list[str]:
    return sorted(path.name for path in generations_folder().iterdir() if path.is_dir())


def answer_ids(image_id: int) -> list[int]:
    return [result.image_id for result in run_query(for_image(image_id), WEIGHTS).results]


def opened() -> LoadedGeneration:
    row = active_generation()
    assert row is not None
    return open_generation(generation_folder(row.folder), row.pk)


def damage(row: Generation, name: str, kind: str, rng: np.random.Generator) -> None:
    """Flip a bit, cut at an Annoy node, swap with another file, or take away."""
    path = generation_folder(row.folder) / name
    data = bytearray(path.read_bytes())
    if kind == "flip":
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    elif kind == "cut":
        data = data[: len(data) // 2]
    elif kind == "swap":
        data = bytearray(np.random.default_rng(3).permutation(np.frombuffer(data, np.uint8)).tobytes())
    path.unlink()
    if kind != "remove":
        path.write_bytes(data)
