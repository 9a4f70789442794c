from __future__ import annotations

from pathlib import Path

import numpy as np

from search.training.assessment import assess
from search.types import RGBImage


def paint(number: int, rng: np.random.Generator) -> list[RGBImage]:
    """Pictures of as many colors, a little different each time."""
    return [
        np.clip(np.full((20, 30, 3), 40 * (place % 5)) + rng.integers(0, 20, (20, 30, 3)), 0, 255).astype(np.uint8)
        for place in range(number)
    ]


def test_it_works(tiny_encoder: Path, rng: np.random.Generator) -> None:
    labels = np.array([f"c{place % 5}" for place in range(40)])
    targets = np.eye(5, dtype=np.float32)[np.arange(40) % 5]
    found = assess(tiny_encoder, paint(40, rng), labels, targets)
    assert found is not None
    assert (found["photographs"], found["labels"], found["map_targets"]) == (40, 5, 1.0)
    assert 0 < found["map"] <= 1
    assert found["times_color"] == round(found["map"] / found["map_color"], 2)


def test_targets_may_be_unknown(tiny_encoder: Path, rng: np.random.Generator) -> None:
    found = assess(tiny_encoder, paint(40, rng), np.array([f"c{place % 5}" for place in range(40)]))
    assert found is not None
    assert "map_targets" not in found


def test_too_little_gives_no_figure(tiny_encoder: Path, rng: np.random.Generator) -> None:
    images = paint(30, rng)
    assert assess(tiny_encoder, images[:19], np.array(["a", "b"] * 9 + ["a"])) is None
    assert assess(tiny_encoder, images, np.array(["a"] * 30)) is None
    assert assess(tiny_encoder, images, np.array([str(place) for place in range(30)])) is None
