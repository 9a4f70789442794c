"""The arithmetic of benchmarks/duplicates.py; what it measures is tested elsewhere."""

from __future__ import annotations

import numpy as np

from benchmarks.duplicates import ORIGINAL, alike_photographs, copies_of, count, found_copies
from search.evaluation.augmentations import EDITS


def test_it_works(rng: np.random.Generator) -> None:
    photographs = [rng.integers(0, 256, (20, 30, 3), np.uint8) for _number in range(3)]
    images, sources, edits = copies_of(photographs, 2)
    assert len(images) == 3 + 2 * len(EDITS)
    assert sources[:3].tolist() == [0, 1, 2]
    assert len(set(sources[3:].tolist())) == 2
    assert edits[:3].tolist() == [ORIGINAL] * 3


def test_precision() -> None:
    taken = np.array([True, True, True, True, False])
    right = np.array([True, False, False, False, True])
    untouched = np.array([False, True, False, False, False])
    twice = alike_photographs(np.array([0, 1, 2, 5, 7]), np.array([0, 2, 1, 6, 7]), untouched)
    assert twice.tolist() == [False, True, True, False, False]
    assert count(taken, right, untouched, twice) == {
        "pairs": 4,
        "right": 1,
        "precision": 0.25,
        "wrong_of_two_photographs_as_they_are": 1,
        "wrong_otherwise": 1,
    }
    assert count(np.zeros(5, bool), right, untouched, twice)["precision"] is None


def test_copies_count_only_by_a_link_to_their_original() -> None:
    edits = np.array([ORIGINAL, ORIGINAL, "blur", "blur", "flip"])
    sources = np.array([0, 1, 0, 1, 0])
    first, second = np.array([0, 2, 0]), np.array([2, 3, 4])  # the second links two copies
    found = found_copies(first, second, np.array([3, 3, 4], np.int8), sources, edits)
    assert found["blur"] == {"edited": 0.5, "any": 0.5}
    assert found["flip"] == {"edited": 0.0, "any": 1.0}
