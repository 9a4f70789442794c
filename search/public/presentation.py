"""How methods, weights, scores and rarities are named and drawn."""

from search.presentation import MethodLook, make_mix, method_looks, stacked
from search.wording import (
    number,
    rarity_sentence,
    rarity_short,
    score_number,
    score_sentence,
    standard_detail,
    standard_sentence,
)

__all__ = [
    "MethodLook",
    "make_mix",
    "method_looks",
    "number",
    "rarity_sentence",
    "rarity_short",
    "score_number",
    "score_sentence",
    "stacked",
    "standard_detail",
    "standard_sentence",
]
