from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jobs import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "a.bin"
    with files.whole_file(place) as file:
        file.write(b"new")
        file.flush()
        assert not place.exists()
    assert place.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "a.bin"
    place.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), files.whole_file(place) as file:
        file.write(b"half" * (1 // 0))
    assert place.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_path_may_be_written_by_a_library(tmp_path: Path) -> None:
    place = tmp_path / "rows.npy"
    with files.written_aside(place) as aside, aside.open("wb") as file:
        np.save(file, np.arange(3))
    assert np.load(place).tolist() == [0, 1, 2]


@pytest.mark.parametrize("durable", [True, False])
def test_only_what_is_durable_is_synced_content_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    synced: list[tuple[Path, list[str]]] = []
    sync = files.sync

    def seen(path: Path) -> None:
        synced.append((path, names(tmp_path)))
        sync(path)

    monkeypatch.setattr(files, "sync", seen)
    files.write_bytes(tmp_path / "a", b"1", durable=durable)
    if not durable:
        assert synced == []
        return
    (first, before), (second, after) = synced
    assert (before, first.name) == ([first.name], before[0])
    assert (second, after) == (tmp_path, ["a"])


def test_both_contents_and_names_can_be_synced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    files.sync(tmp_path / "a")
    files.sync(tmp_path)
    with pytest.raises(FileNotFoundError):
        files.sync(tmp_path / "b")


def test_json_ends_with_a_newline(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"b": [1, 2]})
    assert (tmp_path / "a.json").read_text() == '{"b": [1, 2]}\n'


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.write_bytes(tmp_path / "no" / "a", b"1")


def test_the_mode_of_a_new_file(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        files.write_bytes(tmp_path / "open", b"1")
        with files.whole_file(tmp_path / "private", mode=0o600):
            pass
    finally:
        os.umask(mask)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("open", "private")] == [0o640, 0o600]


def test_the_temporary_name_may_stand_in_another_folder(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    with files.written_aside(tmp_path / "a", folder=incoming) as aside:
        assert aside.parent == incoming
        aside.write_text("1")
    assert names(tmp_path) == ["a", "incoming"]
    assert names(incoming) == []


def test_what_a_killed_writer_left_is_removed_by_a_later_one(tmp_path: Path) -> None:
    """Only of the same file, and only when it is old: another writer may be at work."""
    program = (
        "import os; from pathlib import Path; from jobs import files\n"
        f"with files.whole_file(Path({str(tmp_path / 'a')!r})) as file: file.write(b'x'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    (left,) = tmp_path.iterdir()
    (tmp_path / ".b.0123.part").write_text("of another file")
    os.utime(tmp_path / ".b.0123.part", (0, 0))
    files.write_bytes(tmp_path / "a", b"1")
    assert names(tmp_path) == sorted([left.name, ".b.0123.part", "a"])
    os.utime(left, (0, 0))
    files.write_bytes(tmp_path / "a", b"2")
    assert names(tmp_path) == [".b.0123.part", "a"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    with files.whole_file(tmp_path / "a") as one, files.whole_file(tmp_path / "a") as other:
        one.write(b"one")
        other.write(b"other")
    assert (tmp_path / "a").read_bytes() == b"one"  # the outer block ended last


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_from_other_errors(number: int) -> None:
    assert files.is_disk_full(OSError(number, "no matter what"))
    assert not files.is_disk_full(PermissionError(errno.EACCES, "No space left"))
    assert files.is_disk_full(sqlite3.OperationalError("database or disk is full"))
    assert files.is_disk_full(Exception("could not extend file: No space left on device"))
    assert not files.is_disk_full(sqlite3.OperationalError("database is locked"))
