"""What makes two images duplicates, by scores made up by hand."""

from __future__ import annotations

import numpy as np
import pytest

from review.duplicates.find.evidence import EDITED, LEAST_FUSED, NEAR, NOTHING, judge
from search.scoring.calibration import Calibration

NAN = np.nan


def raw(**scores: float) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {name: np.array([score], np.float32) for name, score in scores.items()}


def table(decades: float) -> Calibration:
    """Decades that rise from 0 at a score of 0 to this many at 1."""
    return Calibration(0.0, 1.0, np.linspace(0, decades, 101), 1000)


def test_it_works() -> None:
    found = judge(
        {"siamese": np.array([1, 1, 0.1], np.float32), "local": np.array([0.5, 0, 0], np.float32)},
        {"siamese": table(6), "local": table(6)},
        3,
    )
    assert found.tier.tolist() == [EDITED, NOTHING, NOTHING]
    assert found.score[0] == pytest.approx((0.3 * 1 + 0.35 * 0.5**1.5) / 0.65)
    near = judge(raw(siamese=0.9), {"siamese": table(6)}, 1)
    assert near.tier.tolist() == [NEAR]
    assert near.score[0] >= LEAST_FUSED


def test_without_scores_or_tables_nothing_is_alike() -> None:
    for found in (judge({}, {}, 2), judge({"siamese": np.ones(2, np.float32)}, {}, 2)):
        assert found.tier.tolist() == [NOTHING, NOTHING]
        assert found.score.tolist() == [0, 0]
    missing = judge(raw(siamese=NAN, deep=NAN), {"siamese": table(6), "deep": table(6)}, 1)
    assert missing.score.tolist() == [0]


def test_no_pairs() -> None:
    assert judge({"siamese": np.empty(0, np.float32)}, {"siamese": table(6)}, 0).tier.tolist() == []
