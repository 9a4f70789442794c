"""Which rows are looked at closely: the best by all methods, the best by each, and those that share spots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.query.candidates import Candidates, SharedSpots, best_of, choose
from search.scoring.calibration import Calibration
from search.scoring.estimate import Scan
from search.scoring.segments import Segment

NUM = 100
NOBODY = np.empty(0, np.int64)
LINEAR = Calibration(0.0, 1.0, np.linspace(0, 6, 101), 1000)


def make_segment() -> Segment:
    return Segment(np.arange(1, NUM + 1), np.ones(NUM, bool), {})


def scan(products: NDArray[Any], weight: float = 1.0, present: NDArray[np.bool_] | None = None) -> Scan:
    return Scan(weight, LINEAR, products.astype(np.float32), present)


@pytest.fixture
def fused(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.permutation(np.linspace(0.1, 0.9, NUM))


def test_it_works(fused: NDArray[np.float64]) -> None:
    """A method of little weight knows one row well, spots bring up another; both stand among the best."""
    second = np.zeros(NUM)
    weak, spotted = np.argsort(fused)[:2].tolist()
    second[weak] = 1.0
    shared = {"local": SharedSpots(np.array([spotted]), np.array([3]))}
    scans = [scan(fused), scan(second, 0.01)]
    found = choose(make_segment(), np.arange(NUM), [scans], 20, [shared], NOBODY)
    assert {weak, spotted} <= set(found.rows.tolist())
    assert found.likely[0]["local"][found.rows == spotted].tolist() == [3]
    assert (found.likely[0]["local"][found.rows != spotted] == -1).all()
    (best,) = best_of([found], 20)
    assert len(best.rows) == 20
    assert {weak, spotted} <= set(best.rows.tolist())
    assert np.isin(np.argsort(-fused)[:17], best.rows).all()


def test_few_rows_are_all_kept(fused: NDArray[np.float64]) -> None:
    found = choose(make_segment(), np.arange(NUM), [[scan(fused)]], NUM, [{}], NOBODY)
    assert len(found.rows) == NUM
    assert not found.chosen.any()


def test_rows_that_a_method_lacks_are_not_its_best(fused: NDArray[np.float64]) -> None:
    lacking = np.argsort(-fused)[:50]
    present = np.ones(NUM, bool)
    present[lacking] = False
    found = choose(make_segment(), np.arange(NUM), [[scan(fused, present=present)]], 20, [{}], NOBODY)
    assert not np.isin(found.rows, lacking).any()


def test_what_says_it_goes_before_all_estimates(fused: NDArray[np.float64]) -> None:
    worst = int(np.argmin(fused))
    found = choose(make_segment(), np.arange(NUM), [[scan(fused)]], 5, [{}], np.array([worst + 1]))
    assert best_of([found], 1)[0].rows.tolist() == [worst]


def test_spots_alone_bring_up_rows_that_nothing_scans() -> None:
    shared = {"local": SharedSpots(np.array([7, 4]), np.array([0, 1]))}
    (best,) = best_of([choose(make_segment(), np.arange(NUM), [[]], 20, [shared], NOBODY)], 20)
    assert best.rows.tolist() == [4, 7]
    assert best.likely[0]["local"].tolist() == [1, 0]


def test_segments_compete_for_places_but_what_was_chosen_stays() -> None:
    def part(estimates: list[float], chosen: list[bool]) -> Candidates:
        return Candidates(make_segment(), np.arange(len(estimates)), np.array(estimates), np.array(chosen))

    first, second = best_of([part([0.9, 0.1, 0.8], [False, True, False]), part([0.85, np.nan], [False, True])], 4)
    assert first.rows.tolist() == [0, 1]
    assert second.rows.tolist() == [0, 1]
    assert [each.rows.tolist() for each in best_of([first, second], 1)] == [[1], [1]]
