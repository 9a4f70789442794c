from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from search.exceptions import DimensionMismatchError
from search.methods import local
from search.methods.keypoints.homography import apply
from search.methods.keypoints.rows import SLOTS
from search.methods.local import Local
from search.types import RGBImage, Vectors
from tests.codes import refused
from tests.search.methods.keypoints.conftest import make_scene

METHOD = Local()
EDITS: dict[str, Callable[[RGBImage], Any]] = {
    "same": lambda image: image,
    "crop": lambda image: image[40:200, 60:280],
    "half": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "squeezed": lambda image: cv2.resize(image, None, fx=0.7, fy=1, interpolation=cv2.INTER_AREA),
    "quarter_turn": lambda image: np.ascontiguousarray(np.rot90(image)),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "mirrored_and_turned": lambda image: np.ascontiguousarray(np.rot90(image[:, ::-1])),
    "darker": lambda image: (image * 0.6).astype(np.uint8),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.2),
    "inverted": lambda image: 255 - image,
    "inverted_and_mirrored": lambda image: np.ascontiguousarray(255 - image[:, ::-1]),
    "gray": lambda image: np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8),
    "slanted": lambda image: cv2.warpPerspective(
        image, np.array([[0.9, 0.1, 0], [0.05, 0.9, 10], [0.0006, 0.0003, 1]]), (320, 240), borderValue=(128, 128, 128)
    ),
}


@pytest.fixture(scope="module")
def scene() -> RGBImage:
    return make_scene(1)


@pytest.fixture(scope="module")
def library() -> Vectors:
    """Rows of twelve scenes; the first is `scene`."""
    return METHOD.describe([make_scene(seed) for seed in range(1, 13)])


@pytest.mark.parametrize("edit", EDITS)
def test_copies_are_found_and_nothing_else(edit: str, scene: RGBImage, library: Vectors) -> None:
    scores = METHOD.scores(METHOD.describe([EDITS[edit](scene)])[0], library)
    assert scores[0] * SLOTS >= 12
    assert scores[1:].tolist() == [0] * 11


def test_a_picture_in_a_picture_is_found_in_both_directions(scene: RGBImage, library: Vectors) -> None:
    montage = np.zeros((480, 640, 3), np.uint8)
    montage[:240, :320], montage[240:, 320:] = make_scene(30), scene
    row = METHOD.describe([montage])[0]
    inside, around = METHOD.verify(library[0], row), METHOD.verify(row, library[0])
    assert inside is not None
    assert around is not None
    assert inside.matched_area == pytest.approx(0.25, abs=0.06)
    np.testing.assert_allclose(inside.polygon.mean(axis=0), [0.75, 0.75], atol=0.05)
    assert around.matched_area > 0.75


def test_the_score_is_the_share_of_fitting_keypoints(scene: RGBImage, library: Vectors) -> None:
    row = METHOD.describe([scene[20:220, 30:290]])[0]
    found = METHOD.verify(row, library[0])
    assert found is not None
    assert METHOD.scores(row, library[:1])[0] == found.inliers / SLOTS


def test_a_picture_is_wholly_like_itself(library: Vectors) -> None:
    assert METHOD.scores(library[0], library[:1])[0] == pytest.approx(1, abs=0.05)


def test_verify_maps_places(scene: RGBImage, library: Vectors) -> None:
    """The query is the crop of rows 40..200 and columns 60..280 of a picture of 320 x 240."""
    found = METHOD.verify(METHOD.describe([EDITS["crop"](scene)])[0], library[0])
    assert found is not None
    corners = apply(found.matrix, np.array([[0, 0], [1, 1.0]]))
    np.testing.assert_allclose(corners, [[60 / 320, 40 / 240], [280 / 320, 200 / 240]], atol=0.02)
    assert found.matched_area == pytest.approx(220 * 160 / (320 * 240), abs=0.08)
    assert found.points.shape == (found.inliers, 2, 2)


@pytest.mark.parametrize("edit", ["mirrored", "mirrored_and_turned"])
def test_verify_tells_a_mirrored_copy(edit: str, scene: RGBImage, library: Vectors) -> None:
    found = METHOD.verify(METHOD.describe([EDITS[edit](scene)])[0], library[0])
    assert found is not None
    assert found.mirrored


def test_verify_tells_an_inverted_copy_and_how_it_is_turned(scene: RGBImage, library: Vectors) -> None:
    turned = np.ascontiguousarray(np.rot90(255 - scene[20:220, 30:290]))
    found = METHOD.verify(METHOD.describe([turned])[0], library[0])
    assert found is not None
    assert (found.mirrored, found.inverted) == (False, True)
    assert found.degrees == pytest.approx(90, abs=2)
    assert found.contained == pytest.approx(1, abs=0.02)
    assert METHOD.proof(found) > 0


