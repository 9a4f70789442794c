"""Manifest: every way of damaging a generation's files is refused before anything opens them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from search.exceptions import IndexDamagedError
from search.index.manifest import (
    NAME,
    Manifest,
    MethodFiles,
    read_manifest,
    stamp,
    sum_files,
    verify_files,
    write_manifest,
)
from tests.codes import refused

NAMES = ("image_ids.npy", "color.vectors.npy", "color.annoy")


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> Path:
    for name in NAMES:
        (tmp_path / name).write_bytes(rng.bytes(4096))
    manifest = Manifest(
        generation=7,
        created="2026-01-01T00:00:00+00:00",
        revision=3,
        num_images=8,
        seed=20,
        backend="annoy",
        methods={"color": MethodFiles("v1", 16, "float32", 8, index="color.annoy", effort=100, recall=0.99)},
        files=sum_files(tmp_path, NAMES),
        libraries={"numpy": np.__version__},
    )
    write_manifest(tmp_path, manifest)
    return tmp_path


def test_it_works(folder: Path) -> None:
    manifest = read_manifest(folder, 7)
    assert manifest.methods["color"].recall == 0.99
    assert manifest.files["color.annoy"].num_bytes == 4096
    verify_files(folder, manifest)
    assert stamp(folder, manifest) == stamp(folder, manifest)


def test_refuses_a_folder_without_manifest(tmp_path: Path) -> None:
    with refused(IndexDamagedError, "manifest_unreadable", folder=tmp_path.name):
        read_manifest(tmp_path, 7)


def test_refuses_the_manifest_of_another_generation(folder: Path) -> None:
    with refused(IndexDamagedError, "manifest_of_another", generation=8, got_generation=7):
        read_manifest(folder, 8)


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", '{"body": 3}', "\x00" * 40])
def test_refuses_what_is_no_manifest(folder: Path, text: str) -> None:
    (folder / NAME).write_text(text)
    with pytest.raises(IndexDamagedError):
        read_manifest(folder, 7)


def test_refuses_an_edited_manifest(folder: Path) -> None:
    document = json.loads((folder / NAME).read_text())
    document["body"]["methods"]["color"]["dim"] = 32
    (folder / NAME).write_text(json.dumps(document))
    with refused(IndexDamagedError, "manifest_altered", folder=folder.name):
        read_manifest(folder, 7)


def test_every_flipped_bit_is_refused(folder: Path, rng: np.random.Generator) -> None:
    """200 single flipped bits, anywhere in any file: none passes, unless it only changes the manifest's layout."""
    originals = {name: (folder / name).read_bytes() for name in (NAME, *NAMES)}
    untouched = read_manifest(folder, 7)
    for trial in range(200):
        name = (NAME, *NAMES)[trial % 4]
        damaged = bytearray(originals[name])
        damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        (folder / name).write_bytes(damaged)
        try:
            manifest = read_manifest(folder, 7)
            verify_files(folder, manifest)
        except IndexDamagedError:
            pass
        else:
            assert name == NAME
            assert manifest == untouched
        (folder / name).write_bytes(originals[name])


@pytest.mark.parametrize("length", [0, 1, 76, 2048, 4095])
def test_refuses_a_cut_file_by_name(folder: Path, length: int) -> None:
    path = folder / "color.annoy"
    path.write_bytes(path.read_bytes()[:length])
    named = f"{folder.name}/color.annoy"
    with refused(IndexDamagedError, "file_size_wrong", file=named, expected=4096, got=length):
        verify_files(folder, read_manifest(folder, 7))


def test_refuses_a_missing_file(folder: Path) -> None:
    manifest = read_manifest(folder, 7)
    (folder / "image_ids.npy").unlink()
    named = f"{folder.name}/image_ids.npy"
    with refused(IndexDamagedError, "file_missing_whole", file=named):
        verify_files(folder, manifest)
    with refused(IndexDamagedError, "file_missing", file=named):
        stamp(folder, manifest)


def test_refuses_a_swapped_file_of_equal_size(folder: Path) -> None:
    manifest = read_manifest(folder, 7)
    before = stamp(folder, manifest)
    (folder / "image_ids.npy").write_bytes((folder / "color.vectors.npy").read_bytes())
    with refused(IndexDamagedError, "content_differs", file=f"{folder.name}/image_ids.npy"):
        verify_files(folder, manifest)
    assert stamp(folder, manifest) != before
