"""Matrices on disk: written in pieces, read back whole, spread over the rows of a generation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.exceptions import DimensionMismatchError, IndexDamagedError
from search.index import matrices
from search.index.matrices import MatrixWriter, map_matrix, spread_rows
from tests.codes import refused


def test_it_works(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = rng.random((1000, 5), np.float32)
    with MatrixWriter(tmp_path / "rows.npy", 5, np.float32) as writer:
        for start, end in ((0, 3), (3, 3), (3, 500), (500, 1000)):
            writer.append(rows[start:end])
    assert np.array_equal(map_matrix(tmp_path / "rows.npy", (1000, 5), np.float32), rows)


def test_no_rows_at_all(tmp_path: Path) -> None:
    with MatrixWriter(tmp_path / "rows.npy", 5, np.uint8) as writer:
        assert writer.num_rows == 0
    assert map_matrix(tmp_path / "rows.npy", (0, 5), np.uint8).shape == (0, 5)


def test_mapped_rows_cannot_be_written(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((2, 2), np.float32))
    mapped = map_matrix(tmp_path / "rows.npy", (2, 2), np.float32)
    with pytest.raises(ValueError, match="read-only"):
        mapped[0, 0] = 5


@pytest.mark.parametrize(("places", "num_rows"), [([0, 1, 2], 3), ([1, 4, 5], 9), ([0, 7, 8], 9)])
def test_rows_are_spread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: list[int], num_rows: int) -> None:
    monkeypatch.setattr(matrices, "COPY_ROWS", 4)
    rows = np.arange(1, 7, dtype=np.uint8).reshape(3, 2)
    np.save(tmp_path / "rows.npy", rows)
    spread_rows(tmp_path / "rows.npy", np.array(places), num_rows)
    found = map_matrix(tmp_path / "rows.npy", (num_rows, 2), np.uint8)
    assert np.array_equal(found[places], rows)
    assert np.delete(found, places, axis=0).sum() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["rows.npy"]


def test_refuses_rows_of_another_length_or_type(tmp_path: Path) -> None:
    with MatrixWriter(tmp_path / "rows.npy", 5, np.float32) as writer:
        for wrong in (np.zeros((2, 4), np.float32), np.zeros((2, 5)), np.zeros(5, np.float32)):
            with refused(DimensionMismatchError, "array_rows_expected", file="rows.npy", expected=5, dtype="float32"):
                writer.append(wrong)


def test_refuses_files_of_another_shape_type_or_kind(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.ones((2, 3), np.float32))
    for shape, dtype in (((3, 2), np.float32), ((2, 3), np.uint8)):
        with refused(IndexDamagedError, "array_wrong", file="rows.npy"):
            map_matrix(path, shape, dtype)
    path.write_bytes(b"something else")
    with refused(IndexDamagedError, "array_unreadable"):
        map_matrix(path, (2, 3), np.float32)
