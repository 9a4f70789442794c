"""One contract, every backend: what is built comes back, the nearest is found, and what does not fit is refused."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexDamagedError, IndexUnavailableError
from search.index import BACKENDS, IndexBackend, annoy, choose_backend, load_backend, opencv
from search.methods.base import normalize_rows

ROWS, DIM = 600, 24
SETTINGS = {"trees": 10, "seed": 20, "threads": 1}


@pytest.fixture
def vectors(rng: np.random.Generator) -> NDArray[np.float32]:
    centers = rng.normal(size=(30, DIM))
    return normalize_rows(centers[rng.integers(0, 30, ROWS)] + rng.normal(0, 0.4, (ROWS, DIM)))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> type[IndexBackend]:
    found = load_backend(request.param)
    if (reason := found.unavailable()) is not None:
        pytest.skip(reason)
    return found


@pytest.fixture
def path(tmp_path: Path, backend: type[IndexBackend], vectors: NDArray[np.float32]) -> Path:
    path = tmp_path / f"index{backend.suffix}"
    backend.build(vectors, path, **SETTINGS)
    return path


class TestContract:
    def test_it_works(self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]) -> None:
        index = backend.load(path, DIM, ROWS)
        for row in (0, 17, ROWS - 1):
            rows, scores = index.query(vectors[row], 5)
            assert (rows.dtype, scores.dtype, rows.shape) == (np.int64, np.float32, (5,))
            assert rows[0] == row
            assert scores == pytest.approx(vectors[rows] @ vectors[row], abs=1e-5)
            assert np.all(np.diff(scores) <= 1e-6)

    def test_recall_floor(self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]) -> None:
        index = backend.load(path, DIM, ROWS)
        found = 0
        for vector in vectors[:100]:
            expected = np.argsort(-(vectors @ vector))[:20]
            found += np.isin(expected, index.query(vector, 20, effort=2000)[0]).sum()
        assert found / 2000 >= 0.95

    def test_more_than_there_are(self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]) -> None:
        rows, scores = backend.load(path, DIM, ROWS).query(vectors[3], 10 * ROWS, effort=100 * ROWS)
        assert sorted(rows) == list(range(ROWS))
        assert np.isfinite(scores).all()

    def test_little_effort_gives_fewer_but_no_false_rows(
        self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]
    ) -> None:
        rows, scores = backend.load(path, DIM, ROWS).query(vectors[3], ROWS, effort=1)
        assert len(set(rows.tolist())) == len(rows) <= ROWS
        assert rows.min() >= 0
        assert rows.max() < ROWS
        assert scores == pytest.approx(vectors[rows] @ vectors[3], abs=1e-5)

    def test_a_single_row(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        one = np.array([[0.6, 0.8]], np.float32)
        backend.build(one, tmp_path / "one", **SETTINGS)
        rows, scores = backend.load(tmp_path / "one", 2, 1).query(one[0], 20)
        assert rows.tolist() == [0]
        assert scores == pytest.approx([1], abs=1e-6)

    def test_rows_about_which_nothing_can_be_said(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        zeros = np.zeros((50, 3), np.float32)
        backend.build(zeros, tmp_path / "zeros", **SETTINGS)
        _rows, scores = backend.load(tmp_path / "zeros", 3, 50).query(np.array([1, 0, 0], np.float32), 5)
        assert scores == pytest.approx(np.zeros(5), abs=1e-6)

    def test_same_seed_same_file(
        self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32], tmp_path: Path
    ) -> None:
        backend.build(vectors, tmp_path / "again", **SETTINGS)
        if backend.name != "cv2":  # it builds in threads and offers no choice
            assert (tmp_path / "again").read_bytes() == path.read_bytes()

    def test_a_memory_map_will_do(
        self, backend: type[IndexBackend], vectors: NDArray[np.float32], tmp_path: Path
    ) -> None:
        np.save(tmp_path / "rows.npy", vectors)
        backend.build(np.load(tmp_path / "rows.npy", mmap_mode="r"), tmp_path / "index", **SETTINGS)
        assert backend.load(tmp_path / "index", DIM, ROWS).query(vectors[5], 1)[0].tolist() == [5]

    def test_threads_may_ask_at_once(
        self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]
    ) -> None:
        index = backend.load(path, DIM, ROWS)
        expected = [index.query(vector, 10)[0].tolist() for vector in vectors[:50]]
        answers: list[list[list[int]]] = [[] for _ in range(4)]

        def ask(found: list[list[int]]) -> None:
            found += [index.query(vector, 10)[0].tolist() for vector in vectors[:50]]

        threads = [threading.Thread(target=ask, args=(found,)) for found in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [expected] * 4

    def test_refuses_a_query_of_another_dimension(
        self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]
    ) -> None:
        index = backend.load(path, DIM, ROWS)
        for wrong in (vectors[0, :-1], vectors[:1], np.zeros(DIM + 1, np.float32)):
            with pytest.raises(DimensionMismatchError, match="expected a vector of 24 numbers"):
                index.query(wrong, 5)

    def test_refuses_to_look_for_nothing(
        self, backend: type[IndexBackend], path: Path, vectors: NDArray[np.float32]
    ) -> None:
        with pytest.raises(ValueError, match="at least 1, got 0"):
            backend.load(path, DIM, ROWS).query(vectors[0], 0)

    def test_refuses_a_file_of_another_dimension_or_length(self, backend: type[IndexBackend], path: Path) -> None:
        for dim, rows in ((DIM + 1, ROWS), (DIM, ROWS - 1), (DIM * 2, ROWS)):
            with pytest.raises(IndexDamagedError, match="expected"):
                backend.load(path, dim, rows)

    def test_refuses_a_foreign_file(self, backend: type[IndexBackend], path: Path) -> None:
        path.write_bytes(b"this is no index")
        with pytest.raises(IndexDamagedError):
            backend.load(path, DIM, ROWS)

    @pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4,)])
    def test_refuses_to_build_from_nothing(
        self, backend: type[IndexBackend], tmp_path: Path, shape: tuple[int, ...]
    ) -> None:
        with pytest.raises(DimensionMismatchError, match="at least one row"):
            backend.build(np.zeros(shape, np.float32), tmp_path / "none", **SETTINGS)

    def test_refuses_numbers_of_another_type(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        with pytest.raises(DimensionMismatchError, match="float64"):
            backend.build(np.zeros((3, 3)), tmp_path / "none", **SETTINGS)


def test_annoy_and_opencv_read_each_others_files(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    pair = load_backend("annoy"), load_backend("cv2")
    for backend in pair:
        if (reason := backend.unavailable()) is not None:
            pytest.skip(reason)
    for writer, reader in (pair, pair[::-1]):
        writer.build(vectors, tmp_path / writer.name, **SETTINGS)
        rows, _scores = reader.load(tmp_path / writer.name, DIM, ROWS).query(vectors[9], 5, effort=3000)
        assert rows.tolist() == np.argsort(-(vectors @ vectors[9]))[:5].tolist()


def test_auto_goes_down_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annoy.AnnoyBackend, "unavailable", classmethod(lambda cls: "not compiled"))
    if load_backend("cv2").unavailable() is None:
        assert choose_backend().name == "cv2"
    monkeypatch.setattr(opencv.OpencvBackend, "unavailable", classmethod(lambda cls: "too old"))
    assert choose_backend("auto").name == "exact"
    with pytest.raises(IndexUnavailableError, match="'annoy': not compiled; set INDEX_BACKEND=auto"):
        choose_backend("annoy")


def test_refuses_an_unknown_backend() -> None:
    with pytest.raises(IndexUnavailableError, match="unknown index backend 'faiss'"):
        choose_backend("faiss")
