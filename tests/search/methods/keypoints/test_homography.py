from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.methods.keypoints.homography import apply, describe, fit
from search.methods.keypoints.rows import LENGTH, SLOTS, Keypoints

Places = NDArray[np.float64]
AS_IT_IS = {"mirrored": False, "inverted": False}
MILD = np.array([[0.6, -0.2, 0.3], [0.15, 0.7, 0.1], [0.2, 0.1, 1.0]])


@pytest.fixture
def start(rng: np.random.Generator) -> Places:
    return rng.uniform((0, 0), (1, 0.75), (30, 2))


def keypoints(places: Places, size: float = 0.01, frame: tuple[float, float] = (1, 0.75)) -> Keypoints:
    filled = np.zeros((1, SLOTS, 2), np.float32)
    filled[0, : len(places)] = places
    return Keypoints(
        np.array([len(places)]),
        np.array([frame], np.float32),
        filled,
        np.full((1, SLOTS), size, np.float32),
        np.zeros((1, SLOTS), np.float32),
        np.zeros((1, SLOTS, LENGTH), np.uint8),
    )


class TestFit:
    def test_it_works(self, start: Places) -> None:
        found = fit(start, apply(MILD, start))
        assert found is not None
        matrix, fitting = found
        np.testing.assert_allclose(matrix / matrix[2, 2], MILD, atol=1e-4)
        assert fitting.all()

    def test_wrong_pairs_are_told_apart(self, start: Places, rng: np.random.Generator) -> None:
        end = apply(MILD, start)
        end[20:] = rng.uniform((0, 0), (1, 0.75), (10, 2))
        found = fit(start, end)
        assert found is not None
        np.testing.assert_allclose(found[0] / found[0][2, 2], MILD, atol=1e-3)
        assert found[1][:20].all()
        assert found[1][20:].sum() <= 1

    def test_the_same_pairs_give_the_same_motion(self, start: Places, rng: np.random.Generator) -> None:
        end = apply(MILD, start) + rng.normal(0, 0.004, start.shape)
        one, other = fit(start, end), fit(start, end)
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one[0], other[0])

    def test_too_few_pairs_are_refused(self, start: Places) -> None:
        assert fit(start[:5], apply(MILD, start[:5])) is None
        assert fit(start[:0], start[:0]) is None

    def test_pairs_without_a_common_motion_are_refused(self, start: Places, rng: np.random.Generator) -> None:
        assert fit(start[:12], rng.uniform(0, 1, (12, 2))) is None

    def test_pairs_in_one_spot_are_refused(self, start: Places) -> None:
        spot = 0.4 + 0.02 * start
        assert fit(spot, apply(MILD, spot)) is None

    def test_pairs_along_one_line_are_refused(self, start: Places) -> None:
        line = np.column_stack([start[:, 0], 0.2 + 0.5 * start[:, 0]])
        line[:, 1] += 0.001 * start[:, 1]
        assert fit(line, apply(MILD, line)) is None

    def test_a_mirror_is_refused(self, start: Places) -> None:
        assert fit(start, start * [-1, 1] + [1, 0]) is None

    @pytest.mark.parametrize("stretch", [(1, 0.25), (0.25, 1), (16, 16), (0.06, 0.06)])
    def test_motions_beyond_those_of_copies_are_refused(self, start: Places, stretch: tuple[float, float]) -> None:
        assert fit(start, start * stretch) is None

    def test_a_picture_seen_at_too_steep_a_slant_is_refused(self, start: Places) -> None:
        assert fit(start, apply(np.array([[1, 0, 0], [0, 1, 0], [4, 0, 1.0]]), start)) is None

    def test_a_picture_that_folds_over_the_horizon_is_refused(self, start: Places) -> None:
        assert fit(start, apply(np.array([[1, 0, 0], [0, 1, 0], [-2, 0, 1.01]]), start)) is None


