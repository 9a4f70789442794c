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
from search.views.matched_areas import motion_look, motion_sentence
from tests.codes import notes
from tests.search.library import add_features, add_images
from tests.search.methods.keypoints.conftest import make_scene


def make_motion(inliers: int = 23, area: float = 0.612, *, mirrored: bool = False) -> Verification:
    polygon = np.array([[0.1, 0.2], [0.9, 0.2], [0.9, 1.1], [0.1, 1.1]])
    return Verification(inliers, area, polygon, np.zeros((inliers, 2, 2)), np.eye(3), mirrored)


class TestLook:
    def test_it_works(self) -> None:
        look = motion_look(make_motion(), Image(width=400, height=300))
        assert look.sentence == "23 keypoints match, 61 % of the area"
        assert look.short == "23 · 61 %"
        assert look.points == "40.0,60.0 360.0,60.0 360.0,330.0 40.0,330.0"

    def test_a_mirror_image_is_called_one(self) -> None:
        look = motion_look(make_motion(mirrored=True), Image(width=400, height=300))
        assert look.sentence == "23 keypoints match in mirror image, 61 % of the area"

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
    assert 'data-preset-note="copyright"' not in general
