"""The benchmarks of codes and of backends run, find what was planted, and print what the report reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.ann import enlarge, view
from benchmarks.hashes import FAISS, make_codes, plant, run_faiss
from search.index import BACKENDS, load_backend
from search.index.hash_layout import lane, split
from search.methods.base import normalize_rows

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, *arguments, "--json"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_hashes_works(tmp_path: Path) -> None:
    options = ["--rows", "3000", "--bits", "64", "--codes", "crowded", "--workdir", str(tmp_path)]
    found = run("benchmarks/hashes.py", *options)
    assert found["command"].startswith("python benchmarks/hashes.py")
    assert found["machine"]["cores"]
    (built,) = found["results"]
    assert (built["index"], built["found"], built["queries"]) == ("four tables", 1000, 1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FAISS)
def test_faiss_is_asked_the_same(tmp_path: Path, name: str) -> None:
    pytest.importorskip("faiss", exc_type=ImportError)
    codes = np.concatenate(list(make_codes(4000, 8, "random", 7)))
    codes.tofile(tmp_path / "codes")
    asked = plant(tmp_path / "codes", 4000, 8, 7).first(100)
    found = run_faiss(name, tmp_path / "codes", 4000, 8, asked, limit=1.0)
    assert found["found"] > 0.6 * found["queries"]
    skipped = run_faiss(name, tmp_path / "codes", 4000, 8, asked, limit=1e-9)
    assert "of memory; 1e-09 are allowed" in skipped["skipped"]


@pytest.mark.slow
def test_ann_works(tmp_path: Path, rng: np.random.Generator) -> None:
    (tmp_path / "work").mkdir()
    for number in range(40):
        Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8)).save(tmp_path / f"{number}.png")
    options = ["--images", str(tmp_path), "--method", "color", "--rows", "1000", "--workdir", str(tmp_path / "work")]
    found = run("benchmarks/ann.py", *options)
    assert [result["index"] for result in found["results"]] == list(BACKENDS)
    for result in found["results"]:
        assert (load_backend(result["index"]).unavailable() is not None) == ("skipped" in result)
        assert result.get("recall_at_20", 1) > 0.9
    assert found["features"]["described"] == 160
    assert list((tmp_path / "work").iterdir()) == []


def test_ann_refuses_no_photographs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/ann.py", "--images", str(tmp_path / "none")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "say which photographs to describe" in done.stderr


def test_codes_are_the_same_for_the_same_seed() -> None:
    for kind in ("random", "crowded"):
        first, second = (np.concatenate(list(make_codes(1000, 16, kind, 7))) for _repeat in range(2))
        np.testing.assert_array_equal(first, second)
        assert first.shape == (1000, 16)


def test_crowded_codes_share_prefixes_twice_as_often() -> None:
    shares = {}
    for kind in ("random", "crowded"):
        prefixes, _checks = split(lane(np.concatenate(list(make_codes(100_000, 8, kind, 7))), 1), 16)
        shares[kind] = np.square(np.bincount(prefixes) / 100_000).sum() - 1 / 100_000
    assert 1.5 < shares["crowded"] / shares["random"] < 3


def test_queries_differ_from_their_rows_in_no_more_than_seven_bits(tmp_path: Path) -> None:
    codes = np.concatenate(list(make_codes(500, 8, "random", 7)))
    codes.tofile(tmp_path / "codes")
    asked = plant(tmp_path / "codes", 500, 8, 7)
    distances = np.unpackbits(asked.codes ^ codes[asked.rows], axis=1).sum(axis=1)
    assert distances[:16].tolist() == [*range(8), *range(8)]


def test_rows_between_views_have_unit_length(tmp_path: Path, rng: np.random.Generator) -> None:
    described = normalize_rows(rng.random((12, 5))).reshape(4, 3, 5)
    enlarge(described, 50, tmp_path / "rows.npy")
    rows = np.load(tmp_path / "rows.npy")
    np.testing.assert_array_equal(rows[:12], described.reshape(12, 5))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows.shape == (50, 5)


def test_views_are_parts_of_the_image(rng: np.random.Generator) -> None:
    image = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30, 1).repeat(3, axis=2)
    part = view(image, rng)  # type: ignore[arg-type]
    assert part.shape[0] >= 12
    assert part.shape[1] >= 18
    columns = part[0, :, 0].astype(int)
    assert set(np.abs(np.diff(columns)).tolist()) == {1}
