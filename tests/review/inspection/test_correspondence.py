"""Spots that two pictures share, looked for closely."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from review.inspection.correspondence import correspond
from search.evaluation.augmentations import edit
from search.methods.keypoints.homography import apply
from tests.search.methods.keypoints.conftest import make_scene

Scene = NDArray[np.uint8]


@pytest.fixture(scope="module")
def street() -> Scene:
    return make_scene(7)


def test_it_works(street: Scene) -> None:
    found = correspond(street, street)
    assert found.motion is not None
    assert found.motion.matrix == pytest.approx(np.eye(3), abs=1e-3)
    assert found.motion.inliers == found.num_pairs == found.counts[0] == found.counts[1]
    assert found.motion.matched_area > 0.7
    assert not found.motion.mirrored


def test_a_crop_is_found_where_it_was_taken(street: Scene) -> None:
    height, width = street.shape[:2]
    crop = np.ascontiguousarray(street[height // 4 :, : width // 2])
    found = correspond(street, crop)
    assert found.motion is not None
    corner = apply(found.motion.matrix, np.array([[0.0, 0.25], [0.5, 1.0]]))
    assert corner == pytest.approx(np.array([[0, 0], [1, 1]]), abs=0.02)
    starts, ends = found.motion.points[:, 0], found.motion.points[:, 1]
    assert apply(found.motion.matrix, starts) == pytest.approx(ends, abs=0.02)


def test_a_mirrored_copy_is_found(street: Scene) -> None:
    found = correspond(street, np.ascontiguousarray(street[:, ::-1]))
    assert found.motion is not None
    assert found.motion.mirrored
    assert apply(found.motion.matrix, np.array([[0.0, 0.5]])) == pytest.approx(np.array([[1, 0.5]]), abs=0.01)


def test_a_turned_copy_is_found(street: Scene) -> None:
    found = correspond(street, edit("rotate_10", street, 3))
    assert found.motion is not None
    assert found.motion.inliers > 0.7 * found.num_pairs


def test_other_scenes_have_no_motion_in_common(street: Scene) -> None:
    found = correspond(street, make_scene(8))
    assert found.motion is None
    assert len(found.others) == found.num_pairs
    assert ((found.others >= 0) & (found.others <= 1)).all()


@pytest.mark.parametrize("size", [(3, 3), (200, 8), (64, 64)])
def test_pictures_without_spots_have_nothing_in_common(size: tuple[int, int], street: Scene) -> None:
    flat = np.full((*size, 3), 120, np.uint8)
    found = correspond(flat, street)
    assert (found.motion, found.num_pairs, found.counts[0]) == (None, 0, 0)


def test_a_picture_of_another_kind_is_refused(street: Scene) -> None:
    with pytest.raises(ValueError, match="image 0: expected"):
        correspond(street.astype(np.float32), street)