class TestDescribe:
    def test_it_works(self, start: Places) -> None:
        """A copy at half size in the lower right quarter of a picture of the same shape."""
        matrix = np.array([[0.5, 0, 0.5], [0, 0.5, 0.375], [0, 0, 1]])
        pairs = np.column_stack([np.arange(30)] * 2)
        one, other = keypoints(start, size=0.5), keypoints(apply(matrix, start))
        found = describe(one, other, pairs, matrix, **AS_IT_IS)
        assert found is not None
        assert (found.inliers, found.mirrored) == (30, False)
        np.testing.assert_allclose(found.polygon, [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]], atol=1e-6)
        assert found.matched_area == pytest.approx(0.25, abs=1e-5)
        np.testing.assert_allclose(found.points[:, 0], start / [1, 0.75], atol=1e-6)
        np.testing.assert_allclose(apply(found.matrix, found.points[:, 0]), found.points[:, 1], atol=1e-6)

    def test_it_says_how_much_of_the_first_image_the_second_shows(self, start: Places) -> None:
        """The second image is the left upper quarter of the first, turned by a right angle, clockwise."""
        pairs = np.column_stack([np.arange(30)] * 2)
        matrix = np.array([[0, -4 / 3, 1], [4 / 3, 0, 0], [0, 0, 1.0]])
        quarter = np.concatenate([start * 0.5] * 1)
        seen = Keypoints(
            np.array([30]),
            np.array([[0.75, 1]], np.float32),
            apply(matrix, quarter)[None].astype(np.float32),
            np.full((1, 30), 0.01, np.float32),
            np.zeros((1, 30), np.float32),
            np.zeros((1, 30, LENGTH), np.uint8),
        )
        found = describe(keypoints(quarter), seen, pairs, matrix, mirrored=True, inverted=True)
        assert found is not None
        assert (found.mirrored, found.inverted) == (True, True)
        assert found.degrees == pytest.approx(90)
        assert found.contained == pytest.approx(0.75 * 0.75 * 0.75 / 0.75, abs=1e-4)

    def test_a_frame_that_would_fold_counts_by_its_keypoints(self) -> None:
        """Near the keypoints nothing is slanted; far off the horizon crosses the frame."""
        start = np.array([[0.05, 0.05], [0.2, 0.05], [0.2, 0.2], [0.05, 0.2], [0.1, 0.1], [0.15, 0.12]])
        matrix = np.array([[0.2, 0, 0], [0, 0.2, 0], [0.9, 0, 1.0]])
        pairs = np.column_stack([np.arange(6)] * 2)
        found = describe(
            keypoints(start), keypoints(apply(matrix, start)), pairs, matrix, mirrored=False, inverted=False
        )
        assert found is not None
        assert found.contained == pytest.approx(0.21 * 0.21 / 0.75, abs=0.01)

    def test_the_box_holds_the_keypoints_and_what_they_see(self) -> None:
        start = np.array([[0.2, 0.2], [0.6, 0.2], [0.6, 0.5], [0.2, 0.5], [0.3, 0.3], [0.5, 0.4]])
        pairs = np.column_stack([np.arange(6)] * 2)
        found = describe(keypoints(start), keypoints(start), pairs, np.eye(3), **AS_IT_IS)
        assert found is not None
        low, high = (0.17, 0.17 / 0.75), (0.63, 0.53 / 0.75)  # 3 x the size of 0.01 to each side
        np.testing.assert_allclose(found.polygon[[0, 2]], np.array([low, high]), atol=1e-6)
        assert found.matched_area == pytest.approx(0.46 * 0.36 / 0.75, rel=1e-4)

    def test_what_lies_outside_of_the_second_image_is_no_area_of_it(self, start: Places) -> None:
        """The second image is the left half of the first, enlarged."""
        matrix = np.diag([2.0, 2.0, 1.0])
        pairs = np.column_stack([np.arange(30)] * 2)
        found = describe(
            keypoints(start, 0.5), keypoints(apply(matrix, start)), pairs, matrix, mirrored=False, inverted=False
        )
        assert found is not None
        assert found.polygon.max() == pytest.approx(2)
        assert found.matched_area == pytest.approx(1)

    def test_mirrored_places_are_told_as_they_are(self, start: Places) -> None:
        pairs = np.column_stack([np.arange(30)] * 2)
        turned = start * [-1, 1] + [1, 0]
        found = describe(
            keypoints(turned, 0.5), keypoints(turned, 0.5), pairs, np.eye(3), mirrored=True, inverted=False
        )
        assert found is not None
        np.testing.assert_allclose(found.points[:, 0], start / [1, 0.75], atol=1e-6)
        np.testing.assert_allclose(apply(found.matrix, found.points[:, 0]), found.points[:, 1], atol=1e-6)
        assert np.linalg.det(found.matrix[:2, :2]) < 0

    def test_a_box_that_reaches_the_horizon_is_refused(self, start: Places) -> None:
        matrix = np.array([[1, 0, 0], [0, 1, 0], [-0.98, 0, 1.0]])
        pairs = np.column_stack([np.arange(6)] * 2)
        near = 0.3 + 0.2 * start[:6]
        assert describe(keypoints(near, 0.5), keypoints(near), pairs, matrix, **AS_IT_IS) is None
