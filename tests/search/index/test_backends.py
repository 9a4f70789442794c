"""One contract, every backend: what is built comes back, the nearest is found, and what does not fit is refused.

A backend that is none of the product's, and that keeps its rows elsewhere, passes it as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search import index as registry
from search.exceptions import DimensionMismatchError, IndexDamagedError, IndexUnavailableError
from search.index import BACKENDS, IndexBackend, annoy, choose_backend, load_backend, opencv
from search.index.annoy_files import num_trees
from search.index.files import path_of
from search.methods.base import normalize_rows
from tests.codes import refused
from tests.search.index.memory_backend import SERVER, MemoryBackend

ROWS, DIM = 600, 24
Rows = NDArray[np.float32]


def make_rows(rng: np.random.Generator, count: int = ROWS) -> Rows:
    centers = rng.normal(size=(30, DIM))
    return normalize_rows(centers[rng.integers(0, 30, count)] + rng.normal(0, 0.4, (count, DIM)))


def nearest(vectors: Rows, vector: Rows, k: int) -> list[int]:
    found: list[int] = np.argsort(-(vectors @ vector), kind="stable")[:k].tolist()
    return found


def recall(index: IndexBackend, vectors: Rows, queries: Rows, **how: float) -> float:
    """Return the share of each query's 20 nearest rows that are found."""
    rows, _cosines = index.search(queries, 20, **how)
    expected = [nearest(vectors, query, 20) for query in queries]
    return float(np.mean([np.isin(near, found).mean() for near, found in zip(expected, rows, strict=True)]))


@pytest.fixture
def vectors(rng: np.random.Generator) -> Rows:
    return make_rows(rng)


@pytest.fixture(params=[*BACKENDS, "memory"])
def backend(request: pytest.FixtureRequest) -> Iterator[type[IndexBackend]]:
    found = MemoryBackend if request.param == "memory" else load_backend(request.param)
    if (reason := found.unavailable()) is not None:
        pytest.skip(str(reason))
    yield found
    SERVER.clear()


def make(backend: type[IndexBackend], vectors: Rows, folder: Path, name: str = "index") -> str:
    uri = backend.address(folder, name)
    backend.build(vectors, uri, seed=20, threads=1)
    return uri


@pytest.fixture
def uri(tmp_path: Path, backend: type[IndexBackend], vectors: Rows) -> str:
    return make(backend, vectors, tmp_path)


@pytest.fixture
def index(backend: type[IndexBackend], uri: str) -> IndexBackend:
    return backend.open(uri, DIM, ROWS)


