"""What is learned from and what is held out never meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.evaluation.augmentations import EDITS
from search.exceptions import TrainingError
from search.methods.base import normalize_rows
from search.training.pairs import Pairs
from search.training.training_data import CONTENT, from_judged, from_views
from search.types import RGBImage
from tests.codes import refused
from tests.search.library import pictures


def encode(images: Sequence[RGBImage]) -> NDArray[np.float32]:
    """Describe images by their mean color and where it is light."""
    rows = [np.concatenate([image.mean(axis=(0, 1)), image.std(axis=(0, 1)), [1]]) for image in images]
    return normalize_rows(np.array(rows))


ENCODERS: dict[str, Any] = {CONTENT: encode}


def test_it_works(rng: np.random.Generator) -> None:
    images = pictures(25, rng)
    data = from_views(images, ENCODERS, 2, seed=1)
    assert data.inputs[CONTENT].shape == (20 * 3, 7)
    assert data.trial.num_gallery == 25
    assert len(data.trial_inputs[CONTENT]) == 25 + 5 * len(EDITS)
    assert len(data.trial.owners) == 5 * len(EDITS)
    assert set(data.trial.owners) == {20, 21, 22, 23, 24}
    held = encode([images[n] for n in range(4, 25, 5)])
    np.testing.assert_array_equal(data.trial_inputs[CONTENT][20:25], held)
    np.testing.assert_array_equal(data.together.first % 3, 0)
    assert np.count_nonzero(data.trial.pairs.same) == 5 * len(EDITS)
    owner_of = np.concatenate([np.arange(25), data.trial.owners])
    same = owner_of[data.trial.pairs.first] == owner_of[data.trial.pairs.second]
    np.testing.assert_array_equal(same, data.trial.pairs.same)
    drawn = data.draw(data.inputs[CONTENT], rng)
    assert drawn.same.any()


def test_too_few_images_are_refused(rng: np.random.Generator) -> None:
    with refused(TrainingError, "too_few_images", least=20, num=7):
        from_views(pictures(7, rng), ENCODERS, 2, seed=1)


def labelled(num_groups: int, size: int) -> tuple[dict[str, NDArray[Any]], Pairs]:
    groups = np.repeat(np.arange(num_groups), size)
    first, second = np.triu_indices(len(groups), 1)
    rng = np.random.default_rng(1)
    return {CONTENT: normalize_rows(rng.random((len(groups), 5)))}, Pairs(
        first, second, groups[first] == groups[second]
    )


def test_judged_groups_are_held_out_whole(rng: np.random.Generator) -> None:
    inputs, pairs = labelled(12, 4)
    (image,) = pictures(1, rng)
    seen: list[int] = []

    def picture(row: int) -> RGBImage | None:
        seen.append(row)
        return None if len(seen) == 1 else image

    encoders: dict[str, Any] = {CONTENT: lambda images: np.ones((len(images), 5), np.float32)}
    data = from_judged(inputs, pairs, picture, encoders, seed=1)
    assert len(seen) == 12  # a quarter of 48
    assert len(data.inputs[CONTENT]) == 36
    assert data.trial.num_gallery == 48
    assert len(data.trial.owners) == 11 * len(EDITS)
    learned = {row.tobytes() for row in data.inputs[CONTENT]}
    held = {inputs[CONTENT][row].tobytes() for row in seen}
    assert not learned & held
    assert {int(row) for row in data.trial.pairs.first} <= set(seen)
    assert data.together.same.all()
    assert len(data.together) == 9 * 6
    drawn = data.draw(data.inputs[CONTENT], rng)
    np.testing.assert_array_equal(drawn.same, drawn.first // 4 == drawn.second // 4)


@pytest.mark.parametrize(("num_groups", "size"), [(1, 10), (30, 1), (3, 2)])
def test_too_few_pairs_are_refused(num_groups: int, size: int) -> None:
    inputs, pairs = labelled(num_groups, size)
    with refused(TrainingError, "too_few_pairs", least=20):
        from_judged(inputs, pairs, lambda row: None, ENCODERS, seed=1)


def test_no_pairs_at_all_are_refused() -> None:
    none = np.zeros(0, np.int64)
    with refused(TrainingError, "too_few_pairs", same=0, different=0):
        from_judged({CONTENT: np.zeros((0, 5))}, Pairs(none, none, none > 0), lambda row: None, ENCODERS, seed=1)


def test_where_no_copy_can_be_made_it_is_refused() -> None:
    inputs, pairs = labelled(12, 4)
    with refused(TrainingError, "none_to_judge_by"):
        from_judged(inputs, pairs, lambda row: None, ENCODERS, seed=1)
