"""The benchmark of pages runs in small: each page answers everybody whom it is measured as."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_it_works(tmp_path: Path) -> None:
    sizes = {"images": 80, "pairs": 20, "groups": 8}
    arguments = [word for name, number in sizes.items() for word in (f"--{name}", str(number))]
    arguments += ["--requests", "2", "--data", str(tmp_path), "--json"]
    found = measure(*arguments)
    assert found["sizes"] == sizes
    assert {"gallery", "search by image", "compare", "duplicates", "audit", "trash", "map"} <= {
        run["page"] for run in found["runs"]
    }
    for run in [*found["runs"], found["decisions"]]:
        assert run["requests"] == 2
        assert 0 < run["p50_ms"] <= run["p95_ms"]
    again = measure(*arguments, "--only", "queues")  # uses the library of the first run
    assert {run["page"] for run in again["runs"]} == {"queues"}
    assert again["prepare_s"] < found["prepare_s"]


def measure(*arguments: str) -> Any:
    """Run the benchmark and return what it found."""
    command = [sys.executable, "benchmarks/pages.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
