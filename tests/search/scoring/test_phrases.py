"""How rare the scores of phrases are: hand-made scales, and normal laws that are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.scoring.phrases import PRIOR_IMAGES, PhraseTable, fit_phrases
from search.types import Scores


@pytest.fixture
def scores() -> NDArray[np.float32]:
    """Scores of 50 phrases with 1,000 images, every phrase at another place and on another scale."""
    generator = np.random.default_rng(3)
    places, scales = generator.normal(0, 0.2, (50, 1)), generator.uniform(0.02, 0.2, (50, 1))
    return (places + scales * generator.normal(size=(50, 1000))).astype(np.float32)


@pytest.fixture
def table(scores: NDArray[np.float32]) -> PhraseTable:
    return fit_phrases(scores)


def own(middle: float, scale: float) -> Scores:
    return np.random.default_rng(9).normal(middle, scale, 4000).astype(np.float32)


@pytest.mark.parametrize(("middle", "scale"), [(0.1, 0.05), (-0.4, 0.05), (0.3, 0.3)])
def test_a_phrase_is_judged_on_its_own_scale(table: PhraseTable, middle: float, scale: float) -> None:
    """One score in 6.3, 44 and 741 lies one, two and three deviations above the mean of a normal law."""
    judged = table.judging(own(middle, scale))
    decades = judged.decades_of(middle + scale * np.array([0.0, 1.0, 2.0, 3.0], np.float32))
    np.testing.assert_allclose(decades, np.log10([2.0, 6.3, 44.0, 741.0]), atol=0.15)


def test_one_table_for_all_overstates_phrases_that_lie_near_to_every_image(scores: NDArray[np.float32]) -> None:
    table, near = fit_phrases(scores), own(0.5, 0.05)
    assert table.judging(near).decades_of(np.float32([0.5]))[0] < 0.35
    assert table.judging(np.empty(0, np.float32)).decades_of(np.float32([0.5]))[0] > 2


def test_few_images_leave_the_scale_of_random_phrases(table: PhraseTable) -> None:
    one = table.judging(np.full(1, table.middle + 1, np.float32))
    moved = table.middle + 1 / (1 + PRIOR_IMAGES)
    narrowed = PRIOR_IMAGES / (1 + PRIOR_IMAGES)
    assert one.low == pytest.approx(moved + narrowed * (table.table.low - table.middle))
    assert one.high == pytest.approx(moved + narrowed * (table.table.high - table.middle))


def test_equal_scores_are_no_error() -> None:
    table = fit_phrases(np.full((3, 5), 0.25, np.float32))
    decades = table.judging(np.full(5, 0.25, np.float32)).decades_of(np.float32([0.2, 0.25]))
    assert np.isfinite(decades).all()
    assert decades[1] == pytest.approx(0, abs=1e-6)


def test_the_order_is_kept(table: PhraseTable) -> None:
    scores = own(0.2, 0.1)
    assert (np.diff(table.judging(scores).decades_of(np.sort(scores))) >= 0).all()
