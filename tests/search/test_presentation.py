"""Bars and mixes: parts laid end to end, shares rounded for people."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.methods import METHODS
from search.presentation import GRAY, make_mix, method_looks, stacked

WEIGHTS = st.dictionaries(st.sampled_from(sorted(METHODS)), st.floats(0, 1), max_size=len(METHODS))


def test_every_method_has_a_look_of_its_own() -> None:
    looks = method_looks()
    assert list(looks) == list(METHODS)
    assert all(look.label and look.description for look in looks.values())
    assert len({look.color for look in looks.values()}) == len(looks)
    assert GRAY not in {look.color for look in looks.values()}


def test_parts_lie_end_to_end() -> None:
    segments = stacked({"color": 0.25, "ssim": 0.0, "deep": 0.5}, method_looks())
    assert [(each.look.name, each.x, each.width) for each in segments] == [("color", 0, 25), ("deep", 25, 50)]


@given(WEIGHTS)
def test_a_bar_has_neither_gaps_nor_overlaps(weights: dict[str, float]) -> None:
    total = sum(weights.values())
    parts = {name: weight / total for name, weight in weights.items()} if total else {}
    segments = stacked(parts, method_looks())
    for before, after in pairwise(segments):
        assert after.x == pytest.approx(before.x + before.width, abs=0.002)
    if segments:
        assert segments[-1].x + segments[-1].width == pytest.approx(100, abs=0.01)


def test_a_mix_leaves_out_what_counts_for_nothing() -> None:
    mix = make_mix({"color": 0.3, "ssim": 0.0, "deep": 0.9})
    assert [(part.look.label, part.percent) for part in mix.parts] == [
        (METHODS["color"].label, 25),
        (METHODS["deep"].label, 75),
    ]
    assert [segment.width for segment in mix.segments] == [25, 75]


def test_a_method_that_is_gone_is_gray_and_goes_by_its_name() -> None:
    (part,) = make_mix({"gone": 0.5}).parts
    assert (part.look.label, part.look.color, part.percent) == ("gone", GRAY, 100)


def test_no_weights_are_no_mix() -> None:
    assert make_mix({}).parts == []
    assert make_mix({"color": 0.0}).segments == []
