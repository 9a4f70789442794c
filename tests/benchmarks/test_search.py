"""The search benchmark runs and prints what it promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_it_works(tmp_path: Path) -> None:
    arguments = ["--rows", "300", "400", "--deep-dim", "32", "--queries", "5", "--folder", str(tmp_path), "--json"]
    done = subprocess.run(
        [sys.executable, "benchmarks/search.py", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [run["rows"] for run in found["runs"]] == [300, 400]
    for run in found["runs"]:
        assert run["route"] == "exact"
        assert run["dims"]["deep"] == 32
        assert 0 < run["p50_ms"] <= run["p95_ms"]
        assert run["own_mib"] > 0
    assert list(tmp_path.iterdir()) == []
