"""Scores and rarities in words."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from search.wording import number, one_in_number, rarity_sentence, rarity_short, score_number, score_sentence


@pytest.mark.parametrize(
    ("one_in", "text"),
    [
        (1.0, "1"),
        (3.4, "3"),
        (9.96, "10"),
        (47.2, "47"),
        (104.0, "100"),
        (12_345.0, "12,000"),
        (989_000.0, "990,000"),
        (999_999.0, "1,000,000"),
        (4e9, "1,000,000"),
    ],
)
def test_two_significant_digits(one_in: float, text: str) -> None:
    assert one_in_number(one_in) == text


def test_each_language_groups_numbers_by_itself() -> None:
    said = []
    for language in ("en", "de", "en"):
        with override(language):
            said.append((one_in_number(12_345), "12,000" in rarity_short(12_345)))
    assert said == [("12,000", True), ("12.000", False), ("12,000", True)]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.8126, 3, "0.813"),
        (0.9996, 3, "1.000"),
        (1234.5, 1, "1234.5"),
        (0.995, 1, "1.0"),
        (2, 0, "2"),
        (-0.001, 2, "0.00"),
    ],
)
def test_numbers_are_rounded_not_cut_off(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_a_rarity_is_said_in_words() -> None:
    assert rarity_sentence("color", 12_345) == "1 random pair in 12,000 is this alike in color"
    assert rarity_short(12_345) == "1 in 12,000"


def test_the_rarest_and_the_commonest_claim_no_more_than_is_known() -> None:
    assert rarity_sentence("deep", 1e9) == "Fewer than 1 random pair in 1,000,000 is this alike in content"
    assert rarity_sentence("ssim", 1.2) == "Most random pairs are this alike in structure"
    assert rarity_short(1e9) == "1 in 1,000,000 or more"
    assert rarity_short(1.2) == "as most pairs"


def test_a_fused_score_is_a_number_to_a_hundred() -> None:
    assert score_number(0.8749) == 87
    assert score_sentence(0.36) == "Fused score 36 of 100: as rare as 1 random pair in 1,100, averaged over the methods"
