from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.training.pack import Pack, write_pack
from search.training.targets import Targets
from search.training.teacher import Teacher


@pytest.fixture
def pack(tmp_path: Path, rng: np.random.Generator) -> Pack:
    images = [rng.integers(0, 256, (30 + place, 40, 3), np.uint8) for place in range(70)]
    return write_pack(tmp_path / "pack", images, ["a"] * 70, "", lambda *_: None)


@pytest.fixture
def teacher(keras: Any, tiny_model: Path) -> Teacher:
    return Teacher(str(tiny_model), {})


def targets(pack: Pack, folder: Path, **options: Any) -> Targets:
    settings = {"is_training": np.ones(70, bool), "stored": 48, "dim": 5, "seed": 20} | options
    return Targets(folder, pack, **settings)


def test_it_works(pack: Pack, teacher: Teacher, tmp_path: Path) -> None:
    heard: list[str] = []
    made = targets(pack, tmp_path / "targets")
    assert made.num_bytes(8, 2) > 70 * 48 * 48 * 3 * 2
    made.make(teacher, 2, lambda what, done, total: heard.append(what))
    assert set(heard) == {"teacher, variant 1 of 2", "teacher, variant 2 of 2"}
    whole, cropped = made.load(2)
    assert whole.pixels.shape == (70, 48, 48, 3)
    assert whole.rows.shape == (70, 5)
    assert whole.places.shape == (70, 4, 4, 5)
    np.testing.assert_allclose(np.linalg.norm(whole.rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(whole.places.astype(np.float32), axis=-1), 1, atol=2e-3)
    assert not np.array_equal(whole.pixels, cropped.pixels)
    assert sorted(path.name for path in (tmp_path / "targets").iterdir()) == sorted(
        ["whitening.npz", *(f"{kind}-{number}.npy" for kind in ("pixels", "rows", "places") for number in (0, 1))]
    )


def test_what_is_there_is_not_made_again(pack: Pack, teacher: Teacher, tmp_path: Path) -> None:
    made = targets(pack, tmp_path)
    made.make(teacher, 1, lambda *_: None)
    assert made.num_bytes(8, 1) == 0
    heard: list[str] = []
    made.make(teacher, 2, lambda what, done, total: heard.append(what))
    assert set(heard) == {"teacher, variant 2 of 2"}


def test_interrupted_a_variant_is_made_again_the_same(pack: Pack, teacher: Teacher, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if "variant 2" in what and done > 40:
            raise KeyboardInterrupt

    made = targets(pack, tmp_path / "one")
    with pytest.raises(KeyboardInterrupt):
        made.make(teacher, 2, stop)
    made.make(teacher, 2, lambda *_: None)
    straight = targets(pack, tmp_path / "other")
    straight.make(teacher, 2, lambda *_: None)
    for found, expected in zip(made.load(2), straight.load(2), strict=True):
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        np.testing.assert_allclose(found.rows, expected.rows, atol=1e-5)


def test_what_is_held_out_does_not_shape_the_targets(pack: Pack, teacher: Teacher, tmp_path: Path) -> None:
    is_training = np.arange(70) < 50
    part = targets(pack, tmp_path / "part", is_training=is_training)
    part.make(teacher, 1, lambda *_: None)
    whole = targets(pack, tmp_path / "whole")
    whole.make(teacher, 1, lambda *_: None)
    assert not np.allclose(part.whitening().mean, whole.whitening().mean, atol=1e-6)
