"""Sliders, presets and the mix of weights beside an answer."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.methods import METHODS
from search.scoring.presets import COLLECTION_PRESET, DEFAULT_PRESET, PRESETS, presets_with, presets_within
from search.views.panel import make_sliders, preset_choices, weight_mix
from tests.search.plug_ins import Absent, Gray, Picky


@pytest.fixture
def three(plug_in_methods: Callable[..., None]) -> None:
    """Two methods, and one that lacks something here."""
    plug_in_methods(Gray, Picky, Absent)


@pytest.mark.usefixtures("three")
class TestSliders:
    def test_it_works(self) -> None:
        gray, picky, absent = make_sliders({"gray": 0.2, "picky": 0.6, "absent": 0.0})
        assert [(each.field, each.percent, each.unavailable) for each in (gray, picky)] == [
            ("w_gray", 25, ""),
            ("w_picky", 75, ""),
        ]
        assert absent.unavailable

    def test_a_method_that_lacks_something_leaves_its_part_to_the_others(self) -> None:
        sliders = make_sliders({"gray": 0.5, "picky": 0.5, "absent": 1.0})
        assert [each.percent for each in sliders] == [50, 50, 0]
        assert [each.weight for each in sliders] == [0.5, 0.5, 1.0]  # the slider itself stays where it was put
        assert [(each.look.name, each.x, each.width) for each in weight_mix(sliders)] == [
            ("gray", 0, 50),
            ("picky", 50, 50),
        ]

    @pytest.mark.parametrize("absent", [0.0, 1.0])
    def test_where_nothing_can_count_there_are_no_parts(self, absent: float) -> None:
        sliders = make_sliders({"gray": 0.0, "picky": 0.0, "absent": absent})
        assert [each.percent for each in sliders] == [0, 0, 0]
        assert weight_mix(sliders) == []

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
    def test_the_mix_fills_its_bar(self, gray: float, picky: float, absent: float) -> None:
        mix = weight_mix(make_sliders({"gray": gray, "picky": picky, "absent": absent}))
        if gray + picky > 0:
            assert sum(segment.width for segment in mix) == pytest.approx(100, abs=0.01)


class TestPresets:
    def test_the_one_with_these_weights_is_marked(self) -> None:
        choices = preset_choices(PRESETS["medical"].full_weights(), PRESETS)
        assert [each.name for each in choices if each.active] == ["medical"]
        assert [each.name for each in preset_choices({"color": 0.123}, PRESETS) if each.active] == []

    def test_weights_go_to_the_page_for_every_method(self) -> None:
        for choice in preset_choices({}, PRESETS):
            weights = json.loads(choice.as_json)
            assert list(weights) == list(METHODS)
            assert any(weights.values())

    @pytest.mark.usefixtures("three")
    def test_methods_that_cannot_be_used_here_are_named(self) -> None:
        own = presets_within({}, {"gray": 0.5, "absent": 0.5})
        other = presets_within({}, {"gray": 0.5})
        assert preset_choices({}, own)[0].unavailable == "Absent"
        assert preset_choices({}, other)[0].unavailable == ""

    def test_a_collection_s_own_come_first(self) -> None:
        presets = presets_within(presets_with({"color": 1.0}), {"ssim": 1.0})
        choices = preset_choices({"ssim": 1.0}, presets)
        assert [each.name for each in choices][:2] == [COLLECTION_PRESET, DEFAULT_PRESET]
        assert [each.active for each in choices][:2] == [True, False]

    def test_the_general_one_has_the_weights_that_the_site_decided_on(self) -> None:
        assert presets_with(PRESETS[DEFAULT_PRESET].full_weights()) is PRESETS
        decided = presets_with({"color": 1.0})
        assert decided[DEFAULT_PRESET].full_weights() == dict.fromkeys(METHODS, 0.0) | {"color": 1.0}
        assert decided[DEFAULT_PRESET].description != PRESETS[DEFAULT_PRESET].description
        assert {name: preset for name, preset in decided.items() if name != DEFAULT_PRESET} == {
            name: preset for name, preset in PRESETS.items() if name != DEFAULT_PRESET
        }
