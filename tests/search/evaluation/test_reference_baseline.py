"""The textbook's color comparison over many images, against its own definition."""

from __future__ import annotations

import numpy as np
import pytest

from search.evaluation.reference_baseline import ReferenceColors
from search.methods.color import textbook_similarity
from tests.search.library import pictures


def test_it_compares_as_the_textbook_compares(rng: np.random.Generator) -> None:
    painted = pictures(6, rng)
    colors = ReferenceColors(((row, pixels) for row, pixels in enumerate(painted) if row != 4), 6)
    for row in (0, 3):
        scores = colors.scores(row)
        assert np.isnan(scores[4])
        for other in (0, 1, 2, 3, 5):
            assert scores[other] == pytest.approx(textbook_similarity(painted[row], painted[other]), abs=1e-5)
    assert np.isnan(colors.scores(4)).all()


def test_any_image_can_be_compared(rng: np.random.Generator) -> None:
    painted = pictures(4, rng)
    colors = ReferenceColors(enumerate(painted[:3]), 3)
    assert colors.scores_of(painted[1]) == pytest.approx(colors.scores(1))
    for row, score in enumerate(colors.scores_of(painted[3])):
        assert score == pytest.approx(textbook_similarity(painted[3], painted[row]), abs=1e-5)