def test_chance_proves_nothing(scene: RGBImage, library: Vectors) -> None:
    found = METHOD.verify(METHOD.describe([EDITS["crop"](scene)])[0], library[0])
    assert found is not None
    assert METHOD.proof(found) == pytest.approx(found.inliers * found.contained)
    assert METHOD.proof(replace(found, inliers=local.MIN_PROOF - 1)) == 0
    assert METHOD.proof(replace(found, matched_area=0.01, contained=0.01)) == 0
    assert METHOD.proof(replace(found, matched_area=0.5, contained=0.25)) == found.inliers / 2
    assert METHOD.least_proof() == local.MIN_PROOF / SLOTS


@pytest.fixture(scope="module")
def montage(scene: RGBImage) -> RGBImage:
    """A busy picture with `scene` in a twelfth of it."""
    busy = np.vstack([np.hstack([make_scene(40 + 3 * row + column) for column in range(3)]) for row in range(3)])
    busy[240:480, 320:640] = scene
    return np.ascontiguousarray(cv2.resize(busy, (480, 360), interpolation=cv2.INTER_AREA))


def test_a_query_that_shows_an_image_in_a_small_part_of_it_is_described_more_closely(
    montage: RGBImage, library: Vectors
) -> None:
    few, many = METHOD.describe([montage])[0], METHOD.describe_query([montage])[0]
    assert METHOD.takes(few)
    assert METHOD.takes(many)
    unknown, known = np.full(len(library), -1), np.zeros(len(library), np.int64)
    likely = METHOD.scores_of_likely(many, library, known)
    assert likely[0] >= METHOD.least_proof()
    assert (likely[1:] < METHOD.least_proof()).all()
    assert likely[0] >= METHOD.scores_of_likely(many, library, unknown)[0]
    # of images that are both kept there is one score
    np.testing.assert_array_equal(METHOD.scores_of_likely(few, library, known), METHOD.scores(few, library))


def test_spots_of_a_query_come_in_every_way(library: Vectors) -> None:
    stored, asked = METHOD.spots(library[:2], 64), METHOD.asked_spots(library[0], 64)
    assert np.unique(stored.owners).tolist() == [0, 1]
    assert np.unique(asked.owners).tolist() == [0, 1, 2, 3]
    own = stored.cells[stored.owners == 0, 0]
    np.testing.assert_array_equal(asked.cells[asked.owners == 0, 0], own)


def test_verify_finds_nothing_between_strangers(library: Vectors) -> None:
    assert METHOD.verify(library[0], library[1]) is None


def test_a_query_without_keypoints_says_nothing(library: Vectors) -> None:
    flat = METHOD.describe([np.full((50, 50, 3), 90, np.uint8)])[0]
    assert np.isnan(METHOD.scores(flat, library)).all()
    assert METHOD.verify(flat, library[0]) is None
    reason = METHOD.abstains(flat)
    assert reason is not None
    assert (reason.code, reason.params) == ("too_few_keypoints", {"num": 0, "least": 6})
    assert METHOD.abstains(library[0]) is None


def test_an_image_without_keypoints_is_no_copy(library: Vectors) -> None:
    flat = METHOD.describe([np.full((50, 50, 3), 90, np.uint8)])
    assert METHOD.scores(library[0], flat).tolist() == [0]


def test_more_copies_than_can_be_looked_at_still_count(
    scene: RGBImage, library: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "MAX_VERIFIED", 3)
    crops = [scene[edge : 240 - edge, edge : 320 - edge] for edge in range(0, 60, 10)]
    scores = METHOD.scores(library[0], METHOD.describe(crops))
    assert (scores > 0).all()
    assert scores[3:].max() <= scores[:3].min()


def test_many_images_are_glanced_at_in_bounded_memory(library: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = METHOD.scores(library[2], library)
    monkeypatch.setattr(local, "_CHUNK", 5)
    np.testing.assert_array_equal(METHOD.scores(library[2], library), whole)


def test_rows_of_anything_do_no_harm(library: Vectors, rng: np.random.Generator) -> None:
    noise = rng.integers(0, 256, (40, METHOD.dim), np.uint8)
    assert np.isfinite(METHOD.scores(library[0], noise)).all()
    METHOD.scores(noise[0], noise)


def test_rows_of_another_type_are_refused(library: Vectors) -> None:
    about = {"method": "local", "expected": 8584, "shape": "(1, 8584)", "dtype": "float32"}
    with refused(DimensionMismatchError, "bytes_expected", **about):
        METHOD.scores(library[0], library[:1].astype(np.float32))
    with refused(DimensionMismatchError, "bytes_expected", shape="(1, 100)"):
        METHOD.verify(library[0], library[0, :100])


def test_the_textbooks_method_is_reachable(scene: RGBImage) -> None:
    assert METHOD.textbook_similarity(scene, EDITS["half"](scene)) > 0.2
    assert METHOD.textbook_similarity(np.zeros((40, 40, 3), np.uint8), scene) == 0
