from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gallery.decoding import Refused
from search.training.pack import INDEX, Pack, write_pack


def silent(what: str, done: int, total: int) -> None:
    assert (what, total) == ("reading", 4)
    assert 1 <= done <= 4


def test_it_works(tmp_path: Path, rng: np.random.Generator) -> None:
    images = [rng.integers(0, 256, (height, 7, 3), np.uint8) for height in (5, 1, 9)]
    write_pack(tmp_path / "pack", [images[0], Refused("corrupt"), *images[1:]], ["a", "b", "b", ""], "seen", silent)
    pack = Pack(tmp_path / "pack")
    assert len(pack) == 3
    for found, image in zip(pack, images, strict=False):
        np.testing.assert_array_equal(found, image)
    assert pack.labels.tolist() == ["a", "b", ""]
    assert pack.listed == "seen"
    assert pack.skipped == {"corrupt": 1}


def test_a_view_is_written_as_it_looks(tmp_path: Path, picture: np.ndarray) -> None:  # type: ignore[type-arg]
    pack = write_pack(tmp_path, [picture[::-2, ::3]], ["a"], "", lambda *_: None)
    np.testing.assert_array_equal(pack[0], picture[::-2, ::3])


def test_interrupted_it_is_not_there(tmp_path: Path, picture: np.ndarray) -> None:  # type: ignore[type-arg]
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_pack(tmp_path, [picture], ["a"], "", stop)
    assert not (tmp_path / INDEX).exists()
    with pytest.raises(FileNotFoundError):
        Pack(tmp_path)


def test_cut_off_it_is_refused(tmp_path: Path, picture: np.ndarray) -> None:  # type: ignore[type-arg]
    write_pack(tmp_path, [picture], ["a"], "", lambda *_: None)
    (tmp_path / "photographs.bin").write_bytes(b"short")
    with pytest.raises(ValueError, match="mmap length"):
        Pack(tmp_path)
