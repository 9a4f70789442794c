"""Rows aligned across methods, looked up, taken and calibrated; all arrays are worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.index.base import Capabilities, Found, IndexBackend, nothing_found
from search.index.hashes import HashIndex
from search.methods.color import Color
from search.methods.ssim import Ssim
from search.scoring.calibration import UNKNOWN, Calibration, Sampling
from search.scoring.segments import (
    MethodHashes,
    MethodIndex,
    MethodRows,
    MethodTables,
    Segment,
    Snapshot,
    fit_tables,
    load_tables,
    save_tables,
    take,
)
from tests.codes import refused

E1, E2, E3 = np.eye(3, dtype=np.float32)


class Listed(IndexBackend):
    """Gives the rows of a list, whatever it is asked, and leaves rows out itself or not."""

    name: ClassVar[str] = "listed"

    def __init__(self, near: list[int], rows: int) -> None:
        super().__init__(3, rows)
        self.near = near

    @classmethod
    def address(cls, folder: Path, name: str) -> str:
        return name

    @classmethod
    def _build(
        cls,
        vectors: NDArray[np.float32],
        uri: str,
        seed: int,
        threads: int,
        quality: float,
        hints: Mapping[str, int],
    ) -> None: ...

    @classmethod
    def open(cls, uri: str, dim: int, rows: int) -> Self:
        raise NotImplementedError

    @classmethod
    def drop(cls, uri: str) -> None: ...

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        rows, cosines = nothing_found(len(vectors), k)
        found = [row for row in self.near if allowed is None or allowed[row]][:k]
        rows[:, : len(found)], cosines[:, : len(found)] = found, 1.0
        return rows, cosines


class Filtering(Listed):
    capabilities: ClassVar[Capabilities] = Capabilities(filters=True)


def two_segments() -> Snapshot:
    """A generation of the images 10, 20 and 30, in which 20 was replaced, and what is newer: 20 and 15."""
    base = Segment(
        np.array([10, 20, 30]),
        np.array([True, False, True]),
        {"color": MethodRows("1", np.stack([E1, E2, E3]), np.array([True, True, False]))},
    )
    newer = Segment(
        np.array([20, 15]),
        np.array([True, True]),
        {"color": MethodRows("1", np.stack([-E2, E1 + E2])), "ssim": MethodRows("2", np.ones((2, 4), np.uint8))},
    )
    return Snapshot((base, newer), {"color": MethodTables()})


class TestSnapshot:
    def test_it_works(self) -> None:
        found = two_segments()
        assert found.num_images == 4
        assert found.calibrations == {"color": UNKNOWN}
        assert found.vectors_of(10) is not None
        np.testing.assert_array_equal((found.vectors_of(10) or {})["color"], E1)

    def test_the_newer_row_of_an_image_counts(self) -> None:
        vectors = two_segments().vectors_of(20)
        assert vectors is not None
        np.testing.assert_array_equal(vectors["color"], -E2)
        assert vectors.keys() == {"color", "ssim"}

    def test_a_method_that_an_image_lacks_is_not_among_its_vectors(self) -> None:
        assert two_segments().vectors_of(30) == {}

    def test_an_image_that_is_not_there_has_no_row(self) -> None:
        found = two_segments()
        assert found.vectors_of(99) is None
        assert found.segments[0].row_of(20) is None  # replaced
        assert found.segments[1].row_of(15) == 1

    def test_of_several_rows_the_searchable_one_is_the_image(self) -> None:
        twice = Segment(np.array([7, 7, 7]), np.array([False, True, False]), {})
        assert twice.row_of(7) == 1


class TestTake:
    def test_vectors_come_in_the_order_of_the_images(self) -> None:
        found = take(two_segments(), "color", np.array([20, 10, 30, 99, 15]))
        assert found is not None
        np.testing.assert_array_equal(found[0], [-E2, E1, 0 * E1, 0 * E1, E1 + E2])
        assert found[1].tolist() == [True, True, False, False, True]

    def test_a_method_of_the_newer_images_alone(self) -> None:
        found = take(two_segments(), "ssim", np.array([10, 20]))
        assert found is not None
        assert (found[0].dtype, found[0].tolist()) == (np.uint8, [[0, 0, 0, 0], [1, 1, 1, 1]])
        assert found[1].tolist() == [False, True]

    def test_a_method_of_nobody(self) -> None:
        assert take(two_segments(), "texture", np.array([10])) is None


class TestRows:
    def test_what_is_scanned(self) -> None:
        full, proxies = np.stack([E1, E2]), np.ones((2, 2), np.float32)
        basis = np.array([[1], [0], [0]], np.float32)
        assert MethodRows("1", full).scanned is full
        assert MethodRows("1", full, proxies=proxies).whole is proxies
        reduced = MethodRows("1", full, reduced=full @ basis, basis=basis)
        assert reduced.whole is full
        assert reduced.scanned.tolist() == [[1], [0]]
        assert reduced.asked(np.array([0.5, 2, 3], np.float32)).tolist() == [0.5]
        assert MethodRows("1", full).asked(E3) is E3

    def test_which_calibration_a_scan_has(self) -> None:
        tables = MethodTables(Calibration(0, 1, np.zeros(2), 1), Calibration(0, 1, np.ones(2), 1))
        full = np.stack([E1, E2])
        assert tables.scanning(MethodRows("1", full)) is tables.raw
        assert tables.scanning(MethodRows("1", full, proxies=full)) is tables.scan
        assert tables.scanning(MethodRows("1", full, reduced=full, basis=np.eye(3, dtype=np.float32))) is tables.scan


class TestIndex:
    @pytest.mark.parametrize("kind", [Listed, Filtering])
    def test_rows_of_the_index_are_led_to_those_of_the_segment(self, kind: type[Listed]) -> None:
        index = MethodIndex(kind([2, 0, 1], 3), 0.5, np.array([1, 4, 5]))
        assert index.query(E1, 2).tolist() == [5, 1]
        allowed = np.array([True, True, True, True, True, False])
        found = index.query_allowed(E1, 2, allowed)
        assert found is not None
        assert found.tolist() == [1, 4]

    def test_an_index_of_all_rows_needs_no_leading(self) -> None:
        assert MethodIndex(Listed([2, 0], 3), 0.5).query(E1, 3).tolist() == [2, 0]

    def test_too_few_that_may_be_found_are_no_answer(self) -> None:
        """Ten rows may be found; the index brings up three, one of which may: others that may are farther away."""
        index = MethodIndex(Listed([0, 1, 2], 12), 0.5)
        allowed = np.ones(12, bool)
        allowed[:2] = False
        assert index.query_allowed(E1, 4, allowed) is None

    def test_all_that_there_is_is_an_answer(self) -> None:
        """Only two rows may be found, and both are: that fewer than wanted come is no fault of the index."""
        index = MethodIndex(Listed([3, 0, 1, 2], 4), 0.5)
        found = index.query_allowed(E1, 3, np.array([True, False, False, True]))
        assert found is not None
        assert found.tolist() == [3, 0]

    def test_an_index_that_gives_little_gives_it_whatever_may_be_found(self) -> None:
        """It brings up two rows of ten, both of which may be found: a mask does not make it give up."""
        found = MethodIndex(Listed([4, 7], 10), 0.5).query_allowed(E1, 5, np.ones(10, bool))
        assert found is not None
        assert found.tolist() == [4, 7]


def test_codes_are_found_for_each_variant_of_a_query(tmp_path: Path) -> None:
    codes = np.array([[0] * 8, [255] * 8, [0] * 7 + [1]], np.uint8)
    HashIndex.build([codes], tmp_path / "codes", code_bytes=8)
    index = HashIndex.load(tmp_path / "codes", 8, 3)
    asked = np.array([[0] * 8, [255] * 8], np.uint8)
    assert sorted(MethodHashes(index).query(asked, 5).tolist()) == [0, 1, 2]
    assert sorted(MethodHashes(index, np.array([3, 5, 9])).query(asked, 5).tolist()) == [3, 5, 9]
    assert MethodHashes(index).query(asked[1:], 5).tolist() == [1]


class TestTables:
    def test_they_come_back_as_they_were(self, tmp_path: Path) -> None:
        tables = MethodTables(Calibration(-0.5, 1.0, np.array([0.0, 1.0, 2.0]), 17), UNKNOWN)
        save_tables(tmp_path / "a.npz", tables)
        found = load_tables(tmp_path / "a.npz")
        assert (found.raw.low, found.raw.high, found.raw.num_pairs) == (-0.5, 1.0, 17)
        assert found.raw.decades.tolist() == [0, 1, 2]
        assert found.scan.num_pairs == 0

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive at all"])
    def test_what_is_no_table_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.npz").write_bytes(content)
        with refused(IndexDamagedError, "calibration_unreadable", file="a.npz"):
            load_tables(tmp_path / "a.npz")

    def test_tables_that_lack_a_part_are_refused(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", raw=np.zeros(3))
        with pytest.raises(IndexDamagedError, match=r"a\.npz"):
            load_tables(tmp_path / "a.npz")

    def test_a_file_that_is_away_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(IndexDamagedError, match=r"a\.npz"):
            load_tables(tmp_path / "a.npz")

    def test_a_vector_method_has_one_table_for_both(self) -> None:
        rows = MethodRows("1", np.stack([E1, E2, E3, E1]))
        tables = fit_tables(rows, Color(), np.arange(4), 1)
        assert tables.raw is tables.scan
        assert tables.raw.num_pairs == 6

    def test_only_usable_rows_are_compared(self) -> None:
        rows = MethodRows("1", np.stack([E1, E2, E3, E1]))
        tables = fit_tables(rows, Color(), np.array([0, 3]), 1)
        assert tables.raw.num_pairs == 1
        assert tables.raw.decades_of(np.array([1.0], np.float32))[0] == pytest.approx(0.0)  # the one pair reaches 1

    def test_reduced_rows_have_a_table_of_their_own(self) -> None:
        full = np.stack([E1, E2, E3, (E1 + E2) / np.sqrt(2, dtype=np.float32)])
        basis = np.eye(3, 2, dtype=np.float32)
        tables = fit_tables(MethodRows("1", full, reduced=full @ basis, basis=basis), Color(), np.arange(4), 1)
        assert tables.raw is not tables.scan
        assert (tables.raw.num_pairs, tables.scan.num_pairs) == (6, 6)

    def test_a_pairwise_method_is_judged_by_its_own_scores(self) -> None:
        method = Ssim()
        rng = np.random.default_rng(2)
        vectors = method.describe([rng.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(5)])
        rows = MethodRows("1", vectors, proxies=method.proxy(vectors))
        tables = fit_tables(rows, method, np.arange(5), 1, Sampling(rows=5, queries=3, partners=2))
        assert tables.scan.num_pairs == 10
        assert 0 < tables.raw.num_pairs <= 6

    def test_without_a_pair_nothing_is_rare(self) -> None:
        tables = fit_tables(MethodRows("1", E1[None]), Color(), np.arange(1), 1)
        assert tables.raw is UNKNOWN


@given(
    st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=12, unique_by=lambda row: row[0]),
    st.lists(st.integers(1, 12), min_size=1, max_size=8, unique=True),
)
def test_what_is_taken_of_an_image_is_what_its_row_holds(rows: list[tuple[int, bool]], wanted: list[int]) -> None:
    """Whatever is asked for in whatever order: `take` and `vectors_of` agree on every image."""
    ids = np.array([image_id for image_id, _there in rows])
    there = np.array([is_there for _image_id, is_there in rows])
    vectors = ids[:, None].astype(np.float32) * np.ones((1, 3), np.float32)
    snapshot = Snapshot((Segment(ids, np.ones(len(ids), bool), {"color": MethodRows("1", vectors, there)}),), {})
    found = take(snapshot, "color", np.array(wanted))
    assert found is not None
    for image_id, row, present in zip(wanted, *found, strict=True):
        held = (snapshot.vectors_of(image_id) or {}).get("color")
        assert present == (held is not None)
        assert not present or row.tolist() == [image_id] * 3
