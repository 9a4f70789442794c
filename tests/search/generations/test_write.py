"""Assembly and loading: rows are aligned across methods, whatever each of them lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexDamagedError
from search.generations import pca, reader
from search.generations.reader import open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import IndexBackend, choose_backend
from search.index.manifest import read_manifest, sum_files, write_manifest
from search.methods.base import normalize_rows
from search.methods.color import Color
from search.methods.phash import PHash
from search.methods.ssim import Ssim
from search.scoring.segments import take
from search.types import Vectors
from tests.codes import refused

NONE = np.empty(0, np.int64)
COLOR, SSIM, PHASH = Color(), Ssim(), PHash()


def quiet(text: str, share: float) -> None:
    pass


def plan(**changes: Any) -> IndexPlan:
    return replace(IndexPlan(1, 5, choose_backend(), exact_max=10, seed=20, min_recall=0.9), **changes)


def chunks(ids: list[int], rows: Vectors, size: int = 4) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    for start in range(0, len(ids), size):
        yield np.array(ids[start : start + size]), rows[start : start + size]


@pytest.fixture
def color_rows(rng: np.random.Generator) -> NDArray[np.float32]:
    return normalize_rows(rng.random((30, COLOR.dim)))


@pytest.fixture
def ssim_rows(rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (30, SSIM.dim), np.uint8)


def test_it_works(tmp_path: Path, color_rows: NDArray[np.float32], ssim_rows: NDArray[np.uint8]) -> None:
    even, late = list(range(0, 60, 2)), list(range(20, 50))
    sources = [
        MethodSource(COLOR, "c1", chunks(even, color_rows)),
        MethodSource(SSIM, "s1", chunks(late, ssim_rows)),
    ]
    manifest = assemble(tmp_path, sources, plan(), np.array([22, 23]), quiet)
    found = open_generation(tmp_path, 1)
    expected = [i for i in sorted({*even, *late}) if i not in (22, 23)]
    assert found.segment.image_ids.tolist() == expected
    assert manifest.num_images == len(expected)
    for name, ids, rows in (("color", even, color_rows), ("ssim", late, ssim_rows)):
        held = found.segment.methods[name]
        assert held.present is not None
        for place, image_id in enumerate(expected):
            assert held.present[place] == (image_id in ids)
            if image_id in ids:
                assert np.array_equal(held.vectors[place], rows[ids.index(image_id)])
    proxies = found.segment.methods["ssim"].proxies
    assert proxies is not None
    assert proxies[expected.index(30)] == pytest.approx(SSIM.proxy(ssim_rows[10:11])[0])
    nearest = found.segment.indexes["color"].query(color_rows[7], 1)
    assert expected[nearest[0]] == even[7]
    assert not found.touched()


def test_chunks_of_any_size_make_the_same_files(tmp_path: Path, color_rows: NDArray[np.float32]) -> None:
    sums = []
    for size in (1, 7, 100):
        folder = tmp_path / str(size)
        folder.mkdir()
        sources = [MethodSource(COLOR, "c1", chunks(list(range(30)), color_rows, size))]
        sums.append(assemble(folder, sources, plan(threads=1), NONE, quiet).files)
    for name in ("color.vectors.npy", "color.mask.npy", "image_ids.npy", "color.annoy"):
        assert len({found[name].sha256 for found in sums}) == 1


def test_a_method_without_rows_is_left_out(tmp_path: Path, color_rows: NDArray[np.float32]) -> None:
    sources = [MethodSource(COLOR, "c1", chunks(list(range(30)), color_rows)), MethodSource(SSIM, "s1", iter([]))]
    assert list(assemble(tmp_path, sources, plan(), NONE, quiet).methods) == ["color"]
    assert not list(tmp_path.glob("ssim*"))


def test_nothing_at_all_is_a_generation_too(tmp_path: Path) -> None:
    assert assemble(tmp_path, [MethodSource(COLOR, "c1", iter([]))], plan(), NONE, quiet).num_images == 0
    assert open_generation(tmp_path, 1).segment.image_ids.tolist() == []


def test_small_generations_have_no_index(tmp_path: Path, color_rows: NDArray[np.float32]) -> None:
    sources = [MethodSource(COLOR, "c1", chunks(list(range(30)), color_rows))]
    manifest = assemble(tmp_path, sources, plan(exact_max=30), NONE, quiet)
    assert manifest.methods["color"].index == ""
    assert manifest.methods["color"].recall is None


def test_refuses_rows_of_different_length(tmp_path: Path, color_rows: NDArray[np.float32]) -> None:
    mixed = iter([(np.array([1]), color_rows[:1]), (np.array([2]), color_rows[:1, :9])])
    with refused(DimensionMismatchError, "array_rows_expected", file="color.vectors.npy", expected=256):
        assemble(tmp_path, [MethodSource(COLOR, "c1", mixed)], plan(), NONE, quiet)


def forge(folder: Path, **changes: Any) -> None:
    """Rewrite the manifest so that all its sums are right."""
    manifest = read_manifest(folder, 1)
    color = replace(manifest.methods["color"], **changes)
    names = [path.name for path in folder.iterdir() if path.name != "manifest.json"]
    write_manifest(folder, replace(manifest, methods={"color": color}, files=sum_files(folder, names)))


def test_files_that_do_not_fit_are_refused_even_where_the_sums_do(
    tmp_path: Path, color_rows: NDArray[np.float32]
) -> None:
    assemble(tmp_path, [MethodSource(COLOR, "c1", chunks(list(range(30)), color_rows))], plan(), NONE, quiet)
    forge(tmp_path, num_present=29)
    with refused(IndexDamagedError, "mask_wrong", method="color", expected=29):
        open_generation(tmp_path, 1)
    forge(tmp_path, dim=128)
    with refused(IndexDamagedError, "array_wrong", file="color.vectors.npy", shape="(30, 128)"):
        open_generation(tmp_path, 1)
    forge(tmp_path, dim=COLOR.dim, num_present=30)
    np.save(tmp_path / "image_ids.npy", np.arange(30)[::-1])
    forge(tmp_path)
    with refused(IndexDamagedError, "image_ids_unordered"):
        open_generation(tmp_path, 1)
    np.save(tmp_path / "image_ids.npy", np.arange(30))
    (tmp_path / "color.calibration.npz").write_bytes(b"no tables")
    forge(tmp_path)
    with refused(IndexDamagedError, "calibration_unreadable", file="color.calibration.npz"):
        open_generation(tmp_path, 1)


def test_an_index_is_read_by_another_backend_or_not_at_all(
    tmp_path: Path, color_rows: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    assemble(tmp_path, [MethodSource(COLOR, "c1", chunks(list(range(30)), color_rows))], plan(), NONE, quiet)
    real = reader.load_backend

    def missing(*names: str) -> Any:
        def load(name: str) -> type[IndexBackend]:
            kind = real(name)
            return type(
                kind.__name__, (kind,), {"unavailable": classmethod(lambda cls: "gone")} if name in names else {}
            )

        return load

    monkeypatch.setattr(reader, "load_backend", missing("annoy"))
    assert "color" in open_generation(tmp_path, 1).segment.indexes
    monkeypatch.setattr(reader, "load_backend", missing("annoy", "cv2"))
    assert open_generation(tmp_path, 1).segment.indexes == {}


def test_vectors_are_taken_in_the_order_asked_for(tmp_path: Path, color_rows: NDArray[np.float32]) -> None:
    from search.scoring.segments import Snapshot

    assemble(tmp_path, [MethodSource(COLOR, "c1", chunks(list(range(30)), color_rows))], plan(), NONE, quiet)
    found = open_generation(tmp_path, 1)
    snapshot = Snapshot((found.segment,), found.tables)
    taken = take(snapshot, "color", np.array([9, 77, 3]))
    assert taken is not None
    assert taken[1].tolist() == [True, False, True]
    assert np.array_equal(taken[0][[0, 2]], color_rows[[9, 3]])
    assert take(snapshot, "deep", np.array([1])) is None


def test_rows_are_reduced_where_that_pays(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pca, "MIN_NUMBERS", 0)
    ids = np.arange(1, 1001)
    rows = normalize_rows(np.abs(rng.normal(size=(1000, 12))) @ np.abs(rng.normal(size=(12, COLOR.dim))))
    sources = [
        MethodSource(COLOR, "c1", iter([(ids, rows)])),
        MethodSource(SSIM, "s1", iter([(ids[:2] + 2000, _gray(2, rng))])),
    ]
    manifest = assemble(tmp_path, sources, plan(), NONE, quiet)
    files = manifest.methods["color"]
    assert 2 <= files.reduced_dim <= 13
    assert files.variance is not None
    assert files.variance >= 0.95
    assert files.reduced_recall is not None
    assert files.reduced_recall >= 0.995
    assert files.recall is not None
    assert files.recall >= 0.9
    segment = open_generation(tmp_path, 1).segment
    held = segment.methods["color"]
    assert held.basis is not None
    assert held.scanned.shape == (1002, files.reduced_dim)
    assert np.array_equal(held.vectors[:1000], rows)
    assert np.abs(held.scanned[:1000] @ held.asked(rows[7]) - rows @ rows[7]).mean() < 0.02
    assert segment.indexes["color"].query(held.asked(rows[7]), 3)[0] == 7


def test_stand_ins_are_reduced_too(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "MIN_NUMBERS", 0)
    waves = np.cos(np.pi * np.outer(np.arange(4), (np.arange(64) + 0.5) / 64))
    plane = np.einsum("iy,jx->ijyx", waves, waves).reshape(16, 4096)[1:]
    rows = np.clip(128 + rng.normal(0, 30, (500, 15)) @ plane, 0, 255).astype(np.uint8)
    files = assemble(tmp_path, [MethodSource(SSIM, "s1", iter([(np.arange(500), rows)]))], plan(), NONE, quiet).methods[
        "ssim"
    ]
    assert 2 <= files.reduced_dim <= files.scanned_dim // 2
    assert files.scanned_dim == files.stand_in_dim
    loaded_segment = open_generation(tmp_path, 1).segment
    held = loaded_segment.methods["ssim"]
    assert held.scanned.shape == (500, files.reduced_dim)
    proxies = SSIM.proxy(rows)
    assert np.array_equal(held.whole, proxies)
    assert np.abs(held.scanned @ held.asked(proxies[3]) - proxies @ proxies[3]).mean() < 0.03
    assert loaded_segment.indexes["ssim"].query(held.asked(proxies[3]), 3)[0] == 3


def _gray(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    return rng.integers(0, 256, (count, SSIM.dim), np.uint8)


def test_codes_are_indexed_beside_the_rows(tmp_path: Path, rng: np.random.Generator) -> None:
    codes = rng.integers(0, 256, (40, 8), np.uint8)
    ids = np.arange(1, 41)
    sources = [
        MethodSource(PHASH, "p1", iter([(ids, codes)])),
        MethodSource(SSIM, "s1", iter([(ids[:2] + 90, _gray(2, rng))])),
    ]
    manifest = assemble(tmp_path, sources, plan(), NONE, quiet)
    assert (manifest.methods["phash"].hashes, manifest.methods["phash"].code_bits) == ("phash.hashes", 64)
    hashes = open_generation(tmp_path, 1).segment.hashes
    assert list(hashes) == ["phash"]
    near = codes[[9, 30]].copy()
    near[:, 3] ^= 0b1011
    assert hashes["phash"].query(near, 5).tolist() == [9, 30]


def test_without_an_ann_index_there_are_no_codes(tmp_path: Path, rng: np.random.Generator) -> None:
    codes = rng.integers(0, 256, (40, 8), np.uint8)
    for number, changes in enumerate(({"exact_max": 40}, {"backend": choose_backend("exact")})):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = MethodSource(PHASH, "p1", iter([(np.arange(40), codes)]))
        assert assemble(folder, [source], plan(**changes), NONE, quiet).methods["phash"].hashes == ""
        assert not list(folder.glob("*.hashes"))