class TestContract:
    def test_each_row_is_nearest_to_itself(self, index: IndexBackend, vectors: Rows) -> None:
        asked = np.array([0, 17, ROWS - 1])
        rows, cosines = index.search(vectors[asked], 5)
        assert (rows.dtype, cosines.dtype, rows.shape, cosines.shape) == (np.int64, np.float32, (3, 5), (3, 5))
        assert rows[:, 0].tolist() == asked.tolist()
        for row, near, found in zip(asked, rows, cosines, strict=True):
            assert found == pytest.approx(vectors[near] @ vectors[row], abs=1e-5)
        assert np.all(np.diff(cosines) <= 1e-6)

    def test_recall_floor(self, index: IndexBackend, vectors: Rows) -> None:
        assert recall(index, vectors, vectors[:100]) >= 0.95

    def test_recall_does_not_fall_with_quality(
        self, backend: type[IndexBackend], tmp_path: Path, rng: np.random.Generator
    ) -> None:
        many = normalize_rows(rng.normal(size=(20_000, DIM)))
        found = backend.open(make(backend, many, tmp_path, "many"), DIM, len(many))
        measured = [recall(found, many, many[:40], quality=step / 4) for step in range(5)]
        assert measured == sorted(measured)
        assert measured[-1] >= 0.9

    def test_more_than_there_are(self, index: IndexBackend, vectors: Rows) -> None:
        rows, cosines = index.search(vectors[3:4], 10 * ROWS, 1.0)
        assert sorted(rows[0]) == list(range(ROWS))
        assert np.isfinite(cosines).all()

    def test_the_least_quality_gives_no_false_rows(self, index: IndexBackend, vectors: Rows) -> None:
        (rows,), (cosines,) = index.search(vectors[3:4], ROWS - 1, 0.0)
        held = rows >= 0
        assert len(set(rows[held].tolist())) == np.count_nonzero(held)
        assert rows.max() < ROWS
        assert cosines[held] == pytest.approx(vectors[rows[held]] @ vectors[3], abs=1e-5)
        assert np.isneginf(cosines[~held]).all()

    def test_a_batch_equals_single_queries(self, index: IndexBackend, vectors: Rows) -> None:
        allowed = np.arange(ROWS) % 3 != 0
        for mask in (None, allowed):
            together, cosines = index.search(vectors[:30], 7, allowed=mask)
            for place in range(30):
                rows, alone = index.search(vectors[place : place + 1], 7, allowed=mask)
                assert rows[0, :7].tolist() == together[place, :7].tolist()
                assert alone[0, :7] == pytest.approx(cosines[place, :7], abs=1e-6)

    def test_no_query_has_no_answer(self, index: IndexBackend) -> None:
        rows, cosines = index.search(np.empty((0, DIM), np.float32), 3)
        assert (rows.shape, cosines.shape) == ((0, 3), (0, 3))

    @pytest.mark.parametrize("share", [0.9, 0.5, 0.05])
    def test_only_allowed_rows_are_found(
        self, index: IndexBackend, vectors: Rows, rng: np.random.Generator, share: float
    ) -> None:
        allowed = rng.random(ROWS) < share
        rows, cosines = index.search(vectors[:20], 10, 1.0, allowed)
        assert allowed[rows[rows >= 0]].all()
        rows, cosines = rows[:, :10], cosines[:, :10]
        places, hits = np.flatnonzero(allowed), 0
        for place in range(20):
            assert cosines[place] == pytest.approx(vectors[rows[place]] @ vectors[place], abs=1e-5)
            hits += np.isin(places[nearest(vectors[places], vectors[place], 10)], rows[place]).sum()
        assert hits >= 170

    def test_allowed_rows_are_found_behind_a_crowd_of_others(self, index: IndexBackend, vectors: Rows) -> None:
        """Half of all rows may be found, but none of the 200 nearest."""
        order = np.argsort(-(vectors @ vectors[5]))
        allowed = np.ones(ROWS, bool)
        allowed[order[:200]] = False
        allowed[order[-100:]] = False
        (rows,), _cosines = index.search(vectors[5:6], 20, 1.0, allowed)
        assert allowed[rows[rows >= 0]].all()
        assert np.isin(rows[:20], order[200:250]).all()

    def test_few_or_none_may_be_allowed(self, index: IndexBackend, vectors: Rows) -> None:
        allowed = np.zeros(ROWS, bool)
        (rows,), (cosines,) = index.search(vectors[:1], 5, 1.0, allowed)
        assert rows.tolist() == [-1] * 5
        assert np.isneginf(cosines).all()
        allowed[[4, 400]] = True
        (rows,), (cosines,) = index.search(vectors[4:5], 5, 1.0, allowed)
        assert rows.tolist() == [4, 400, -1, -1, -1]
        assert np.isneginf(cosines[2:]).all()

    def test_a_single_row(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        one = np.array([[0.6, 0.8]], np.float32)
        rows, cosines = backend.open(make(backend, one, tmp_path, "one"), 2, 1).search(one, 20)
        assert rows.tolist() == [[0]]
        assert cosines == pytest.approx(1, abs=1e-6)

    def test_rows_about_which_nothing_can_be_said(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        uri = make(backend, np.zeros((50, 3), np.float32), tmp_path, "zeros")
        _rows, cosines = backend.open(uri, 3, 50).search(np.array([[1, 0, 0]], np.float32), 5)
        assert cosines[0] == pytest.approx(np.zeros(5), abs=1e-6)

    def test_a_memory_map_will_do(self, backend: type[IndexBackend], vectors: Rows, tmp_path: Path) -> None:
        np.save(tmp_path / "rows.npy", vectors)
        uri = make(backend, np.load(tmp_path / "rows.npy", mmap_mode="r"), tmp_path, "mapped")
        assert backend.open(uri, DIM, ROWS).search(vectors[5:6], 1)[0].tolist() == [[5]]

    def test_threads_may_ask_at_once(self, index: IndexBackend, vectors: Rows) -> None:
        expected = index.search(vectors[:50], 10)[0].tolist()
        answers: list[list[list[int]]] = [[] for _ in range(4)]

        def ask(found: list[list[int]]) -> None:
            found += [index.search(vectors[row : row + 1], 10)[0][0].tolist() for row in range(50)]

        threads = [threading.Thread(target=ask, args=(found,)) for found in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [expected] * 4

    def test_two_indexes_do_not_meet(
        self, backend: type[IndexBackend], index: IndexBackend, vectors: Rows, tmp_path: Path
    ) -> None:
        (tmp_path / "next").mkdir()
        other = backend.open(make(backend, -vectors, tmp_path / "next"), DIM, ROWS)
        assert index.search(vectors[:1], 1)[0].tolist() == [[0]]
        assert other.search(-vectors[9:10], 1)[0].tolist() == [[9]]

    def test_what_is_dropped_is_gone(self, backend: type[IndexBackend], uri: str) -> None:
        backend.drop(uri)
        with pytest.raises(IndexDamagedError):
            backend.open(uri, DIM, ROWS)
        backend.drop(uri)

    def test_refuses_queries_of_another_dimension(self, index: IndexBackend, vectors: Rows) -> None:
        for wrong in (vectors[:2, :-1], vectors[0], np.zeros((1, DIM + 1), np.float32)):
            with refused(DimensionMismatchError, "vectors_of_another_length", expected=DIM):
                index.search(wrong, 5)

    def test_refuses_a_mask_that_does_not_fit(self, index: IndexBackend, vectors: Rows) -> None:
        for wrong in (np.ones(ROWS - 1, bool), np.ones(ROWS, np.uint8), np.ones((1, ROWS), bool)):
            with refused(DimensionMismatchError, "mask_expected", expected=ROWS):
                index.search(vectors[:1], 5, allowed=wrong)

    def test_refuses_to_look_for_nothing(self, index: IndexBackend, vectors: Rows) -> None:
        with pytest.raises(ValueError, match="k: "):
            index.search(vectors[:1], 0)

    @pytest.mark.parametrize("quality", [-0.1, 1.01, float("nan")])
    def test_refuses_a_quality_beyond_the_scale(
        self, backend: type[IndexBackend], index: IndexBackend, vectors: Rows, tmp_path: Path, quality: float
    ) -> None:
        with pytest.raises(ValueError, match="quality: "):
            index.search(vectors[:1], 5, quality)
        with pytest.raises(ValueError, match="quality: "):
            backend.build(vectors, backend.address(tmp_path, "none"), seed=1, threads=1, quality=quality)

    def test_refuses_an_index_of_another_dimension_or_length(self, backend: type[IndexBackend], uri: str) -> None:
        for dim, rows in ((DIM + 1, ROWS), (DIM, ROWS - 1), (DIM * 2, ROWS)):
            with pytest.raises(IndexDamagedError):
                backend.open(uri, dim, rows)

    def test_refuses_a_foreign_index(self, backend: type[IndexBackend], uri: str) -> None:
        if backend.capabilities.remote:
            SERVER[uri] = np.zeros((1, 1), np.float32)
        else:
            path_of(uri).write_bytes(b"this is no index")
        with pytest.raises(IndexDamagedError):
            backend.open(uri, DIM, ROWS)

    @pytest.mark.parametrize("shape", [(0, 4), (4, 0), (4,)])
    def test_refuses_to_build_from_nothing(
        self, backend: type[IndexBackend], tmp_path: Path, shape: tuple[int, ...]
    ) -> None:
        with refused(DimensionMismatchError, "float_matrix_expected", shape=str(shape)):
            make(backend, np.zeros(shape, np.float32), tmp_path)

    def test_refuses_numbers_of_another_type(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        with refused(DimensionMismatchError, "float_matrix_expected", dtype="float64"):
            make(backend, np.zeros((3, 3)), tmp_path)  # type: ignore[arg-type]


class TestFiles:
    """What holds of the backends whose index is a file."""

    @pytest.fixture
    def backend(self, backend: type[IndexBackend]) -> type[IndexBackend]:
        if backend.capabilities.remote:
            pytest.skip("its index is no file")
        return backend

    def test_same_seed_same_file(self, backend: type[IndexBackend], uri: str, vectors: Rows, tmp_path: Path) -> None:
        if backend.name == "cv2":
            pytest.skip("it builds in threads and offers no choice")
        assert path_of(make(backend, vectors, tmp_path, "again")).read_bytes() == path_of(uri).read_bytes()

    def test_a_file_uri_is_a_path(self, backend: type[IndexBackend], uri: str, vectors: Rows) -> None:
        index = backend.open(Path(uri).as_uri(), DIM, ROWS)
        assert index.search(vectors[8:9], 1)[0].tolist() == [[8]]

    @pytest.mark.parametrize("wrong", ["http://host/index", "memory://a/b", "file://elsewhere/index"])
    def test_refuses_the_uri_of_something_else(self, backend: type[IndexBackend], wrong: str) -> None:
        with refused(IndexUnavailableError, "no_file_uri", got=wrong):
            backend.open(wrong, DIM, ROWS)

    def test_refuses_a_missing_file(self, backend: type[IndexBackend], tmp_path: Path) -> None:
        with pytest.raises(IndexDamagedError):
            backend.open(backend.address(tmp_path, "none"), DIM, ROWS)


def test_annoy_and_opencv_read_each_others_files(vectors: Rows, tmp_path: Path) -> None:
    pair = load_backend("annoy"), load_backend("cv2")
    for backend in pair:
        if (reason := backend.unavailable()) is not None:
            pytest.skip(str(reason))
    for writer, reader in (pair, pair[::-1]):
        index = reader.open(make(writer, vectors, tmp_path, writer.name), DIM, ROWS)
        assert index.search(vectors[9:10], 5, 1.0)[0][0].tolist() == nearest(vectors, vectors[9], 5)


def test_trees_follow_from_the_quality_unless_somebody_wished_for_another_number() -> None:
    assert [num_trees(quality, {}) for quality in (0, 0.5, 1)] == [5, 20, 80]
    assert num_trees(0.5, {"trees": 3, "other": 9}) == 3


def test_auto_goes_down_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = IndexUnavailableError("annoy_missing")
    monkeypatch.setattr(annoy.AnnoyBackend, "unavailable", classmethod(lambda cls: missing))
    if load_backend("cv2").unavailable() is None:
        assert choose_backend().name == "cv2"
    monkeypatch.setattr(opencv.OpencvBackend, "unavailable", classmethod(lambda cls: missing))
    assert choose_backend("auto").name == "exact"
    with refused(IndexUnavailableError, "backend_unavailable", name="annoy", because=missing.as_json()):
        choose_backend("annoy")


def test_one_line_registers_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BACKENDS, "memory", f"{MemoryBackend.__module__}.{MemoryBackend.__qualname__}")
    assert choose_backend("memory") is MemoryBackend


def test_refuses_an_unknown_backend() -> None:
    with refused(IndexUnavailableError, "unknown_backend", name="faiss"):
        choose_backend("faiss")
