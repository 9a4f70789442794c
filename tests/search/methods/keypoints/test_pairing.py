from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.methods.keypoints.pairing import agreement, pair
from search.methods.keypoints.rows import LENGTH, SLOTS, Keypoints


def make(
    places: list[tuple[float, float]], sizes: list[float] | None = None, angles: list[float] | None = None
) -> Keypoints:
    """Return the keypoints of one image; descriptors are all different."""
    count = len(places)
    filled = np.zeros((1, SLOTS, 2), np.float32)
    filled[0, :count] = np.reshape(places, (count, 2))
    descriptors = np.zeros((1, SLOTS, LENGTH), np.uint8)
    descriptors[0, np.arange(count), np.arange(count)] = 255
    descriptors[0, np.arange(count), np.arange(count) + 64] = 255
    return Keypoints(
        np.array([count]),
        np.array([[1, 0.75]], np.float32),
        filled,
        _column(sizes, 0.02),
        _column(angles, 0),
        descriptors,
    )


def _column(values: list[float] | None, blank: float) -> NDArray[np.float32]:
    column = np.full((1, SLOTS), blank, np.float32)
    if values:
        column[0, : len(values)] = values
    return column


def move(places: list[tuple[float, float]], growth: float, turn: float, shift: complex) -> list[tuple[float, float]]:
    moved = np.array([complex(*place) for place in places]) * growth * np.exp(1j * turn) + shift
    return [(float(place.real), float(place.imag)) for place in moved]


PLACES = [(0.1, 0.1), (0.7, 0.2), (0.4, 0.6), (0.8, 0.7), (0.2, 0.5)]


class TestPair:
    def test_it_works(self) -> None:
        image = make(PLACES)
        np.testing.assert_array_equal(pair(image, image, 8), [[[0, 1, 2, 3, 4, -1, -1, -1]]])

    def test_only_the_strongest_are_looked_at(self) -> None:
        image = make(PLACES)
        np.testing.assert_array_equal(pair(image, image, 3), [[[0, 1, 2]]])

    def test_what_could_be_two_is_none(self) -> None:
        query, other = make(PLACES), make(PLACES)
        query.descriptors[0, 1] = query.descriptors[0, 0]
        assert pair(query, other, 8)[0, 0].tolist() == [-1, -1, 2, 3, 4, -1, -1, -1]

    def test_both_must_choose_each_other(self) -> None:
        query, other = make(PLACES), make(PLACES)
        other.descriptors[0, 4] = 0
        other.descriptors[0, 4, :40] = 30
        other.descriptors[0, 4, 3] = 255  # most like the query's 3, which prefers the other's 3
        assert pair(query, other, 8)[0, 0].tolist() == [0, 1, 2, 3, -1, -1, -1, -1]

    def test_empty_slots_pair_with_nothing(self) -> None:
        assert (pair(make([]), make(PLACES), SLOTS) == -1).all()
        assert (pair(make(PLACES), make([]), SLOTS) == -1).all()

    def test_many_queries_and_images_do_not_mix(self) -> None:
        short, whole = make(PLACES[:2]), make(PLACES)
        both = Keypoints(*(np.concatenate(columns) for columns in zip(short.columns, whole.columns, strict=True)))
        found = pair(both, both, 6)
        assert found.shape == (2, 2, 6)
        for query, keypoints in enumerate((short, whole)):
            for other, opposite in enumerate((short, whole)):
                np.testing.assert_array_equal(found[query, other], pair(keypoints, opposite, 6)[0, 0])


class TestAgreement:
    def test_a_similarity_transform_keeps_all_together(self) -> None:
        query = make(PLACES, [0.02] * 5, [0.3] * 5)
        other = make(move(PLACES, 0.5, 1.0, 0.3 + 0.1j), [0.01] * 5, [1.3] * 5)
        partners = np.array([[0, 1, 2, 3, 4]])
        assert agreement(query, other, partners).tolist() == [[True] * 5]

    def test_a_pair_elsewhere_is_left_out(self) -> None:
        moved = move(PLACES, 0.5, 0, 0.3)
        moved[2] = (0.9, 0.1)
        query, other = make(PLACES), make(moved, [0.01] * 5)
        assert agreement(query, other, np.array([[0, 1, 2, 3, 4]])).tolist() == [[True, True, False, True, True]]

    def test_a_pair_of_another_size_is_left_out(self) -> None:
        query, other = make(PLACES), make(PLACES, [0.02, 0.02, 0.04, 0.02, 0.02])
        assert agreement(query, other, np.array([[0, 1, 2, 3, 4]])).tolist() == [[True, True, False, True, True]]

    def test_a_pair_turned_otherwise_is_left_out(self) -> None:
        query, other = make(PLACES), make(PLACES, None, [0, 0, 0, 0, 1.5])
        assert agreement(query, other, np.array([[0, 1, 2, 3, 4]])).tolist() == [[True] * 4 + [False]]

    def test_turns_are_compared_around_the_circle(self) -> None:
        query = make(PLACES, None, [0, 6.2, 0, 6.2, 0])
        other = make(PLACES, None, [6.2, 0, 0.1, 6.1, 6.2])
        assert agreement(query, other, np.array([[0, 1, 2, 3, 4]])).all()

    def test_unpaired_slots_are_passed_over(self) -> None:
        image = make(PLACES)
        assert agreement(image, image, np.array([[0, -1, 2, -1, 4]])).tolist() == [[True, False, True, False, True]]

    def test_one_pair_alone_tells_nothing(self) -> None:
        image = make(PLACES)
        assert not agreement(image, image, np.array([[0, -1, -1, -1, -1]])).any()
        assert not agreement(image, image, np.full((1, 5), -1)).any()

    def test_pairs_that_all_disagree_make_no_set(self) -> None:
        query, other = make(PLACES), make(PLACES, [0.02, 0.2, 0.002], [0, 2, 4])
        assert not agreement(query, other, np.array([[0, 1, 2, -1, -1]])).any()

    def test_images_do_not_mix(self) -> None:
        query = make(PLACES)
        far = make([(0.9, 0.1), (0.1, 0.7), (0.6, 0.1), (0.2, 0.2), (0.5, 0.7)])
        both = Keypoints(*(np.concatenate(columns) for columns in zip(far.columns, query.columns, strict=True)))
        found = agreement(query, both, np.array([[0, 1, 2, 3, 4]] * 2))
        assert found[1].all()
        assert found[0].sum() < 4
