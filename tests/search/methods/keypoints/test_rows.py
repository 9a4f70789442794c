from __future__ import annotations

import cv2
import numpy as np
import pytest

from search.methods.base import gray, resize_longest
from search.methods.keypoints.rows import (
    APART,
    MANY_SLOTS,
    ROW,
    SAME_SIZE,
    SIDE,
    SLOTS,
    SPREAD,
    WAYS,
    every_way,
    find_many_row,
    find_row,
    similarities,
    unpack,
)
from search.types import RGBImage
from tests.search.methods.keypoints.conftest import make_scene


def test_it_is_rooted_sift(scene: RGBImage) -> None:
    keypoints = unpack(find_row(scene)[None])
    plane = resize_longest(gray(scene), SIDE)
    points, descriptors = cv2.SIFT.create(contrastThreshold=0.02).detectAndCompute(plane, None)
    places = np.array([point.pt for point in points]) / max(plane.shape)
    assert keypoints.counts.tolist() == [SLOTS]
    for slot in range(0, SLOTS, 7):
        nearest = np.linalg.norm(places - keypoints.places[0, slot], axis=1) < 1e-3
        turns = [abs(np.angle(np.exp(1j * (np.deg2rad(p.angle) - keypoints.angles[0, slot])))) for p in points]
        same = int(np.argmin(np.where(nearest, turns, np.inf)))
        assert turns[same] < np.pi / 256 + 1e-4
        assert keypoints.sizes[0, slot] * SIDE == pytest.approx(points[same].size, rel=0.03)
        rooted = np.sqrt(descriptors[same] / descriptors[same].sum())
        np.testing.assert_allclose(keypoints.descriptors[0, slot] / 512, rooted, atol=1.5 / 512)


def test_a_row_is_as_long_as_promised(scene: RGBImage) -> None:
    row = find_row(scene)
    assert (row.shape, row.dtype) == ((8 + SLOTS * (4 + 1 + 1 + 128),), np.uint8)
    assert row.shape == (ROW.itemsize,)


def test_keypoints_are_spread(scene: RGBImage) -> None:
    places = unpack(find_row(scene)[None]).places[0]
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)[np.triu_indices(SLOTS, 1)]
    assert apart.min() >= SPREAD - 1e-4
    cells, _xs, _ys = np.histogram2d(places[:, 0], places[:, 1], bins=3)
    assert (cells > 0).all()


def test_crowded_keypoints_are_kept_where_there_are_no_others(scene: RGBImage) -> None:
    lone = np.full((200, 200, 3), 128, np.uint8)
    lone[80:120, 80:120] = scene[60:100, 60:100]
    places = unpack(find_row(lone)[None])
    count = int(places.counts[0])
    assert 4 < count < SLOTS
    assert not places.descriptors[0, count:].any()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (700, 9, 3), (15, 40, 3)])
def test_narrow_pictures_have_no_keypoints(shape: tuple[int, int, int], rng: np.random.Generator) -> None:
    assert unpack(find_row(rng.integers(0, 256, shape, np.uint8))[None]).counts.tolist() == [0]


def test_flat_pictures_have_no_keypoints() -> None:
    row = find_row(np.full((50, 70, 3), 90, np.uint8))
    keypoints = unpack(row[None])
    assert keypoints.counts.tolist() == [0]
    np.testing.assert_allclose(keypoints.frames, [[1, 50 / 70]], rtol=1e-6)


def test_soft_pictures_have_keypoints_too(scene: RGBImage) -> None:
    faint = (120 + scene * 0.06).astype(np.uint8)
    assert unpack(find_row(faint)[None]).counts[0] > 16


def test_mirrored_keypoints_are_those_of_the_mirrored_picture(scene: RGBImage) -> None:
    mirrored = unpack(find_row(scene)[None]).mirrored()
    seen = unpack(find_row(np.ascontiguousarray(scene[:, ::-1]))[None])
    cosines = similarities(seen.descriptors, mirrored.descriptors)[0, :, 0]
    partners = cosines.argmax(axis=1)
    close = np.linalg.norm(seen.places[0] - mirrored.places[0][partners], axis=1) < 0.01
    assert close.sum() > 0.7 * SLOTS
    turns = np.exp(1j * (seen.angles[0] - mirrored.angles[0][partners]))[close]
    assert (np.abs(np.angle(turns)) < 0.2).mean() > 0.8
    assert cosines.max(axis=1)[close].mean() > 0.95


