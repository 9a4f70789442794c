"""What a search asks: which scores are shown, and which weights count."""

from __future__ import annotations

import pytest

from gallery.models import Collection
from search.models import CollectionWeights
from search.query.request import ScoreRange, SearchRequest, percent, presets_for, weights_of
from search.scoring.presets import COLLECTION_PRESET, PRESETS


@pytest.mark.parametrize(
    ("scores", "score", "side"),
    [
        (ScoreRange(), 0.0, 0),
        (ScoreRange(), 1.0, 0),
        (ScoreRange(50, 60), 0.5, 0),
        (ScoreRange(50, 60), 0.6, 0),
        (ScoreRange(50, 60), 0.499999, -1),
        (ScoreRange(50, 60), 0.600001, 1),
        (ScoreRange(highest=0), 0.01, 1),
        (ScoreRange(lowest=100), 0.99, -1),
    ],
)
def test_both_ends_are_within(scores: ScoreRange, score: float, side: int) -> None:
    assert scores.side(score) == side


def test_a_limit_holds_scores_that_binary_fractions_miss() -> None:
    assert 100 * 0.57 < 57
    assert percent(0.57) == 57
    assert ScoreRange(57, 57).side(0.57) == 0


def test_records_keep_the_limits_that_there_are() -> None:
    assert ScoreRange().as_thresholds() == {}
    assert ScoreRange(0, 12.5).as_thresholds() == {"min": 0, "max": 12.5}


@pytest.mark.django_db
def test_weights_of_a_collection_go_before_those_of_the_site() -> None:
    pond = Collection.objects.create(name="Pond")
    assert weights_of(SearchRequest(collection=pond)) == PRESETS["general"].full_weights()
    CollectionWeights.objects.create(collection=pond, preset="medical")
    assert weights_of(SearchRequest(collection=pond)) == PRESETS["medical"].full_weights()
    assert next(iter(presets_for(pond))) == COLLECTION_PRESET
    assert weights_of(SearchRequest()) == PRESETS["general"].full_weights()


@pytest.mark.django_db
def test_what_is_named_goes_before_all_else() -> None:
    named = weights_of(SearchRequest(preset="medical", adjusted={"color": 0.25}))
    assert named == PRESETS["medical"].full_weights() | {"color": 0.25}
    assert weights_of(SearchRequest(preset="medical", weights={"color": 1.0})) == {"color": 1.0}
