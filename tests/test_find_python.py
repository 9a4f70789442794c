"""Which Python `make` takes, and what it says where there is none to take."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from search.background.diagnosis import PYTHONS

ROOT = Path(__file__).resolve().parent.parent

Finder = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def find(tmp_path: Path) -> Finder:
    """Look on a PATH with nothing but Pythons that tell what they are told to."""

    def find(given: str = "", **pythons: str) -> subprocess.CompletedProcess[str]:
        for name, told in pythons.items():
            program = tmp_path / name.replace("_", ".")
            program.write_text(f"#!/bin/sh\necho '{told}'\n" if told else "#!/bin/sh\nexit 127\n")
            program.chmod(0o755)
        command = ["/bin/sh", str(ROOT / "config" / "find_python.sh"), given]
        return subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)

    return find


def test_what_is_supported_is_the_same_everywhere(find: Finder) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    minors = [f"3.{minor}" for minor in range(8, 20)]
    supported = [version for version in minors if version in SpecifierSet(project["requires-python"])]
    assert supported == list(PYTHONS)
    assert [version for version in minors if find(python3=f"{version} venv").returncode == 0] == supported


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3_13": "3.13 venv", "python3_11": "3.11 venv", "python3": "3.13 venv"}, "python3.13"),
        ({"python3_13": "3.13 bare", "python3_12": "3.12 venv"}, "python3.12"),
        ({"python3_13": "", "python3_11": "3.11 venv"}, "python3.11"),
        ({"python3": "3.13 venv"}, "python3"),
        ({"python3_12": "3.12 venv", "python3": "3.14 venv"}, "python3.12"),
    ],
    ids=["newest", "one-with-venv", "one-that-runs", "the-only-one", "not-too-new"],
)
def test_the_newest_that_fits_is_taken(find: Finder, pythons: dict[str, str], chosen: str) -> None:
    found = find(**pythons)
    assert (found.returncode, found.stdout.strip(), found.stderr) == (0, chosen, "")


@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ({}, ("3.11, 3.12 or 3.13", "apt install python3 python3-venv")),
        ({"python3": "3.9 venv"}, ("3.11, 3.12 or 3.13", "python3 is Python 3.9")),
        ({"python3": "2.7 bare"}, ("python3 is Python 2.7",)),
        ({"python3": "3.13 bare"}, ("Python 3.13", "apt install python3.13-venv")),
        ({"python3": "3.14 venv"}, ("Python 3.14", "TensorFlow has no release", "make PYTHON=")),
        ({"python3": "3.15 venv"}, ("Python 3.15", "Python 3.14 or newer")),
    ],
    ids=["none", "too-old", "much-too-old", "without-venv", "3.14", "3.15"],
)
def test_a_refusal_says_what_was_found_and_what_to_do(
    find: Finder, pythons: dict[str, str], words: tuple[str, ...]
) -> None:
    found = find(**pythons)
    assert (found.returncode, found.stdout) == (1, "")
    for word in words:
        assert word in found.stderr


def test_one_that_is_given_is_that_one_or_none(find: Finder, tmp_path: Path) -> None:
    assert find(sys.executable, python3_13="3.13 venv").stdout.strip() == sys.executable
    refused = find("python3.14", python3_13="3.13 venv", python3_14="3.14 venv")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "TensorFlow" in refused.stderr
    assert str(tmp_path / "absent") in find(str(tmp_path / "absent")).stderr


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_stops_before_it_makes_anything(find: Finder, tmp_path: Path) -> None:
    find(python3_14="3.14 venv")
    command = ["make", "install", f"VENV={tmp_path / 'venv'}", f"PYTHON={tmp_path / 'python3.14'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Python 3.14 was found, but TensorFlow has no release" in done.stderr
    assert not (tmp_path / "venv").exists()
