"""Indexes of generations: those of version 0.1, which stored an effort, and those that a server keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from numpy.typing import NDArray

from search import index as registry
from search.exceptions import GenerationError, IndexDamagedError
from search.generations import build as generations_build
from search.generations import snapshot
from search.generations.build import build, generation_folder, rebuild_due
from search.generations.reader import open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import load_backend
from search.index.circuit import Circuit
from search.index.faiss import LINKS
from search.index.manifest import FORMAT, NAME, sum_files
from search.methods.base import normalize_rows
from search.methods.color import Color
from search.models import Generation
from search.query.explain_missing import find_place
from search.query.pipeline import for_image, run_query
from search.query.request import GalleryImage, SearchRequest
from tests.search.index.memory_backend import SERVER, MemoryBackend
from tests.search.index.silent_server import AskingBackend, silent_server
from tests.search.library import add_library

NUM, EFFORT, DEPTH = 20_000, 2000, 400
NONE = np.empty(0, np.int64)
WEIGHTS = {"color": 0.3, "ssim": 0.2}


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float32]:
    rng = np.random.default_rng(5)
    centers = rng.normal(size=(400, Color().dim))
    return normalize_rows(centers[rng.integers(0, 400, NUM)] + rng.normal(0, 0.4, (NUM, Color().dim)))


def stored_by_0_1(folder: Path, rows: NDArray[np.float32], backend: str, **changes: Any) -> None:
    """Make a generation's folder as version 0.1 left it: an index with 20 trees or 80 candidates, and its effort."""
    kind = load_backend(backend)
    plan = IndexPlan(1, 0, load_backend("exact"), exact_max=10, seed=20, min_recall=0.9)
    written = assemble(
        folder, [MethodSource(Color(), "c1", [(np.arange(NUM), rows)])], plan, NONE, lambda text, share: None
    )
    file = f"color{kind.suffix}"
    kind.build(rows, str(folder / file), seed=20, threads=1, hints={"trees": 20})
    entry: dict[str, Any] = {
        "version": "c1",
        "dim": rows.shape[1],
        "dtype": "float32",
        "num_present": NUM,
        "stand_in_dim": 0,
        "index": file,
        "effort": EFFORT,
        "recall": 0.97,
        "reduced_dim": written.methods["color"].reduced_dim,
        "variance": None,
        "reduced_recall": None,
        "hashes": "",
        "code_bits": 0,
    }
    (folder / NAME).unlink()
    sums = sum_files(folder, sorted(path.name for path in folder.iterdir()))
    body = {
        "generation": 1,
        "created": "2026-01-01T00:00:00+00:00",
        "revision": 0,
        "num_images": NUM,
        "seed": 20,
        "backend": backend,
        "methods": {"color": entry | changes},
        "files": {name: {"num_bytes": found.num_bytes, "sha256": found.sha256} for name, found in sums.items()},
        "libraries": {"numpy": "2.4.6"},
        "format": FORMAT,
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    (folder / NAME).write_text(json.dumps({"body": body, "sha256": digest}, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize("effort", [1000, EFFORT, NUM // 8])
def test_a_generation_of_0_1_answers_as_it_did(tmp_path: Path, rows: NDArray[np.float32], effort: int) -> None:
    """The very rows that Annoy gives when it looks at as many nodes as the manifest says."""
    annoy = pytest.importorskip("annoy")
    stored_by_0_1(tmp_path, rows, "annoy", effort=effort)
    index = open_generation(tmp_path, 1).segment.indexes["color"]
    engine = annoy.AnnoyIndex(rows.shape[1], "angular")
    engine.load(str(tmp_path / "color.annoy"))
    for row in (0, 77, 19_999):
        expected = engine.get_nns_by_vector(rows[row].tolist(), DEPTH, search_k=effort)
        assert index.query(rows[row], DEPTH).tolist() == expected
        allowed = np.arange(NUM) % 2 == 0  # half of them: asked for twice as many, at twice the effort
        expected = engine.get_nns_by_vector(rows[row].tolist(), 2 * DEPTH, search_k=2 * effort)
        found = index.query_allowed(rows[row], DEPTH, allowed)
        assert found is not None
        if sum(near % 2 == 0 for near in expected) >= DEPTH:
            assert found.tolist() == [near for near in expected if near % 2 == 0]


@pytest.mark.slow
def test_a_graph_of_0_1_answers_as_it_did(tmp_path: Path, rows: NDArray[np.float32]) -> None:
    faiss = pytest.importorskip("faiss", exc_type=ImportError)
    stored_by_0_1(tmp_path, rows, "faiss_hnsw")
    index = open_generation(tmp_path, 1).segment.indexes["color"]
    engine = faiss.read_index(str(tmp_path / "color.hnsw"))
    for k in (21, DEPTH):
        how = faiss.SearchParametersHNSW(efSearch=max(k, EFFORT // LINKS, 32))
        expected = engine.search(rows[5:6], k, params=how)[1][0]
        assert index.query(rows[5], k).tolist() == expected[expected >= 0].tolist()


def test_what_no_version_knows_is_refused(tmp_path: Path, rows: NDArray[np.float32]) -> None:
    stored_by_0_1(tmp_path, rows, "exact", wishes=3)
    with pytest.raises(IndexDamagedError) as caught:
        open_generation(tmp_path, 1)
    assert caught.value.code == "manifest_malformed"
    assert "wishes" in caught.value.params["cause"]


@pytest.fixture
def _on_a_server(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.BACKENDS, "memory", f"{MemoryBackend.__module__}.{MemoryBackend.__qualname__}")
    settings.GENERATIONS_DIR = tmp_path / "generations"
    settings.ENV = settings.ENV.model_copy(update={"index_backend": "memory", "exact_search_max_images": 5})
    monkeypatch.setattr(MemoryBackend, "circuit", Circuit(0.0))
    snapshot.forget()
    yield
    snapshot.forget()
    SERVER.clear()


def kept() -> set[str]:
    """Return the generations of which the server keeps something."""
    return {uri.removeprefix("memory://").partition("/")[0].rpartition("-")[2] for uri in SERVER}


def suffix(row: Generation) -> str:
    return row.folder.rpartition("-")[2]


@pytest.mark.django_db
@pytest.mark.usefixtures("_on_a_server")
class TestRemote:
    def test_it_serves(self, rng: np.random.Generator) -> None:
        ids, vectors = add_library(60, rng)
        row = build()
        assert row.backend == "memory"
        assert kept() == {suffix(row)}
        answer = run_query(for_image(int(ids[0])), WEIGHTS)
        assert not answer.exact
        by_scan = np.argsort(-(vectors["color"] @ vectors["color"][0]))[1:4]
        by_index = run_query(for_image(int(ids[0])), {"color": 1.0}).results[:3]
        assert [result.image_id for result in by_index] == ids[by_scan].tolist()

    def test_the_server_forgets_what_goes(self, rng: np.random.Generator) -> None:
        add_library(20, rng)
        first, second = build(), build()
        assert kept() == {suffix(first), suffix(second)}
        third = build()
        assert kept() == {suffix(second), suffix(third)}

    def test_a_failed_build_leaves_nothing(self, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
        add_library(20, rng)
        first = build()

        def full(path: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(generations_build, "sync", full)
        with pytest.raises(GenerationError):
            build()
        assert kept() == {suffix(first)}

    def test_too_little_recall_leaves_nothing(self, rng: np.random.Generator, settings: LazySettings) -> None:
        settings.ENV = settings.ENV.model_copy(update={"min_recall": 1.1})
        ids, _vectors = add_library(20, rng)
        row = build()
        assert SERVER == {}
        assert not list(generation_folder(row.folder).glob("*.remote.json"))
        assert run_query(for_image(int(ids[0])), WEIGHTS).exact

    def test_what_a_server_that_is_down_keeps_goes_later(
        self, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
    ) -> None:
        add_library(20, rng)
        first, second = build(), build()
        settings.ENV = settings.ENV.model_copy(update={"index_backend": "exact"})
        with monkeypatch.context() as outage:
            outage.setattr(MemoryBackend, "down", True)
            build()
            assert kept() == {suffix(first), suffix(second)}
        build()
        assert SERVER == {}

    def test_while_the_server_is_down_all_rows_are_compared(
        self, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids, _vectors = add_library(20, rng)
        build()
        expected = [result.image_id for result in run_query(for_image(int(ids[0])), WEIGHTS).results]
        snapshot.forget()
        monkeypatch.setattr(MemoryBackend, "down", True)
        answer = run_query(for_image(int(ids[0])), WEIGHTS)
        assert answer.exact
        assert [result.image_id for result in answer.results] == expected

    def test_a_server_that_goes_down_meanwhile_is_named_and_does_without(
        self, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids, _vectors = add_library(20, rng)
        build()
        before = run_query(for_image(int(ids[0])), WEIGHTS)
        assert not before.degraded
        with monkeypatch.context() as outage:
            outage.setattr(MemoryBackend, "down", True)  # opened long ago, and still held by this process
            during = run_query(for_image(int(ids[0])), WEIGHTS)
        assert [result.image_id for result in during.results] == [result.image_id for result in before.results]
        assert during.degraded is not None
        assert (during.degraded.code, during.degraded.params["methods"]) == ("indexes_unreachable", ["color", "ssim"])
        assert during.degraded.params["because"]["params"] == {"text": "the server does not answer"}
        assert run_query(for_image(int(ids[0])), WEIGHTS).degraded is None

    def test_a_server_that_does_not_answer_costs_one_time_out(
        self, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
    ) -> None:
        asking = f"{AskingBackend.__module__}.{AskingBackend.__qualname__}"
        monkeypatch.setitem(registry.BACKENDS, "asking", asking)
        monkeypatch.setattr(AskingBackend, "circuit", Circuit(3600))
        settings.ENV = settings.ENV.model_copy(update={"index_backend": "asking"})
        ids, _vectors = add_library(20, rng)
        build()
        expected = [result.image_id for result in run_query(for_image(int(ids[0])), WEIGHTS).results]
        with silent_server() as server:
            monkeypatch.setattr(AskingBackend, "port", server.port)
            monkeypatch.setattr(AskingBackend, "asked", [])
            for _number in range(3):
                answer = run_query(for_image(int(ids[0])), WEIGHTS)
                assert [result.image_id for result in answer.results] == expected
                assert answer.degraded is not None
                assert answer.degraded.params["methods"] == ["color", "ssim"]
            assert AskingBackend.asked == [server.port]

    def test_an_absence_is_explained_while_the_server_is_down(
        self, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids, _vectors = add_library(20, rng)
        build()
        request = SearchRequest((GalleryImage(int(ids[0])),), weights=WEIGHTS)
        monkeypatch.setattr(MemoryBackend, "down", True)
        place = find_place(request, int(ids[1]))
        assert place.found is not None
        assert [each.near for each in place.methods.values()] == [None] * len(place.methods)

    def test_what_the_server_lost_is_built_again(self, rng: np.random.Generator) -> None:
        ids, _vectors = add_library(20, rng)
        build()
        SERVER.clear()
        snapshot.forget()
        answer = run_query(for_image(int(ids[0])), WEIGHTS)
        assert answer.degraded
        assert len(answer.results) == 19
        assert rebuild_due(0)
        build()
        assert run_query(for_image(int(ids[0])), WEIGHTS).degraded is None
