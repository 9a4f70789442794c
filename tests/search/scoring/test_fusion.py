"""Fusion: hand-worked sums, what is missing stays missing, and ranks are settled to the last tie."""

from __future__ import annotations

import numpy as np
import pytest

from search.exceptions import FusionWeightsError, UnknownMethodError
from search.methods import METHODS
from search.scoring.fusion import DEFAULT_WEIGHTS, check_weights, fuse, rank, ranks, shares, top
from tests.codes import refused

NAN = float("nan")


def test_it_works() -> None:
    rarities = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, NAN]])
    weights = np.array([0.3, 0.1])
    assert fuse(rarities, weights) == pytest.approx([0.75, 0.5, 0.0])
    assert shares(rarities, weights)[:, 1] == pytest.approx([0.75, 0.25])


def test_default_weights_are_those_of_the_registry() -> None:
    assert {name: weight for name, weight in DEFAULT_WEIGHTS.items() if weight} == {
        "color": 0.05,
        "ssim": 0.05,
        "deep": 0.5,
        "siamese": 0.1,
        "local": 0.3,
    }
    assert list(DEFAULT_WEIGHTS) == list(METHODS)
    assert check_weights(DEFAULT_WEIGHTS) == DEFAULT_WEIGHTS


def test_missing_is_not_zero() -> None:
    rarities = np.array([[0.8, 0.8], [NAN, 0.0]])
    assert fuse(rarities, np.array([0.5, 0.5])) == pytest.approx([0.8, 0.4])


def test_an_image_without_any_method_has_no_score() -> None:
    scores = fuse(np.array([[NAN, 0.2], [0.9, 0.9]]), np.array([1.0, 0.0]))
    assert np.isnan(scores[0])
    assert scores[1] == pytest.approx(0.2)


def test_scale_of_the_weights_does_not_matter(rng: np.random.Generator) -> None:
    rarities = rng.random((3, 20))
    weights = np.array([0.3, 0.2, 0.5])
    assert fuse(rarities, weights) == pytest.approx(fuse(rarities, weights * 7))


def test_shares_add_up_to_one_or_to_nothing() -> None:
    rarities = np.array([[0.5, 0.0, NAN], [0.25, 0.0, NAN]])
    assert shares(rarities, np.array([1.0, 1.0])).sum(axis=0) == pytest.approx([1, 0, 0])


def test_weights_not_named_are_zero() -> None:
    assert check_weights({"deep": 1}) == dict.fromkeys(METHODS, 0) | {"deep": 1}


@pytest.mark.parametrize("weight", [-0.1, NAN, float("inf")])
def test_refuses_a_weight_that_is_no_amount(weight: float) -> None:
    with pytest.raises(FusionWeightsError, match="weight of color"):
        check_weights({"color": weight, "deep": 1})


def test_refuses_weights_that_are_all_zero() -> None:
    with pytest.raises(FusionWeightsError, match="all weights are 0"):
        check_weights({"color": 0})


def test_refuses_an_unknown_method() -> None:
    with refused(UnknownMethodError, "unknown_method", name="colour"):
        check_weights({"colour": 1})


def test_rank_breaks_ties_by_the_second_key_then_by_id() -> None:
    scores = np.array([0.5, 0.9, 0.5, NAN, 0.5])
    ties = np.array([0.1, 0.0, 0.2, 9.0, NAN])
    ids = np.array([7, 3, 9, 1, 2])
    assert rank(scores, ties, ids).tolist() == [1, 2, 0, 4]
    assert rank(scores, ties, ids, 2).tolist() == [1, 2]
    assert rank(np.array([1.0, 1.0]), np.zeros(2), np.array([8, 4])).tolist() == [1, 0]


def test_top_finds_the_highest_and_nothing_missing(rng: np.random.Generator) -> None:
    scores = rng.random(200)
    scores[::7] = NAN
    assert sorted(top(scores, 10)) == sorted(np.argsort(np.where(np.isnan(scores), -1, scores))[-10:])
    assert sorted(top(np.array([0.2, NAN, 0.1]), 10)) == [0, 2]
    assert top(np.array([NAN]), 1).size == 0


def test_ranks_share_equals_and_skip_the_missing() -> None:
    assert ranks(np.array([0.5, NAN, 0.9, 0.5, 0.1])).tolist() == [2, 0, 1, 2, 4]
