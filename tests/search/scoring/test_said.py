"""Images that say it in so many words, by hand-worked arrays."""

from __future__ import annotations

import numpy as np

from search.methods import load_method
from search.scoring.calibration import MAX_DECADES, UNKNOWN, fit
from search.scoring.said import SAID, SaidRows, with_said
from search.scoring.score import QueryRows, Rows

METHOD = load_method("color")
ROWS = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], np.float32)
MEANT = QueryRows(np.array([0.6, 0.8], np.float32), [Rows(3, ROWS, None, np.array([True, True, False]))])
ALL = np.ones(3, bool)


def test_it_works() -> None:
    rows = SaidRows(MEANT, np.array([False, True, True]))
    np.testing.assert_allclose(rows.scores(METHOD, ALL), [0.6, SAID + 0.8, SAID], atol=1e-6)
    assert rows.present().tolist() == [True, True, True]


def test_only_what_is_asked_is_answered() -> None:
    rows = SaidRows(MEANT, np.array([False, True, True]))
    np.testing.assert_allclose(rows.scores(METHOD, np.array([False, False, True])), [SAID])


def test_where_nothing_is_meant_only_what_is_said_counts() -> None:
    rows = SaidRows(None, np.array([False, True, False]))
    np.testing.assert_array_equal(rows.scores(METHOD, ALL), np.array([np.nan, SAID, np.nan], np.float32))
    assert rows.present().tolist() == [False, True, False]


def test_what_is_said_is_as_rare_as_can_be_and_the_rest_as_it_was() -> None:
    table = fit(np.linspace(-0.2, 0.7, 5000))
    said = with_said(table)
    below = np.array([-0.3, 0.0, 0.2, 0.69, 0.9], np.float32)
    np.testing.assert_allclose(said.decades_of(below), table.decades_of(below), atol=0.02)
    np.testing.assert_array_equal(said.decades_of(np.array([SAID, 1.3, 2.0], np.float32)), MAX_DECADES)
    assert np.all(np.diff(said.decades) >= 0)
    assert said.num_pairs == 5000


def test_a_library_of_which_nothing_is_known_knows_what_is_said() -> None:
    said = with_said(UNKNOWN)
    np.testing.assert_array_equal(said.decades_of(np.array([0.9, SAID], np.float32)), [0.0, MAX_DECADES])
