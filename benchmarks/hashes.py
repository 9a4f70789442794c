"""How fast near codes are found among very many, beside FAISS's binary indexes.

    python benchmarks/hashes.py --rows 1e6 1e7 1e8 [--bits 64 128] [--workdir DIR] [--out FILE] [--json]

For each number of rows and each length, codes are made and an index of them is built in a process of its own, whose
peak memory is told. Queries are codes of the index with 0 to 7 bits changed, asked one at a time; each must find the
code that it was made from. FAISS gets the same codes and queries, where it can hold them. At 10^8 this takes about
10 GB of disk in DIR, and some 30 minutes.

"crowded" codes have bits that are like the one before in 6 cases of 10. Query prefixes then lead to about twice as
many rows as with random codes, as those of real fingerprints do (2.0 times on 1,562 photographs).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine
from search.index.hashes import RADIUS, HashIndex
from search.index.manifest import sum_file

CHUNK_ROWS = 1 << 18
NUM_QUERIES, SLOW_QUERIES, ROUNDS = 1000, 50, 3
NEAREST = 10
CROWDED_CHANGE = 102  # of 256: how often a bit differs from the one before
MEMORY_BYTES = 512 * 2**20
TRAINED_PER_LIST, MAX_LISTS, LISTS_OF_MANY, PROBES = 50, 4096, 1024, 16
HNSW_LINKS, HNSW_EFFORT = 16, 64
OURS = "four tables"


@dataclass(frozen=True)
class Asked:
    """Queries: each code was made from a row of the index."""

    rows: NDArray[np.int64]
    codes: NDArray[np.uint8]

    def first(self, count: int) -> Asked:
        return Asked(self.rows[:count], self.codes[:count])


@dataclass(frozen=True)
class FaissIndex:
    """One of FAISS's binary indexes, and why it may not be built over very many codes."""

    make: Callable[[int, int], Any]  # bits and rows
    bytes_per_row: Callable[[int], int]  # of a code of so many bytes, while it is built
    max_rows: int = 10**9
    reason: str = ""
    num_queries: int = NUM_QUERIES


def _flat(bits: int, _num_rows: int) -> Any:
    import faiss

    return faiss.IndexBinaryFlat(bits)


def _ivf(bits: int, num_rows: int) -> Any:
    import faiss

    # every code is compared with every list's center: with more lists, 10^8 codes would take hours to sort in
    lists = min(MAX_LISTS, 2 ** int(np.log2(num_rows) / 2)) if num_rows <= 10**7 else LISTS_OF_MANY
    index = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(bits), bits, lists)
    index.nprobe = PROBES
    return index


