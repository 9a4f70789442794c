"""CSV without formulas."""

from __future__ import annotations

import pytest

from review.evidence.csv_safety import guard, unguard


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("heron", "heron"),
        ("", ""),
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("a=1", "a=1"),
    ],
)
def test_it_works(text: str, cell: str) -> None:
    assert guard(text) == cell
    assert unguard(cell) == text


def test_numbers_stay_numbers() -> None:
    assert [guard(value) for value in (-0.5, 3, None, True)] == [-0.5, 3, None, True]
