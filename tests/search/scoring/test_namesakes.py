"""Words drawn to images that say them: hand-worked rows."""

from __future__ import annotations

import numpy as np
import pytest

from search.methods.base import normalize_rows
from search.scoring.namesakes import LEAST, PULL, drawn_to, likeness

EYE = np.eye(8, dtype=np.float32)


def test_likeness_is_the_mean_cosine_of_pairs() -> None:
    rows = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert likeness(rows) == pytest.approx(1 / 3)


def test_one_picture_pulls_the_most() -> None:
    drawn = drawn_to(EYE[0], np.repeat(EYE[1:2], LEAST, axis=0), EYE)
    assert drawn is not None
    np.testing.assert_allclose(drawn[:2], np.array([1, PULL]) / np.hypot(1, PULL), rtol=1e-5)


def test_what_is_less_alike_pulls_less() -> None:
    """Half of the way from chance to one picture is half the pull."""
    spread = normalize_rows(EYE[1] + EYE[2:7])  # cosines of 1/2
    drawn = drawn_to(EYE[0], spread, EYE)
    assert drawn is not None
    assert drawn @ normalize_rows(spread.mean(axis=0, keepdims=True))[0] / drawn[0] == pytest.approx(PULL / 2, rel=1e-4)


@pytest.mark.parametrize("namesakes", [EYE[: LEAST - 1] * 0 + EYE[1], EYE[:6]])
def test_few_images_or_any_images_pull_nothing(namesakes: np.ndarray) -> None:
    assert drawn_to(EYE[0], namesakes, EYE) is None


def test_where_all_images_are_one_nothing_is_learned() -> None:
    same = np.repeat(EYE[1:2], 6, axis=0)
    assert drawn_to(EYE[0], same, same) is None
