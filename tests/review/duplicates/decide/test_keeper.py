"""Which copy should stay, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from review.duplicates.decide.keeper import REASONS, Copy, suggest

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ONE = Copy(1, 1000, "JPEG", 500, 0, MOMENT)
OTHER = replace(ONE, image_id=2)


@pytest.mark.parametrize(
    ("better", "worse", "reason"),
    [
        ({"num_pixels": 2000}, {"format": "PNG", "num_bytes": 9000, "num_facts": 9}, "pixels"),
        ({"format": "PNG"}, {"num_bytes": 9000, "num_facts": 9}, "lossless"),
        ({"num_bytes": 501}, {"num_facts": 9}, "bytes"),
        ({"num_facts": 1}, {"uploaded_at": MOMENT - timedelta(days=1)}, "facts"),
        ({"uploaded_at": MOMENT - timedelta(days=1)}, {}, "oldest"),
    ],
)
def test_it_works(better: dict[str, Any], worse: dict[str, Any], reason: str) -> None:
    good, bad = replace(OTHER, **better), replace(ONE, **worse)
    for copies in ([good, bad], [bad, good]):
        found = suggest(copies)
        assert (found.image_id, found.reason) == (2, reason)
    assert reason in REASONS


def test_a_rule_leaves_the_best_of_many_to_the_next() -> None:
    copies = [ONE, replace(OTHER, num_pixels=2000), replace(ONE, image_id=3, num_pixels=2000, num_facts=4)]
    assert suggest(copies).image_id == 3
    assert suggest(copies).reason == "facts"


def test_of_equals_the_first_row_stays() -> None:
    assert suggest([OTHER, ONE]).image_id == 1


def test_no_copies_are_refused() -> None:
    with pytest.raises(ValueError, match="got none"):
        suggest([])
