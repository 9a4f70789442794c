"""Hash store: it grows by whole steps, its rows keep their numbers, and what was damaged is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexDamagedError
from search.index import hash_store
from search.index.hash_store import LIST, HashStore, append_codes, compact_codes, create_store, read_list

Codes = NDArray[np.uint8]
PARTS = (900, 300, 100, 20, 20, 500)


@pytest.fixture
def codes(rng: np.random.Generator) -> Codes:
    """Four clusters, so that every query finds rows of several parts."""
    centers = rng.integers(0, 256, (4, 16), np.uint8)
    noise = np.packbits(rng.random((sum(PARTS), 128)) < 0.02, axis=1)
    return centers[np.arange(sum(PARTS)) % 4] ^ noise


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_store(tmp_path / "store", 16)
    return tmp_path / "store"


def fill(folder: Path, codes: Codes, parts: tuple[int, ...] = PARTS) -> None:
    for start, length in zip(np.cumsum((0, *parts)), parts, strict=False):
        assert append_codes(folder, [codes[start : start + length]]) == start


def scan(codes: Codes, code: Codes, radius: int = 7) -> list[int]:
    distances = np.unpackbits(codes ^ code, axis=1).sum(axis=1)
    return [int(row) for row in np.argsort(distances, kind="stable") if distances[row] <= radius]


def test_it_works(folder: Path, codes: Codes) -> None:
    fill(folder, codes)
    store = HashStore.open(folder)
    assert store.rows == len(codes)
    for asked in codes[::97]:
        rows, distances = store.query(asked)
        assert rows.tolist() == scan(codes, asked)
        assert (rows.dtype, distances.dtype) == (np.int64, np.uint8)
        assert store.query(asked, 3, limit=2)[0].tolist() == scan(codes, asked, 3)[:2]
    np.testing.assert_array_equal(np.concatenate(list(store.codes())), codes)


def test_each_file_holds_twice_as_many_as_the_next(folder: Path, codes: Codes) -> None:
    fill(folder, codes[:1300], (900, 300, 100))
    assert [file.rows for file in read_list(folder).files] == [900, 300, 100]
    append_codes(folder, [codes[1300:1320]])
    append_codes(folder, [codes[1320:1340]])
    assert [file.rows for file in read_list(folder).files] == [900, 300, 100, 40]
    append_codes(folder, [codes[1340:]])
    assert [file.rows for file in read_list(folder).files] == [1840]
    assert sorted(path.suffix for path in folder.iterdir() if path.name[0] != ".") == [".hashes", ".json"]


def test_an_empty_store_finds_nothing(folder: Path, codes: Codes) -> None:
    store = HashStore.open(folder)
    assert store.rows == 0
    assert store.query(codes[0])[0].tolist() == []
    assert list(store.codes()) == []


def test_rows_that_are_gone_are_left_out(folder: Path, codes: Codes) -> None:
    fill(folder, codes)
    alive = np.arange(len(codes)) % 3 > 0
    kept = np.flatnonzero(alive)
    rows, _distances = HashStore.open(folder).query(codes[1], alive=alive)
    assert rows.tolist() == [row for row in scan(codes, codes[1]) if alive[row]]
    compact_codes(folder, alive)
    store = HashStore.open(folder)
    assert [file.rows for file in read_list(folder).files] == [len(kept)]
    assert kept[store.query(codes[1])[0]].tolist() == rows.tolist()


def test_compaction_to_one_file_or_none(folder: Path, codes: Codes) -> None:
    fill(folder, codes[:1300], (900, 300, 100))
    compact_codes(folder)
    assert [file.rows for file in read_list(folder).files] == [1300]
    compact_codes(folder, np.zeros(1300, bool))
    assert read_list(folder).files == ()
    assert append_codes(folder, [codes[:10]]) == 0


def test_a_store_that_is_open_outlives_changes(folder: Path, codes: Codes) -> None:
    fill(folder, codes[:1200], (900, 300))
    store = HashStore.open(folder)
    compact_codes(folder, np.arange(1200) < 7)
    assert store.query(codes[1000])[0].tolist() == scan(codes[:1200], codes[1000])


def test_a_merge_while_opening_is_no_damage(folder: Path, codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder, codes[:1200], (900, 300))
    load, merges = hash_store._load, iter([True])

    def merge_first(*arguments: object) -> object:
        if next(merges, False):
            compact_codes(folder)
        return load(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(hash_store, "_load", merge_first)
    assert HashStore.open(folder).rows == 1200


def test_what_fails_changes_nothing(folder: Path, codes: Codes) -> None:
    fill(folder, codes[:900], (900,))
    before = read_list(folder)

    def breaks() -> Iterator[Codes]:
        yield codes[900:1000]
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        append_codes(folder, breaks())
    with pytest.raises(DimensionMismatchError, match="expected codes of 16 uint8"):
        append_codes(folder, [codes[:5, :8]])
    with pytest.raises(DimensionMismatchError, match="at least one code"):
        append_codes(folder, [])
    assert read_list(folder) == before
    assert [path.name for path in folder.glob("*.hashes")] == [before.files[0].name]
    assert HashStore.open(folder).rows == 900


def test_what_a_killed_process_left_is_removed(folder: Path, codes: Codes) -> None:
    (folder / "0123.hashes").write_bytes(b"half a file")
    fill(folder, codes[:900], (900,))
    assert not (folder / "0123.hashes").exists()


# Refusals


def test_refuses_a_folder_that_exists(folder: Path) -> None:
    with pytest.raises(FileExistsError):
        create_store(folder, 16)


def test_refuses_codes_of_another_length(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DimensionMismatchError, match="64 or 128 bits, got 96"):
        create_store(tmp_path / "other", 12)
    assert not (tmp_path / "other").exists()
    with pytest.raises(DimensionMismatchError, match="expected codes of 16 uint8"):
        HashStore.open(folder).query(np.zeros(8, np.uint8))


def test_refuses_a_mask_of_another_length(folder: Path, codes: Codes) -> None:
    fill(folder, codes[:900], (900,))
    for mask in (np.ones(899, bool), np.ones(900, np.uint8)):
        with pytest.raises(DimensionMismatchError, match="expected a mask of 900 bool"):
            HashStore.open(folder).query(codes[0], alive=mask)  # type: ignore[arg-type]
        with pytest.raises(DimensionMismatchError, match="expected a mask of 900 bool"):
            compact_codes(folder, mask)  # type: ignore[arg-type]
    assert HashStore.open(folder).rows == 900


def test_refuses_a_folder_that_is_no_store(tmp_path: Path, codes: Codes) -> None:
    for text in (None, "", "[]", "{}", '{"body": {}, "sha256": ""}'):
        if text is not None:
            (tmp_path / LIST).write_text(text)
        with pytest.raises(IndexDamagedError, match=r"codes\.json"):
            HashStore.open(tmp_path)
        with pytest.raises(IndexDamagedError, match=r"codes\.json"):
            append_codes(tmp_path, [codes])
    assert [path.name for path in tmp_path.iterdir()] == [LIST]


def test_refuses_an_altered_list_and_another_format(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(hash_store, "FORMAT", 2)
        with pytest.raises(IndexDamagedError, match="expected format 2, got format 1"):
            HashStore.open(folder)
    document = json.loads((folder / LIST).read_text())
    document["body"]["code_bytes"] = 8
    (folder / LIST).write_text(json.dumps(document))
    with pytest.raises(IndexDamagedError, match="was altered"):
        HashStore.open(folder)


@pytest.mark.parametrize("place", [0, 20, 5000, -1])
def test_refuses_a_file_with_a_flipped_bit(folder: Path, codes: Codes, place: int) -> None:
    fill(folder, codes[:1200], (900, 300))
    path = folder / read_list(folder).files[1].name
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)
    with pytest.raises(IndexDamagedError, match=f"{path.name}: its content is not what was published"):
        HashStore.open(folder)
    with pytest.raises(IndexDamagedError, match="not what was published"):
        append_codes(folder, [codes[1200:1700]])


def test_refuses_a_missing_file(folder: Path, codes: Codes) -> None:
    fill(folder, codes[:900], (900,))
    (folder / read_list(folder).files[0].name).unlink()
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        HashStore.open(folder)