def test_mirroring_twice_changes_nothing(scene: RGBImage) -> None:
    keypoints = unpack(find_row(scene)[None])
    twice = keypoints.mirrored().mirrored()
    np.testing.assert_array_equal(twice.descriptors, keypoints.descriptors)
    np.testing.assert_allclose(twice.places, keypoints.places, atol=1e-6)
    np.testing.assert_allclose(twice.angles, keypoints.angles, atol=1e-5)


def test_an_inverted_picture_has_the_keypoints_that_are_foretold(scene: RGBImage) -> None:
    foretold, found = unpack(find_row(scene)[None]).inverted(), unpack(find_row(255 - scene)[None])
    alike = similarities(found.descriptors, foretold.descriptors)[0, :, 0]
    assert np.count_nonzero(alike.max(axis=1) > 0.95) > 0.7 * SLOTS
    partners = alike.argmax(axis=1)
    same = alike.max(axis=1) > 0.99
    turns = found.angles[0, same] - foretold.angles[0, partners[same]]
    assert np.cos(turns).min() > 0.9


def test_every_way_holds_the_image_mirrored_inverted_and_both(scene: RGBImage) -> None:
    keypoints = unpack(find_row(scene)[None])
    ways = every_way(keypoints)
    assert len(ways.counts) == len(WAYS)
    np.testing.assert_array_equal(ways.descriptors[0], keypoints.descriptors[0])
    np.testing.assert_array_equal(ways.places[1], keypoints.mirrored().places[0])
    np.testing.assert_array_equal(ways.descriptors[2], keypoints.inverted().descriptors[0])
    np.testing.assert_array_equal(ways.descriptors[3], keypoints.inverted().mirrored().descriptors[0])


def test_rows_that_are_only_searched_for_hold_more(scene: RGBImage) -> None:
    few, many = unpack(find_row(scene)[None]), unpack(find_many_row(scene)[None])
    assert many.places.shape == (1, MANY_SLOTS, 2)
    assert SLOTS < many.counts[0] <= MANY_SLOTS
    first = many.strongest(SLOTS)
    assert first.counts[0] == SLOTS
    for column, other in zip(first.columns, few.columns, strict=True):
        np.testing.assert_array_equal(column, other)


def test_further_keypoints_do_not_lie_where_one_is(scene: RGBImage) -> None:
    many = unpack(find_many_row(scene)[None])
    places, sizes = many.places[0, : many.counts[0]], many.sizes[0, : many.counts[0]]
    gaps = np.abs(places[:, None] - places[None]).max(axis=2)
    ratios = sizes[:, None] / sizes[None]
    near = (gaps < 0.9 * APART) & (ratios < 0.9 * SAME_SIZE) & (ratios > 1.1 / SAME_SIZE)
    assert not near[SLOTS:, :SLOTS].any()


def test_a_finer_picture_gives_finer_keypoints() -> None:
    large = cv2.resize(make_scene(3), (640, 480), interpolation=cv2.INTER_CUBIC)
    large = np.clip(large + np.random.default_rng(1).normal(0, 12, large.shape), 0, 255).astype(np.uint8)
    many = unpack(find_many_row(large)[None])
    assert np.median(many.sizes[0, SLOTS : many.counts[0]]) < np.median(many.sizes[0, :SLOTS])


def test_flat_and_tiny_pictures_have_no_further_keypoints() -> None:
    for shape in ((50, 50, 3), (3, 400, 3)):
        assert unpack(find_many_row(np.full(shape, 90, np.uint8))[None]).counts.tolist() == [0]


def test_similarities_are_cosines(scene: RGBImage) -> None:
    descriptors = unpack(find_row(scene)[None]).descriptors
    found = similarities(descriptors, descriptors)[0, :, 0]
    plain = descriptors[0].astype(float) / np.linalg.norm(descriptors[0].astype(float), axis=1, keepdims=True)
    np.testing.assert_allclose(found, plain @ plain.T, atol=1e-2)
