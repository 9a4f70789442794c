"""The secret key that a folder of data gets at its first start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def start(folder: Path) -> subprocess.Popen[str]:
    """Read the settings in a process of its own, as each of a site's processes does at its start."""
    environment = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    return subprocess.Popen(
        [sys.executable, "-c", "from config import settings; print(settings.SECRET_KEY)"],
        cwd=ROOT,
        env=environment | {"DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_all_processes_have_one_key(tmp_path: Path) -> None:
    keys = {process.communicate()[0].strip() for process in [start(tmp_path) for _ in range(3)]}
    assert keys == {(tmp_path / "secret_key").read_text()}
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_an_empty_file_is_what_a_killed_start_left(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch(mode=0o600)
    key = start(tmp_path).communicate()[0].strip()
    assert len(key) >= 50
    assert (tmp_path / "secret_key").read_text() == key
