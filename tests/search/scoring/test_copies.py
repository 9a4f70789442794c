"""Copies of one picture: what the scores of a pair must be, which pairs are looked at, and which images stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from search.evaluation.augmentations import edit
from search.features import registry
from search.methods.base import normalize_rows
from search.scoring.copies import Held, find_copies, is_edited, no_copies, without_copies
from search.types import RGBImage

NAN = np.nan


def raw(**scores: float) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {name: np.array([score], np.float32) for name, score in scores.items()}


@pytest.mark.parametrize(
    ("scores", "edited"),
    [
        ({"local": 16 / 64}, True),
        ({"local": 15 / 64}, False),
        ({"local": 6 / 64, "phash": 0.9, "siamese": 0.85}, True),
        ({"local": 5 / 64, "phash": 0.9, "siamese": 0.85}, False),
        ({"local": 6 / 64, "phash": 0.89, "siamese": 0.99}, False),
        ({"local": 6 / 64, "phash": 0.99, "siamese": 0.84}, False),
        ({"local": 0.0, "phash": 1.0, "siamese": 1.0}, False),  # there are keypoints, and none agree
        ({"local": NAN, "phash": 0.96, "siamese": 0.96}, True),
        ({"local": NAN, "phash": 0.96, "siamese": 0.94}, False),
        ({"phash": 0.96, "siamese": 0.96}, True),
        ({"siamese": 1.0}, False),
        ({}, False),
    ],
)
def test_edited_copies(scores: dict[str, float], edited: bool) -> None:
    assert is_edited(raw(**scores), 1).tolist() == [edited]


def photograph(rng: np.random.Generator) -> RGBImage:
    """Paint patches of many sizes, in which there are keypoints."""
    image = np.full((160, 200, 3), 128, np.uint8)
    for _ in range(150):
        top, left, side = rng.integers(0, 150), rng.integers(0, 190), rng.integers(4, 40)
        image[top : top + side, left : left + side] = rng.integers(0, 256, 3)
    return image


def held_of(images: list[RGBImage], names: tuple[str, ...]) -> Held:
    methods = registry.methods()
    return {name: (methods[name].describe(images), np.ones(len(images), bool)) for name in names}


def test_it_works(rng: np.random.Generator) -> None:
    images = [photograph(rng) for _number in range(5)]
    images += [edit("jpeg_30", images[1], 1), edit("shrink", images[3], 1)]
    held = held_of(images, ("phash", "local"))
    pairs = find_copies(held, registry.methods(), len(images))
    assert pairs == [(1, 5), (3, 6)]
    assert without_copies(len(images), pairs).tolist() == [True] * 5 + [False, False]


def test_of_a_network_only_the_nearest_are_looked_at(rng: np.random.Generator) -> None:
    """Crops have other fingerprints: what leads to them is the network, and what proves them are keypoints."""
    images = [photograph(rng) for _number in range(4)]
    images.append(edit("crop_70", images[2], 1))
    held = dict(held_of(images, ("phash", "local")))
    rows = np.eye(8, dtype=np.float32)[[0, 1, 2, 3, 2]]
    rows[4, 5] = 0.3
    assert find_copies(held, registry.methods(), 5) == []
    present = np.ones(5, bool)
    held["deep"] = normalize_rows(rows), present
    assert find_copies(held, registry.methods(), 5) == [(2, 4)]
    held["siamese"] = np.eye(8, dtype=np.float32)[:5], present  # which goes before content, and finds nothing near
    assert find_copies(held, registry.methods(), 5) == []
    del held["siamese"]
    held["deep"] = normalize_rows(rows), np.array([True, True, False, True, True])
    assert find_copies(held, registry.methods(), 5) == []


def test_without_evidence_there_are_no_copies(rng: np.random.Generator) -> None:
    images = [photograph(rng)] * 3
    methods = registry.methods()
    assert find_copies({}, methods, 3) == []
    assert find_copies(held_of(images, ("phash",)), methods, 3) == []  # a fingerprint alone proves nothing
    assert find_copies(held_of(images, ("phash", "local")), {}, 3) == []
    vectors, _present = held_of(images, ("phash",))["phash"]
    assert find_copies({"phash": (vectors, np.zeros(3, bool))}, methods, 3) == []
    for num in (0, 1):
        assert find_copies(held_of(images[:num], ("phash", "local")), methods, num) == []


@pytest.mark.parametrize(
    ("pairs", "kept"),
    [
        ([], [0, 1, 2, 3, 4]),
        ([(0, 1)], [0, 2, 3, 4]),
        ([(4, 1), (1, 0)], [0, 2, 3, 4]),  # 4 is a copy of 1 only, which does not stay
        ([(0, 1), (1, 2), (2, 3), (3, 4)], [0, 2, 4]),
        ([(0, 1), (0, 2), (1, 2), (2, 0)], [0, 3, 4]),
        ([(3, 3)], [0, 1, 2, 3, 4]),
    ],
)
def test_of_copies_one_stays(pairs: list[tuple[int, int]], kept: list[int]) -> None:
    assert np.flatnonzero(without_copies(5, pairs)).tolist() == kept


def test_nothing_is_known_of_copies_by_default() -> None:
    know: Callable[..., object] = no_copies
    assert list(no_copies(np.arange(3))) == []
    assert callable(know)