def _multi_hash(bits: int, _num_rows: int) -> Any:
    import faiss

    index = faiss.IndexBinaryMultiHash(bits, 4, bits // 4)
    index.nflip = 1
    return index


def _hnsw(bits: int, _num_rows: int) -> Any:
    import faiss

    index = faiss.IndexBinaryHNSW(bits, HNSW_LINKS)
    index.hnsw.efSearch = HNSW_EFFORT
    return index


FAISS = {
    "faiss IndexBinaryFlat": FaissIndex(_flat, lambda size: 3 * size, num_queries=SLOW_QUERIES),
    "faiss IndexBinaryIVF": FaissIndex(_ivf, lambda size: 2 * (size + 8)),
    "faiss IndexBinaryMultiHash": FaissIndex(_multi_hash, lambda size: 400),
    "faiss IndexBinaryHNSW": FaissIndex(_hnsw, lambda size: 250, 10**6, "its graph would take hours to build"),
}


def make_codes(num_rows: int, code_bytes: int, kind: str, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Yield codes a chunk at a time, the same for the same seed."""
    for start in range(0, num_rows, CHUNK_ROWS):
        rng = np.random.default_rng([seed, start])
        length = min(CHUNK_ROWS, num_rows - start)
        if kind == "random":
            yield rng.integers(0, 256, (length, code_bytes), np.uint8)
        else:
            changes = rng.integers(0, 256, (length, 8 * code_bytes), np.uint8) < CROWDED_CHANGE
            yield np.packbits(np.logical_xor.accumulate(changes, axis=1), axis=1)


def read_codes(path: Path, code_bytes: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the codes of a file a chunk at a time."""
    with path.open("rb") as file:
        while data := file.read(CHUNK_ROWS * code_bytes):
            yield np.frombuffer(data, np.uint8).reshape(-1, code_bytes)


def plant(path: Path, num_rows: int, code_bytes: int, seed: int) -> Asked:
    """Choose rows of a file of codes, and change 0 to 7 bits of each."""
    rng = np.random.default_rng([seed, 1])
    rows = rng.integers(0, num_rows, NUM_QUERIES)
    codes = np.memmap(path, np.uint8, "r", shape=(num_rows, code_bytes))
    bits = np.unpackbits(codes[rows], axis=1)
    for place in range(len(rows)):
        bits[place, rng.choice(8 * code_bytes, place % (RADIUS + 1), replace=False)] ^= 1
    return Asked(rows, np.packbits(bits, axis=1))


def ask(query: Callable[[NDArray[np.uint8]], NDArray[np.int64]], asked: Asked) -> dict[str, Any]:
    """Time queries one by one, and count those that find the row they were made from.

    All are asked in turn, several times over, and the least time of each counts: what else the machine does only ever
    adds. Of the first round, when parts of the file are touched for the first time, all times count.
    """
    wall, busy, found = np.empty((ROUNDS, len(asked.rows))), np.empty(len(asked.rows)), 0
    for turn in range(ROUNDS):
        for place, (row, code) in enumerate(zip(asked.rows.tolist(), asked.codes, strict=True)):
            began, used = time.perf_counter(), time.thread_time()
            rows = query(code)
            wall[turn, place] = time.perf_counter() - began
            if turn == 0:
                busy[place] = time.thread_time() - used
                found += row in rows
    best = 1000 * wall.min(axis=0)
    return {
        "queries": len(best),
        "found": found,
        "p50_ms": round(float(np.median(best)), 3),
        "p95_ms": round(float(np.percentile(best, 95)), 3),
        "first_round_p50_ms": round(1000 * float(np.median(wall[0])), 3),
        "first_round_p95_ms": round(1000 * float(np.percentile(wall[0], 95)), 3),
        "first_round_processor_p95_ms": round(1000 * float(np.percentile(busy, 95)), 3),
    }


def memory_mib(field: str) -> float:
    """Return a field of this process's memory: VmHWM for its peak, RssAnon for what is its own."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024, 1)


def build_ours(path: Path, codes: Path, code_bytes: int) -> dict[str, Any]:
    before = memory_mib("VmHWM")
    began = time.perf_counter()
    HashIndex.build(read_codes(codes, code_bytes), path, code_bytes=code_bytes, memory_bytes=MEMORY_BYTES)
    seconds = time.perf_counter() - began
    return {
        "build_seconds": round(seconds, 1),
        "build_peak_mib": memory_mib("VmHWM"),
        "process_before_mib": before,
        "bytes": path.stat().st_size,
    }


def query_ours(path: Path, code_bytes: int, num_rows: int, asked: Asked) -> dict[str, Any]:
    began = time.perf_counter()
    sum_file(path)  # no index is opened before its checksum was compared
    index = HashIndex.load(path, code_bytes, num_rows)
    found = {"open_seconds": round(time.perf_counter() - began, 1)}
    found |= ask(lambda code: index.query(code, RADIUS, NEAREST)[0], asked)
    return found | {"query_own_memory_mib": memory_mib("RssAnon")}


def alone(work: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    """Run work in a fresh process, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


class Report:
    """What was measured, kept in a file after each result, so that a run that ends early can be taken up again."""

    def __init__(self, path: Path | None, results: list[dict[str, Any]], quiet: bool) -> None:
        self.results, self._path, self._quiet = results, path, quiet

    def lacks(self, wanted: dict[str, Any]) -> bool:
        """Tell whether there is no result of these fields yet."""
        return not any(wanted.items() <= result.items() for result in self.results)

    def add(self, result: dict[str, Any]) -> None:
        self.results.append(result)
        print(json.dumps(result), file=sys.stderr if self._quiet else sys.stdout, flush=True)
        if self._path:
            self._path.write_text(json.dumps(self.document(), indent=1) + "\n")

    def document(self) -> dict[str, Any]:
        return {
            "benchmark": "hashes",
            "machine": describe_machine(),
            "command": command_line().replace(" --resume", ""),
            "data": "codes made by chance; queries are codes of the index with 0 to 7 bits changed",
            "results": self.results,
        }


def measure(num_rows: int, bits: int, kind: str, folder: Path, seed: int, limit: float, report: Report) -> None:
    """Measure our index, and for random codes FAISS's indexes that need no more GiB than `limit`."""
    code_bytes, about = bits // 8, {"rows": num_rows, "bits": bits, "codes": kind}
    ours = report.lacks(about | {"index": OURS})
    others = [name for name in FAISS if kind == "random" and report.lacks(about | {"index": name})]
    if not ours and not others:
        return
    codes, path = folder / "codes.u8", folder / "codes.hashes"
    with codes.open("wb") as file:
        for chunk in make_codes(num_rows, code_bytes, kind, seed):
            file.write(chunk.data)
    asked = plant(codes, num_rows, code_bytes, seed)
    if ours:
        built = alone(build_ours, path, codes, code_bytes)
        report.add(about | {"index": OURS} | built | alone(query_ours, path, code_bytes, num_rows, asked))
        path.unlink()
    for name in others:
        report.add(about | {"index": name} | alone(run_faiss, name, codes, num_rows, code_bytes, asked, limit))
    codes.unlink()


def run_faiss(name: str, codes: Path, num_rows: int, code_bytes: int, asked: Asked, limit: float) -> dict[str, Any]:
    entry = FAISS[name]
    needed = num_rows * entry.bytes_per_row(code_bytes) / 2**30
    if num_rows > entry.max_rows:
        return {"skipped": entry.reason}
    if needed > limit:
        return {"skipped": f"it would take about {needed:.0f} GiB of memory; {limit:g} are allowed"}
    import faiss

    faiss.omp_set_num_threads(1)  # as ours: one query at a time, and building beside other work
    index = entry.make(8 * code_bytes, num_rows)
    before, began = memory_mib("RssAnon"), time.perf_counter()
    if not index.is_trained:
        index.train(np.concatenate(list(_sample(codes, code_bytes, TRAINED_PER_LIST * index.nlist))))
    for chunk in read_codes(codes, code_bytes):
        index.add(chunk)
    seconds = time.perf_counter() - began
    found = {"build_seconds": round(seconds, 1), "build_peak_mib": memory_mib("VmHWM"), "process_before_mib": before}
    own = memory_mib("RssAnon")
    found |= ask(lambda code: index.search(code[None], NEAREST)[1][0], asked.first(entry.num_queries))
    return found | {"query_own_memory_mib": own}


def _sample(path: Path, code_bytes: int, count: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the first codes of a file; they are made by chance."""
    for chunk in read_codes(path, code_bytes):
        yield chunk[:count]
        count -= len(chunk)
        if count <= 0:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(float(text)), nargs="+", default=[10**6])
    parser.add_argument("--bits", type=int, nargs="+", default=[64, 128], choices=[64, 128])
    parser.add_argument("--codes", nargs="+", default=["random", "crowded"], choices=["random", "crowded"])
    parser.add_argument("--workdir", type=Path, help="for the files, which are removed in the end")
    parser.add_argument("--memory-gib", type=float, default=6.0, help="FAISS indexes that need more are left out")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the JSON there, after each result")
    parser.add_argument("--resume", action="store_true", help="keep what the file holds, and measure what it lacks")
    arguments = parser.parse_args()
    if arguments.resume and not arguments.out:
        parser.error("--resume takes up what --out names: give both")
    kept = json.loads(arguments.out.read_text())["results"] if arguments.resume and arguments.out.exists() else []
    report = Report(arguments.out, kept, arguments.json)
    folder = Path(tempfile.mkdtemp(prefix="likeness-hashes-", dir=arguments.workdir))
    try:
        for num_rows in arguments.rows:
            for bits in arguments.bits:
                for kind in arguments.codes:
                    measure(num_rows, bits, kind, folder, arguments.seed, arguments.memory_gib, report)
    finally:
        shutil.rmtree(folder)
    if arguments.json:
        print(json.dumps(report.document()))


if __name__ == "__main__":
    main()
