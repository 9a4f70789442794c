"""The numbers of one method, read from the documents that hold them."""

from __future__ import annotations

from typing import Any

import pytest

from search.types import MethodScore, Missing


def test_it_reads_what_a_verdict_rests_on() -> None:
    document = {
        "weight": 0.4, "version": "2", "raw": 0.8, "decades": 2.0, "rarity": 0.19, "one_in": 100.0, "share": 0.7,
        "guide": None, "missing": "",
    }  # fmt: skip
    found = MethodScore.read("color", document)
    assert found == MethodScore("color", 0.4, 0.8, 2.0, 0.19, 0.7)
    assert found.one_in == 100


def test_a_recorded_search_holds_no_decades() -> None:
    document = {"raw": 0.8, "rarity": 0.19, "one_in": 1000.0, "weight": 1, "share": 0.7, "rank": 3}
    found = MethodScore.read("color", document)
    assert found.decades == pytest.approx(3)
    assert found.rank == 3
    assert found.figures(("weight", "rank")) == {"weight": 1.0, "rank": 3}


@pytest.mark.parametrize("document", [{}, {"raw": None, "weight": 0.4, "missing": "not computed yet"}, {"raw": "?"}])
def test_what_a_document_lacks_is_missing(document: dict[str, Any]) -> None:
    found = MethodScore.read("color", document)
    assert found.missing == Missing.NO_SCORE
    assert (found.raw, found.one_in, found.share, found.rank) == (None, None, None, None)
    assert found.weight == document.get("weight", 0.0)


def test_what_is_not_missing_is_false() -> None:
    assert not MethodScore("color", 1.0, 0.5).missing
    assert all(each for each in Missing if each is not Missing.NOT)
