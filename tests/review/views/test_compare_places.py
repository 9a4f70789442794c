"""Where an image stands in a search for another: every outcome by its code."""

from __future__ import annotations

from typing import Any

import pytest

from gallery.models import Image
from review.views.compare_places import MethodLine, PlaceLook
from search.presentation import method_looks
from search.public.searching import PAGE_SIZE, MethodPlace, Place, Result


def look(**about: Any) -> PlaceLook:
    return PlaceLook(Image(pk=1), Image(pk=2), place=Place(num_images=1301, num_candidates=1300, **about))


def result(rank: int = 3, score: float = 0.456) -> Result:
    return Result(2, rank, score, {})


@pytest.mark.parametrize(
    ("about", "code", "shown"),
    [
        ({"found": result(), "rank": 3}, "found", True),
        ({"found": result(), "rank": 3, "reasons": ["below the threshold"]}, "left_out", False),
        ({"rank": 1204, "reasons": ["others are more alike"]}, "ranked_too_low", False),
        ({"reasons": ["hidden"]}, "not_found", False),
    ],
)
def test_outcomes(about: dict[str, Any], code: str, shown: bool) -> None:
    found = look(**about)
    assert (found.code, found.shown) == (code, shown)
    assert found.verdict
    assert found.verdict != look().verdict or code == "not_found"


def test_a_search_that_there_is_not_says_why() -> None:
    found = PlaceLook(Image(pk=1), Image(pk=2), problem="image 1 has no features")
    assert (found.code, found.verdict, found.compared, found.shown) == (
        "no_search",
        "image 1 has no features",
        "",
        False,
    )
    assert not found.beyond_first_page
    assert found.lies == look(lies="").lies


def test_numbers_are_grouped_and_the_image_itself_is_not_counted() -> None:
    assert "1,204" in look(rank=1204).verdict
    assert "1,300" in look(rank=1204).verdict
    assert "46" in look(found=result(), rank=3).verdict


def test_a_library_of_one_image_is_no_library_of_none() -> None:
    found = PlaceLook(Image(pk=1), Image(pk=2), place=Place(rank=1, num_images=1))
    assert "of 1" in found.verdict


@pytest.mark.parametrize(("rank", "beyond"), [(PAGE_SIZE, False), (PAGE_SIZE + 1, True)])
def test_later_pages_are_told(rank: int, beyond: bool) -> None:
    assert look(found=result(rank), rank=rank).beyond_first_page is beyond
    assert not look(rank=rank).beyond_first_page  # what was not found is on no page


def test_how_candidates_were_gathered() -> None:
    exact, indexed = look(exact=True).compared, look(exact=False).compared
    assert exact != indexed
    assert "1,300" in exact
    assert "1,301" in indexed


def test_where_the_index_has_it() -> None:
    places = [look(lies=lies, generation_id=7).lies for lies in ("generation", "delta", "")]
    assert len(set(places)) == 3
    assert "7" in places[0]


def test_ranks_of_methods() -> None:
    color = method_looks()["color"]
    assert MethodLine(color, MethodPlace(12_345, 20_000)).rank == "12,345"
    assert MethodLine(color, None).rank == "–"
