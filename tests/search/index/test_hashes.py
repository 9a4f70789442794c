"""Hash index: every code within seven bits is found, in any table, in bounded memory; what does not fit is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, IndexDamagedError
from search.index import hash_building, hashes
from search.index.hash_layout import HEADER_BYTES, Layout, lane, split
from search.index.hashes import RADIUS, HashIndex
from tests.codes import refused

ROWS = 5000
Codes = NDArray[np.uint8]


@pytest.fixture(params=[8, 16], ids=["64_bits", "128_bits"])
def code_bytes(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def codes(rng: np.random.Generator, code_bytes: int) -> Codes:
    return rng.integers(0, 256, (ROWS, code_bytes), np.uint8)


@pytest.fixture
def index(tmp_path: Path, codes: Codes) -> HashIndex:
    return build(tmp_path / "codes.hashes", codes)


def build(path: Path, codes: Codes) -> HashIndex:
    code_bytes = codes.shape[1]
    assert HashIndex.build([codes[:7], codes[7:]], path, code_bytes=code_bytes) == len(codes)
    return HashIndex.load(path, code_bytes, len(codes))


def flip(code: Codes, bits: NDArray[np.int64]) -> Codes:
    flipped = np.unpackbits(code)
    flipped[bits] ^= 1
    return np.packbits(flipped)


def scan(codes: Codes, code: Codes, radius: int) -> tuple[list[int], list[int]]:
    """Return what a search must return, worked out by looking at every code."""
    distances = np.unpackbits(codes ^ code, axis=1).sum(axis=1)
    rows = [int(row) for row in np.argsort(distances, kind="stable") if distances[row] <= radius]
    return rows, [int(distances[row]) for row in rows]


def as_lists(answer: tuple[NDArray[np.int64], NDArray[np.uint8]]) -> tuple[list[int], list[int]]:
    assert (answer[0].dtype, answer[1].dtype) == (np.int64, np.uint8)
    return answer[0].tolist(), answer[1].tolist()


def test_it_works(index: HashIndex, codes: Codes, rng: np.random.Generator) -> None:
    for row in rng.choice(ROWS, 100, replace=False):
        distance = int(rng.integers(RADIUS + 1))
        asked = flip(codes[row], rng.choice(codes.shape[1] * 8, distance, replace=False))
        assert as_lists(index.query(asked)) == scan(codes, asked, RADIUS)
        assert row in index.query(asked)[0]


@pytest.mark.parametrize("radius", range(RADIUS + 1))
def test_every_radius_equals_a_scan_of_crowded_codes(
    tmp_path: Path, code_bytes: int, radius: int, rng: np.random.Generator
) -> None:
    """Codes around a few centers: many lie within the radius, many just beyond it."""
    centers = rng.integers(0, 256, (4, code_bytes), np.uint8)
    noise = np.packbits(rng.random((3000, code_bytes * 8)) < 3.5 / (code_bytes * 8), axis=1)
    codes = centers[rng.integers(0, 4, 3000)] ^ noise
    index = build(tmp_path / "codes.hashes", codes)
    for asked in (*centers, *codes[:20]):
        rows, distances = scan(codes, asked, radius)
        assert as_lists(index.query(asked, radius)) == (rows, distances)
        assert as_lists(index.query(asked, radius, limit=5)) == (rows[:5], distances[:5])


def test_seven_errors_in_the_worst_places(index: HashIndex, codes: Codes) -> None:
    """Two in each of three words and one in the last, at every place of the word."""
    word_bits = codes.shape[1] * 2
    for whole in range(4):
        for place in range(word_bits):
            bits = [word * word_bits + (place + step) % word_bits for word in range(4) for step in range(2)]
            bits.remove(whole * word_bits + place)
            answer = as_lists(index.query(flip(codes[11], np.array(bits))))
            assert (11, 7) in zip(*answer, strict=True)


def test_many_equal_codes_in_small_blocks(
    tmp_path: Path, code_bytes: int, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """The code of a flat picture, shared by most rows."""
    codes = np.zeros((2000, code_bytes), np.uint8)
    codes[::9] = rng.integers(0, 256, (len(codes[::9]), code_bytes), np.uint8)
    monkeypatch.setattr(hashes, "BLOCK_ENTRIES", 100)
    index = build(tmp_path / "codes.hashes", codes)
    asked = flip(codes[1], np.array([3, 40]))
    assert as_lists(index.query(asked)) == scan(codes, asked, RADIUS)
    assert as_lists(index.query(asked, limit=3)) == ([1, 2, 3], [2, 2, 2])


def test_bounded_memory_gives_the_same_file(tmp_path: Path, codes: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of few rows, and one prefix that more rows share than a part may hold."""
    codes[::3] = codes[0]
    build(tmp_path / "at_once", codes)
    monkeypatch.setattr(hash_building, "LEAST_MEMORY_BYTES", 0)
    code_bytes = codes.shape[1]
    for memory_bytes in (100_000, 60_000):
        HashIndex.build([codes], tmp_path / "in_parts", code_bytes=code_bytes, memory_bytes=memory_bytes)
        assert (tmp_path / "in_parts").read_bytes() == (tmp_path / "at_once").read_bytes()


