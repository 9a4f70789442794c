"""Rows of mapped matrices are announced to the system."""

from __future__ import annotations

import itertools
import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.index.matrices import map_matrix
from search.index.paging import announce, spans


@given(
    st.integers(0, 9000),
    st.integers(1, 9000),
    st.sets(st.integers(0, 500), min_size=1).map(sorted),
    st.sampled_from([4096, 16384]),
)
def test_spans_hold_every_row_in_whole_pages_and_nothing_far_from_them(
    offset: int, row_bytes: int, rows: list[int], page: int
) -> None:
    found = list(spans(offset, row_bytes, np.array(rows), page))
    assert all(start % page == 0 and end % page == 0 and start < end for start, end in found)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(found))
    pages = {number for start, end in found for number in range(start // page, end // page)}
    needed = {
        number
        for row in rows
        for number in range((offset + row * row_bytes) // page, (offset + (row + 1) * row_bytes - 1) // page + 1)
    }
    assert pages == needed


@pytest.mark.parametrize("rows", [[], [0], [7, 0, 99, 1]])
def test_rows_of_a_mapped_file_are_announced_and_read_the_same(
    tmp_path: Path, rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(1).normal(size=(100, 700)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    matrix = map_matrix(tmp_path / "a.npy", values.shape, np.float32)
    announced: list[int] = []
    monkeypatch.setattr("search.index.paging.spans", lambda *about: announced.append(about[0]) or spans(*about))
    announce(matrix, np.array(rows, np.int64))
    assert announced == ([128] if rows else [])  # bytes of the header
    np.testing.assert_array_equal(matrix[rows], values[rows])


def test_arrays_in_memory_and_systems_without_advice_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(np.zeros((4, 700), np.float32), np.array([0, 3]))
    np.save(tmp_path / "a.npy", np.zeros((4, 700), np.float32))
    monkeypatch.delattr(mmap, "MADV_WILLNEED")
    announce(map_matrix(tmp_path / "a.npy", (4, 700), np.float32), np.array([0, 3]))
