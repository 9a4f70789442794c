"""Which methods gather candidates, by which weights, and among which rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from search.methods import METHODS, Method
from search.methods.color import Color
from search.methods.local import Local
from search.methods.ssim import Ssim
from search.methods.texture import Texture
from search.query.matching import allowed_rows, fit_query, gathering_weights, proxies_of
from search.scoring.segments import MethodRows, Segment, Snapshot

KINDS: dict[str, Method] = {"color": Color(), "ssim": Ssim(), "texture": Texture(), "local": Local()}
ROW = np.zeros(3, np.float32)
NAMES = st.sets(st.sampled_from(sorted(KINDS)))
WEIGHTS = st.fixed_dictionaries({name: st.sampled_from([0.0, 0.25, 1.0]) for name in KINDS})


class TestWeights:
    def test_methods_with_a_weight_gather(self) -> None:
        weights = {"color": 0.5, "ssim": 0.0, "texture": 0.25, "local": 1.0}
        assert gathering_weights(dict.fromkeys(KINDS, ROW), weights, KINDS) == {"color": 0.5, "texture": 0.25}

    def test_for_one_that_only_re_ranks_the_others_gather_by_their_usual_weights(self) -> None:
        weights = dict.fromkeys(KINDS, 0.0) | {"local": 1.0}
        usual = {name: METHODS[name].default_weight for name in ("color", "ssim")}
        assert gathering_weights(dict.fromkeys(KINDS, ROW), weights, KINDS) == usual  # texture has none

    def test_where_none_of_them_has_a_usual_weight_all_count_the_same(self) -> None:
        weights = dict.fromkeys(KINDS, 0.0) | {"local": 1.0}
        assert gathering_weights({"texture": ROW, "local": ROW}, weights, KINDS) == {"texture": 1.0}

    def test_without_any_weight_nothing_gathers(self) -> None:
        assert gathering_weights(dict.fromkeys(KINDS, ROW), dict.fromkeys(KINDS, 0.0), KINDS) == {}

    @given(NAMES, WEIGHTS)
    def test_what_gathers_can_be_scanned_and_has_a_weight(self, names: set[str], weights: dict[str, float]) -> None:
        vectors = dict.fromkeys(names, ROW)
        found = gathering_weights(vectors, weights, KINDS)
        assert found.keys() <= names - {"local"}
        assert all(weight > 0 for weight in found.values())
        weighted = {name: weights[name] for name in names if name != "local" and weights[name]}
        if weighted:
            assert found == weighted
        elif "local" in names and weights["local"]:
            assert bool(found) == bool(names - {"local"})


def test_costly_methods_are_compared_by_their_proxies() -> None:
    vectors = {name: KINDS[name].describe([np.full((32, 32, 3), 90, np.uint8)])[0] for name in ("color", "ssim")}
    found = proxies_of(vectors, ["color", "ssim"], KINDS)
    assert found["color"] is vectors["color"]
    np.testing.assert_array_equal(found["ssim"], Ssim().proxy(vectors["ssim"][None])[0])
    assert list(proxies_of(vectors, ["ssim"], KINDS)) == ["ssim"]


def segment(ids: list[int], closed: tuple[int, ...] = (), dim: int = 3) -> Segment:
    image_ids = np.array(ids, np.int64)
    rows = MethodRows("1", np.zeros((len(ids), dim), np.float32))
    return Segment(image_ids, ~np.isin(image_ids, closed), {"color": rows})


class TestRows:
    @pytest.mark.parametrize(
        ("allowed", "excluded", "expected"),
        [
            (None, [], [True, False, True, True]),
            ([1, 2, 9], [], [True, False, False, False]),  # 2 may not be found, 9 is not there
            (None, [3], [True, False, False, True]),
            ([1, 3], [1], [False, False, True, False]),
            ([], [], [False] * 4),
        ],
    )
    def test_which_may_be_found(self, allowed: list[int] | None, excluded: list[int], expected: list[bool]) -> None:
        ids: NDArray[np.int64] | None = None if allowed is None else np.array(allowed, np.int64)
        assert allowed_rows(segment([1, 2, 3, 4], closed=(2,)), ids, excluded).tolist() == expected

    def test_the_segment_s_own_mask_is_not_written_to(self) -> None:
        held = segment([1, 2, 3])
        allowed_rows(held, np.array([1]), [2])
        assert held.searchable.all()


class TestFitting:
    def test_vectors_of_another_length_are_told_apart(self) -> None:
        snapshot = Snapshot((segment([1]), segment([2])), {})
        fitting, other = fit_query({"color": ROW, "texture": np.zeros(7)}, snapshot, KINDS)
        assert list(fitting) == ["color", "texture"]  # texture is in no segment: there is nothing to differ from
        assert other == []
        assert fit_query({"color": np.zeros(4)}, snapshot, KINDS)[1] == ["color"]

    def test_segments_that_differ_fit_nothing(self) -> None:
        snapshot = Snapshot((segment([1], dim=3), segment([2], dim=4)), {})
        for dim in (3, 4):
            assert fit_query({"color": np.zeros(dim)}, snapshot, KINDS) == ({}, ["color"])