def test_a_single_code(tmp_path: Path, code_bytes: int) -> None:
    code = np.arange(code_bytes, dtype=np.uint8)
    index = build(tmp_path / "codes.hashes", code[None])
    assert as_lists(index.query(code)) == ([0], [0])
    assert as_lists(index.query(~code)) == ([], [])


def test_a_view_of_other_numbers_is_read_right(index: HashIndex, codes: Codes) -> None:
    wide = np.repeat(codes[5], 2)
    assert as_lists(index.query(wide[::2])) == ([5], [0])


def test_threads_may_ask_at_once(index: HashIndex, codes: Codes) -> None:
    expected = [index.query(code)[0].tolist() for code in codes[:50]]
    answers: list[list[list[int]]] = [[] for _ in range(4)]

    def ask(found: list[list[int]]) -> None:
        found += [index.query(code)[0].tolist() for code in codes[:50]]

    threads = [threading.Thread(target=ask, args=(found,)) for found in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


def test_lanes_begin_with_each_word_in_turn() -> None:
    code = np.array([[0x22, 0x11, 0x44, 0x33, 0x66, 0x55, 0x88, 0x77]], np.uint8)
    assert [hex(lane(code, table)[0]) for table in range(4)] == [
        "0x1122334455667788",
        "0x3344556677881122",
        "0x5566778811223344",
        "0x7788112233445566",
    ]
    long = np.arange(1, 17, dtype=np.uint8)[None]
    assert hex(lane(long, 0)[0]) == "0x403020108070605"
    assert hex(lane(long, 3)[0]) == "0x100f0e0d04030201"
    prefixes, checks = split(lane(code, 0), 8)
    assert (hex(prefixes[0]), hex(checks[0])) == ("0x11", "0x22334455")


def test_layout_of_a_hundred_million_codes() -> None:
    layout = Layout.plan(16, 100_000_000)
    assert layout.prefix_bits == 24
    assert layout.num_bytes == pytest.approx(5.07e9, rel=0.01)
    assert Layout.plan(8, 100_000_000).prefix_bits == 16
    assert Layout.plan(8, 1).prefix_bits == 8


# Refusals


def test_refuses_codes_of_another_length_or_type(tmp_path: Path) -> None:
    for wrong in (np.zeros((3, 7), np.uint8), np.zeros((3, 8), np.int8), np.zeros(8, np.uint8)):
        with refused(DimensionMismatchError, "codes_expected", expected=8):
            HashIndex.build([wrong], tmp_path / "codes.hashes", code_bytes=8)
    with refused(DimensionMismatchError, "code_bits_expected", got=96):
        HashIndex.build([np.zeros((3, 12), np.uint8)], tmp_path / "codes.hashes", code_bytes=12)


def test_refuses_to_build_from_nothing(tmp_path: Path) -> None:
    for chunks in ([], [np.empty((0, 8), np.uint8)]):
        with refused(DimensionMismatchError, "no_codes"):
            HashIndex.build(chunks, tmp_path / "codes.hashes", code_bytes=8)
        with refused(IndexDamagedError, "no_code_file", file="codes.hashes"):
            HashIndex.load(tmp_path / "codes.hashes", 8, 0)


def test_refuses_more_rows_than_numbers_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_building, "MAX_ROWS", 9)
    with refused(DimensionMismatchError, "too_many_codes", most=9):
        HashIndex.build([np.zeros((10, 8), np.uint8)], tmp_path / "codes.hashes", code_bytes=8)


