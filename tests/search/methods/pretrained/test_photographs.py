from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.pretrained import photographs
from search.methods.pretrained.photographs import KNOWN, check_classes, check_rows
from tests.codes import refused

SIZE = (20, 30)


def knowing(*names: str) -> Any:
    """Return a classifier that knows these pictures, and calls all others by the first class."""
    shown = photographs.photographs(SIZE)

    def classify(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = np.arange(1000, 0, -1, dtype=np.float32)[None].copy()
        for name in names:
            if np.array_equal(shown[name], pixels[0]):
                logits[0, min(KNOWN[name])] = 996.5  # the fifth
        return logits

    return classify


def test_the_pictures_are_there() -> None:
    shown = photographs.photographs(SIZE)
    assert shown.keys() == KNOWN.keys()
    assert {picture.shape for picture in shown.values()} == {(20, 30, 3)}
    coffee = photographs.photographs((40, 60))["coffee.png"][30, 10]
    assert coffee[0] > coffee[2] + 20  # a brown table: RGB, not BGR


def test_the_first_five_count() -> None:
    check_classes(knowing(*KNOWN), SIZE)


def test_one_picture_that_is_not_known_is_enough() -> None:
    with refused(WeightsError, "sees_nothing", pictures=["rocket.jpg"]):
        check_classes(knowing(*KNOWN.keys() - {"rocket.jpg"}), SIZE)


def test_numbers_that_are_not_finite_know_nothing() -> None:
    with refused(WeightsError, "sees_nothing", pictures=list(KNOWN)):
        check_classes(lambda pixels: np.full((1, 1000), np.nan, np.float32), SIZE)


def test_rows_differ_from_picture_to_picture() -> None:
    check_rows(lambda pixels: pixels.reshape(1, -1).astype(np.float32), SIZE)


@pytest.mark.parametrize(
    ("value", "code"), [(np.nan, "numbers_not_finite"), (0.0, "says_the_same"), (1.0, "says_the_same")]
)
def test_rows_that_say_nothing(value: float, code: str) -> None:
    with refused(WeightsError, code):
        check_rows(lambda pixels: np.full((1, 8), value, np.float32), SIZE)


def test_too_few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "KNOWN", {"gone.png": {1}, **dict(list(KNOWN.items())[:2])})
    photographs.photographs.cache_clear()
    with refused(WeightsError, "no_photographs", expected=3, found=2):
        check_classes(knowing(), SIZE)
    photographs.photographs.cache_clear()
