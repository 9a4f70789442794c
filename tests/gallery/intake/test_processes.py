"""Intake under hard conditions, with real processes: killed, competing, and on a disk that is full."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.decoding.process import ROOT
from tests.gallery.encoding import encode

pytestmark = pytest.mark.slow

Run = Callable[..., Any]
NUM_IMAGES = 40


@pytest.fixture
def images(tmp_path: Path, rng: np.random.Generator) -> Path:
    """A folder of pictures that do not compress, 265 kB each."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(NUM_IMAGES):
        picture = rng.integers(0, 255, (300, 300, 3), dtype=np.uint8)
        (folder / f"{number:02}.png").write_bytes(encode(picture, "PNG", compress_level=1))
    return folder


@pytest.fixture
def library(prepare: Callable[[Path], None], tmp_path: Path) -> Path:
    """A data folder with a migrated database."""
    folder = tmp_path / "data"
    folder.mkdir()
    prepare(folder)
    return folder


@pytest.fixture
def run(library: Path) -> Run:
    """Return what runs a scenario on the library and reads its answer."""

    def finish(scenario: str, folder: Path, before: tuple[str, ...] = ()) -> Any:
        command = [*before, sys.executable, "-m", "tests.gallery.intake_scenarios", scenario, str(folder)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(library), stdout=subprocess.PIPE, text=True, check=True, timeout=1200
        )
        return json.loads(done.stdout)

    return finish


def environment(library: Path) -> dict[str, str]:
    return {**os.environ, "DATA_DIR": str(library), "DATABASE_URL": ""}


def test_killed_at_any_moment_nothing_is_lost(run: Run, images: Path) -> None:
    state = run("killed", images)
    assert len(state["kinds"][0]) == len(state["rows"]) == NUM_IMAGES
    assert {status for _sha256, status in state["rows"]} == {"ready"}
    endings = ("", "-thumb.webp", "-display.webp")
    whole = {f"{sha256}{ending}" for sha256, _status in state["rows"] for ending in endings}
    leftovers = set(state["files"]) - whole
    assert whole <= set(state["files"])
    assert not [name for name in leftovers if len(name) == 64], "an original without a row"
    assert len(leftovers) <= 8, "at most one incoming file for each kill; they are swept up after an hour"
    assert state["features"] == state["different_features"] > 0


def test_competing_processes_store_each_file_once(run: Run, images: Path) -> None:
    state = run("competing", images)
    for outcomes in zip(*state["kinds"], strict=True):
        assert sorted(outcomes) == ["duplicate"] * 3 + ["stored"]
    assert len(state["rows"]) == NUM_IMAGES
    assert len(state["files"]) == 3 * NUM_IMAGES
    assert state["features"] == state["different_features"] > 0


UNSHARE = ("unshare", "--map-root-user", "--mount", "sh", "-c")


def may_mount() -> bool:
    """Tell whether this machine lets a test mount a small file system of its own."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    trial = [*UNSHARE, "mount -t tmpfs -o size=1m tmpfs /mnt"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def test_a_full_disk_leaves_nothing_behind(library: Path, images: Path, run: Run) -> None:
    if not may_mount():
        pytest.skip("this machine does not let a test mount a file system")
    kept = library.rename(f"{library}-kept")
    library.mkdir()
    mount = f'mount -t tmpfs -o size=12m tmpfs "{library}" && cp -a "{kept}/." "{library}" && exec "$@"'
    answers = run("full_disk", images, before=(*UNSHARE, mount, "sh"))
    kinds = [answer["kind"] for answer in answers]
    assert kinds[0] == "refused"
    assert kinds[-1] == "stored"
    for answer in answers:
        assert answer["reason"] in ("", "disk_full")
        hashes = {sha256 for sha256, _status in answer["rows"]}
        assert {status for _sha256, status in answer["rows"]} == {"ready"}
        assert {name[:64] for name in answer["files"]} == hashes
        assert len(answer["files"]) == 3 * len(hashes)
    assert len(answers[-1]["rows"]) == 1 + kinds.count("stored")