def test_refuses_queries_that_it_cannot_answer(index: HashIndex, codes: Codes) -> None:
    for wrong in (codes[0, :-1], codes[:1], codes[0].astype(np.int64)):
        with refused(DimensionMismatchError, "codes_expected", expected=codes.shape[1]):
            index.query(wrong)
    for radius in (-1, 8):
        with pytest.raises(ValueError, match=f"radius: .* got {radius}"):
            index.query(codes[0], radius)
    with pytest.raises(ValueError, match="limit: "):
        index.query(codes[0], limit=0)


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with refused(IndexDamagedError, "code_file_unreadable", file="none.hashes"):
        HashIndex.load(tmp_path / "none.hashes", 8, 3)


def test_refuses_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "codes.hashes"
    for text in (b"", b"this is no index", b"\x93NUMPY" * 2000):
        path.write_bytes(text)
        with refused(IndexDamagedError, "no_code_file", file="codes.hashes"):
            HashIndex.load(path, 8, 3)


def test_refuses_other_codes_than_expected(tmp_path: Path, index: HashIndex, codes: Codes) -> None:
    code_bytes = codes.shape[1]
    for expected in ((code_bytes, ROWS - 1), (24 - code_bytes, ROWS)):
        with refused(IndexDamagedError, "codes_of_another_size", got_rows=ROWS, got_bytes=code_bytes):
            HashIndex.load(tmp_path / "codes.hashes", *expected)


def damaged(change: Callable[[bytearray], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        change(content)
        path.write_bytes(content)

    return damage


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (damaged(lambda data: data.__delitem__(slice(-8, None))), "file_size_wrong"),
        (damaged(lambda data: data.extend(b"\0" * 8)), "file_size_wrong"),
        (damaged(lambda data: data.__delitem__(slice(100, None))), "no_code_file"),
        (damaged(lambda data: data.__setitem__(16, data[16] ^ 1)), "header_altered"),
    ],
    ids=["cut", "grown", "header_cut", "header_altered"],
)
def test_refuses_a_damaged_file(
    tmp_path: Path, index: HashIndex, codes: Codes, damage: Callable[[Path], None], code: str
) -> None:
    damage(tmp_path / "codes.hashes")
    with refused(IndexDamagedError, code, file="codes.hashes"):
        HashIndex.load(tmp_path / "codes.hashes", codes.shape[1], ROWS)


def test_refuses_tables_that_lead_nowhere(tmp_path: Path, index: HashIndex, codes: Codes) -> None:
    path, layout = tmp_path / "codes.hashes", Layout.plan(codes.shape[1], ROWS)
    intact = path.read_bytes()
    path.write_bytes(intact[: layout.offsets_at(0)] + b"\xff" * (len(intact) - layout.offsets_at(0)))
    with refused(IndexDamagedError, "code_tables_wrong", rows=ROWS):
        HashIndex.load(path, codes.shape[1], ROWS)
    entries = np.frombuffer(intact[layout.entries_at(0) :], "<u4").reshape(-1, 2).copy()
    entries[:, 1] = ROWS
    path.write_bytes(intact[: layout.entries_at(0)] + entries.tobytes())
    with refused(IndexDamagedError, "codes_lead_astray", row=ROWS, rows=ROWS):
        HashIndex.load(path, codes.shape[1], ROWS).query(codes[0])


def test_refuses_another_format(
    tmp_path: Path, index: HashIndex, codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.index.hash_layout._FORMAT", 2)
    with refused(IndexDamagedError, "format_wrong", expected=2, got=1):
        HashIndex.load(tmp_path / "codes.hashes", codes.shape[1], ROWS)


def test_an_unfinished_file_is_none(tmp_path: Path, codes: Codes) -> None:
    path = tmp_path / "codes.hashes"
    build(path, codes)
    path.write_bytes(b"\0" * HEADER_BYTES + path.read_bytes()[HEADER_BYTES:])
    with refused(IndexDamagedError, "no_code_file", file="codes.hashes"):
        HashIndex.load(path, codes.shape[1], ROWS)
