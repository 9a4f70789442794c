"""What the search page shows of a motion: how many keypoints match, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Image
from search.exceptions import SearchError
from search.features import registry
from search.generations import snapshot
from search.methods import METHODS, load_method
from search.types import Vectors, Verification
from search.views.matched_areas import containment_sentence, motion_look, motion_sentence
from tests.codes import notes
from tests.search.library import add_features, add_images
from tests.search.methods.keypoints.conftest import make_scene


def make_motion(
    inliers: int = 23,
    area: float = 0.612,
    *,
    mirrored: bool = False,
    inverted: bool = False,
    contained: float = 0.64,
    degrees: float = 0.0,
) -> Verification:
    polygon = np.array([[0.1, 0.2], [0.9, 0.2], [0.9, 1.1], [0.1, 1.1]])
    points = np.zeros((inliers, 2, 2))
    return Verification(inliers, area, polygon, points, np.eye(3), mirrored, inverted, contained, degrees)


class TestLook:
    def test_it_works(self) -> None:
        look = motion_look(make_motion(), Image(width=400, height=300))
        assert look.sentence == "23 keypoints match, 61 % of the area"
        assert look.short == "23 · 61 %"
        assert look.points == "40.0,60.0 360.0,60.0 360.0,330.0 40.0,330.0"

    def test_a_mirror_image_is_called_one(self) -> None:
        look = motion_look(make_motion(mirrored=True), Image(width=400, height=300))
        assert look.sentence == "23 keypoints match in mirror image, 61 % of the area"

    def test_it_says_how_much_of_the_query_is_there_and_what_was_done_to_it(self) -> None:
        look = motion_look(make_motion(degrees=-45.2), Image(width=400, height=300))
        assert look.containment == "Contains 64 % of the query, turned by 45°"
        assert containment_sentence(make_motion(contained=0.99, degrees=1)) == "Contains all of the query"
        changed = containment_sentence(make_motion(contained=0.002, mirrored=True, inverted=True))
        assert changed == "Contains 1 % of the query, in mirror image, as a negative"

    def test_no_match_covers_nothing(self) -> None:
        assert motion_look(make_motion(area=0.001), Image(width=400, height=300)).percent == 1

    def test_one_is_not_many(self) -> None:
        assert motion_sentence(1, 5, mirrored=False) == "1 keypoint matches, 5 % of the area"


@pytest.fixture
def only_two_methods() -> Iterator[None]:
    """Register color and keypoints only."""
    kept = dict(METHODS)
    for name in kept.keys() - {"color", "local"}:
        del METHODS[name]
    registry.methods.cache_clear()
    snapshot.forget()
    yield
    METHODS.clear()
    METHODS.update(kept)
    registry.methods.cache_clear()


@pytest.fixture(scope="module")
def rows() -> dict[str, Vectors]:
    """What the methods say of a scene, a crop of it, its mirror image, five other scenes, and a flat picture."""
    scene = make_scene(1)
    images = [scene, scene[30:220, 40:300], np.ascontiguousarray(scene[:, ::-1])]
    images += [*(make_scene(seed) for seed in range(2, 7)), np.full((240, 320, 3), 90, np.uint8)]
    return {name: load_method(name).describe(images) for name in ("color", "local")}


@pytest.fixture
def library(rows: dict[str, Vectors], only_two_methods: None, db: None) -> list[int]:
    """Ids of images with these features."""
    return add_scenes(rows)


def add_scenes(rows: dict[str, Vectors]) -> list[int]:
    ids = add_images(len(rows["local"]))
    Image.objects.filter(pk__in=ids).update(width=320, height=240)
    add_features(ids, rows)
    return ids


def search(client: Client, **parameters: object) -> str:
    text: str = client.get(reverse("search:results"), parameters).content.decode()
    return text


def test_it_works(client: Client, library: list[int]) -> None:
    response = client.get(reverse("search:results"), {"image": library[0]})
    text = response.content.decode()
    assert text.count('class="hit-area"') == 2
    motions = response.context["answer"].motions.of(response.context["answer"].results).values()
    assert {motion.mirrored for motion in motions} == {False, True}
    assert 'viewBox="0 0 320 240"' in text
    assert "Hide matched areas" in text


def test_areas_can_be_hidden(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0], areas="off")
    assert 'class="hit-area"' not in text
    assert text.count('class="hit-motion') == 2
    assert "Show matched areas" in text
    assert "areas=on" in text


def test_proven_images_go_first_and_say_what_they_contain(client: Client, library: list[int]) -> None:
    """By color alone, other scenes are as like the query as its copies."""
    text = search(client, image=library[0], w_color=1, w_local=0)
    shown = [int(image_id) for image_id in re.findall(r'data-image="(\d+)"', text)]
    assert set(shown[:2]) == set(library[1:3])
    assert text.count('data-note="proven"') == 2
    assert len(re.findall(r'data-proof="[1-9]', text)) == 2
    assert "in mirror image" in text
    assert "order=score" in text


def test_the_order_may_go_by_score_alone(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0], w_color=1, w_local=0, order="score")
    assert 'data-note="proven"' not in text
    assert 'data-note="order"' in text
    assert '<input type="hidden" name="order" value="score">' in text
    scores = [int(score) for score in re.findall(r"<span data-score>(\d+)</span>", text)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.django_db
@pytest.mark.usefixtures("without_network")
def test_with_words_the_score_decides_unless_proof_is_asked_for(client: Client, rows: dict[str, Vectors]) -> None:
    ids = add_scenes(rows)
    snapshot.forget()
    asked = {f"w_{name}": 0 for name in METHODS} | {"w_color": 1, "image": ids[0], "q": "zebra"}
    text = search(client, **asked)
    assert 'data-note="proven"' not in text
    assert 'data-note="order_by_words"' in text
    assert 'data-order="score"' in text
    assert '<input type="hidden" name="order" value="">' in text
    assert "order=proof" in text
    text = search(client, order="proof", **asked)
    assert text.count('data-note="proven"') == 2
    assert 'data-note="order_by_words"' not in text


def test_without_matches_there_is_nothing_to_hide(client: Client, library: list[int]) -> None:
    text = search(client, image=library[5])
    assert "hit-motion" not in text
    assert "matched areas" not in text


def test_motions_cost_no_query_to_the_database(
    client: Client, library: list[int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    search(client, image=library[0])
    with django_assert_num_queries(9):
        search(client, image=library[0])
    with django_assert_num_queries(9):
        search(client, image=library[5])


def test_keypoints_alone_rank_copies_first(client: Client, library: list[int]) -> None:
    text = search(client, image=library[0], w_color=0, w_local=1)
    shown = [int(image_id) for image_id in re.findall(r'data-image="(\d+)"', text)]
    assert set(shown[:2]) == set(library[1:3])


def test_a_picture_without_keypoints_is_told_so(client: Client, library: list[int]) -> None:
    text = search(client, image=library[-1], w_color=0.5, w_local=0.5)
    assert notes(text) == ["not_counted"]
    assert "partial" not in text
    alone = client.get(reverse("search:results"), {"image": library[-1], "w_color": 0, "w_local": 1})
    assert alone.status_code == 200
    assert "data-image" not in alone.content.decode()


@pytest.mark.usefixtures("only_two_methods", "db")
def test_a_preset_says_which_of_its_methods_are_missing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    (image_id,) = add_images(1)
    monkeypatch.setattr(registry.methods()["color"], "unavailable", lambda: SearchError("no colors today"))
    product = search(client, image=image_id, preset="product")
    assert re.search(r'data-preset-note="product"\s*>', product)
    general = search(client, image=image_id)
    assert re.search(r'data-preset-note="product"\s+hidden', general)
    assert 'data-preset-note="medical"' not in general
