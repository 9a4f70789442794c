"""What a result's card shows: reasons, bars and what is missing, from answers written out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from django.template.loader import get_template

from gallery.models import Image
from search.methods import METHODS
from search.query.badges import Badge
from search.types import Answer, MethodScore, Missing, Result, Verification
from search.views.cards import Card, card_words, make_cards

MOTION = Verification(
    inliers=12,
    matched_area=0.25,
    polygon=np.array([[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]),
    points=np.zeros((12, 2, 2)),
    matrix=np.eye(3),
    mirrored=False,
    inverted=False,
    contained=0.25,
    degrees=0.0,
)


class Motions:
    """Knows the motions onto some images, and for which results it was asked."""

    def __init__(self, *image_ids: int) -> None:
        self.image_ids, self.asked = image_ids, list[int]()

    def of(self, results: Iterable[Result]) -> Mapping[int, Verification]:
        self.asked = [result.image_id for result in results]
        return {image_id: MOTION for image_id in self.asked if image_id in self.image_ids}


def said(name: str, share: float, weight: float = 0.5, rarity: float = 0.5) -> MethodScore:
    return MethodScore(name, weight, 0.8126, 3.0, rarity, share, 1204)


def silent(name: str, weight: float = 0.5) -> MethodScore:
    return MethodScore(name, weight, missing=Missing.NO_SCORE)


def image(pk: int, **about: Any) -> Image:
    return Image(pk=pk, sha256=f"{pk:064}", width=200, height=100, original_name=f"{pk}.png", **about)


def answer(
    *methods: MethodScore, missing: Mapping[str, str] | None = None, motions: Any = None, num: int = 1
) -> Answer:
    results = [Result(pk, pk, 0.6, {each.method: each for each in methods}) for pk in range(1, num + 1)]
    about = {"motions": motions} if motions else {}
    return Answer(results, {}, num, num, True, None, missing_methods=missing or {}, **about)


def card(*methods: MethodScore, **about: Any) -> Card:
    (found,) = make_cards(answer(*methods, **about), {1: image(1)})
    return found


def test_it_works() -> None:
    found = card(said("color", 0.25), said("deep", 0.75, rarity=0.64321))
    assert (found.rank, found.number) == (1, 60)
    assert [segment.look.name for segment in found.segments] == ["color", "deep"]
    assert [segment.width for segment in found.segments] == [15, 45]  # parts of the score, not of the whole bar
    assert found.main is not None
    assert found.main.look.name == "deep"
    assert (found.main.raw, found.main.weight, found.main.rank, found.main.share_percent) == (
        "0.813",
        "0.50",
        "1,204",
        75,
    )
    assert 'width="64.32"' in found.main.bar
    assert [reason.look.name for reason in found.reasons] == list(METHODS)


def test_the_page_gets_what_it_re_ranks_by() -> None:
    rarities = json.loads(card(said("color", 1.0, rarity=0.1234567), silent("deep")).rarities)
    assert rarities == dict.fromkeys(METHODS) | {"color": 0.12346}


def test_a_method_that_says_nothing_of_this_image_is_named_on_the_card() -> None:
    found = card(said("color", 1.0), silent("deep"), silent("ssim", weight=0.0))
    assert [reason.look.name for reason in found.missing] == ["deep"]  # without a weight it would not count anyway
    assert {reason.look.name for reason in found.reasons if reason.missing} == set(METHODS) - {"color"}


def test_what_the_query_lacks_is_said_above_the_results_alone() -> None:
    found = card(said("color", 1.0), silent("deep"), missing={"deep": "no such weights"})
    assert found.missing == []
    deep = next(reason for reason in found.reasons if reason.look.name == "deep")
    assert deep.missing == "no such weights"


def test_where_nothing_is_in_common_no_method_speaks_loudest() -> None:
    found = card(said("color", 0.0, rarity=0.0))
    assert found.main is None
    assert found.segments == []
    assert found.reasons[list(METHODS).index("color")].share_percent == 0


def test_a_result_whose_image_is_gone_has_no_card() -> None:
    cards = make_cards(answer(said("color", 1.0), num=3), {1: image(1), 3: image(3)})
    assert [(each.image.pk, each.rank) for each in cards] == [(1, 1), (3, 3)]


def test_motions_are_looked_for_among_what_is_shown() -> None:
    motions = Motions(1, 2)
    found = answer(said("color", 0.5), said("local", 0.5), motions=motions, num=3)
    first, third = make_cards(found, {1: image(1), 3: image(3)}, with_motions=True)
    assert motions.asked == [1, 3]
    assert third.motion is None
    assert first.motion is not None
    assert (first.motion.percent, first.motion.short) == (25, "12 · 25 %")
    assert first.motion.points == "0.0,0.0 100.0,0.0 100.0,50.0 0.0,50.0"
    proofs = {reason.look.name: reason.proof for reason in first.reasons if reason.proof}
    assert proofs == {"local": first.motion.sentence}  # only a method that re-ranks can show it


def test_without_being_asked_no_motion_is_looked_for() -> None:
    motions = Motions(1)
    make_cards(answer(said("local", 1.0), motions=motions), {1: image(1)})
    assert motions.asked == []


def test_a_hit_leads_to_the_comparison_with_the_query() -> None:
    found = answer(said("color", 1.0))
    (plain,) = make_cards(found, {1: image(1)}, queried=image(7))
    (kept,) = make_cards(found, {1: image(1)}, queried=image(7), kept="preset=medical")
    assert plain.compare_url == "/compare/7/1/"
    assert kept.compare_url == "/compare/7/1/?preset=medical"
    assert card(said("color", 1.0)).compare_url == ""  # an upload is no image of the library


def test_badges_stand_on_their_hits() -> None:
    apart = Badge("different", "people said so", "bad", apart=True)
    marks = {1: [Badge("same", "people said so")], 2: [Badge("unsure", "so far"), apart]}
    first, second, third = make_cards(
        answer(said("color", 1.0), num=3), {pk: image(pk) for pk in (1, 2, 3)}, marks=marks
    )
    assert [len(each.marks) for each in (first, second, third)] == [1, 2, 0]
    assert [each.apart for each in (first, second, third)] == [False, True, False]


@pytest.mark.parametrize(
    ("about", "name"),
    [
        ({"title": "A heron", "label": "bird"}, "A heron"),
        ({"label": "bird"}, "bird"),
        ({}, "1.png"),
    ],
)
def test_the_best_name_in_few_words(about: dict[str, str], name: str) -> None:
    (found,) = make_cards(answer(said("color", 1.0)), {1: image(1, **about)})
    assert found.name == name


def test_no_word_of_a_card_is_lacking() -> None:
    words = card_words()
    parts = [get_template(f"search/{name}.html").template.source for name in ("_hit", "_why")]
    assert {name for part in parts for name in re.findall(r"words\.(\w+)", part)} == set(words)
    assert all(words.values())
