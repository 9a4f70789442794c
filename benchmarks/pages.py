"""How fast every page answers from gunicorn over a large library, to whom.

    python benchmarks/pages.py [--images 100000] [--pairs 5000] [--groups 10000] [--requests 100] [--only WORD]
        [--data FOLDER] [--json] [--out FILE]

Makes a library of synthetic images with features, an index, a map, queues, duplicates and an audit, starts the web
server as `manage.py run` does, logs in as people of several roles and times whole requests over loopback, one after
the other: the time that passes, and the processor time that the server spends, which other programs of the machine do
not lengthen as much. With --data the library is kept in that folder and used again by the next run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.machine import command_line, describe_machine

if TYPE_CHECKING:
    from benchmarks.page_list import Page

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, WARM_UP = 30, 3
READY, DECIDING = "library.json", "deciding about a pair"


@dataclass(frozen=True, slots=True)
class Server:
    """A running web server: where it listens, and the process that answers."""

    port: int
    worker: int

    def processor_seconds(self) -> float:
        """Return the processor time that all threads of the worker have spent so far."""
        threads = Path(f"/proc/{self.worker}/task").glob("*/schedstat")
        # Nanoseconds: the clock ticks of /proc/PID/stat last 10 ms, longer than many a request.
        return sum(int(path.read_text().split()[0]) for path in threads) / 1e9


@contextmanager
def web_server(threads: int = 8) -> Iterator[Server]:
    """Run gunicorn on a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--worker-class", "gthread"]
    command += ["--threads", str(threads), "--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--timeout", "120"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait(process, port)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Server(port, int(children[0]))  # gunicorn's only worker; its parent answers nothing
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
            connection.request("GET", "/livez")
            connection.getresponse().read()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("gunicorn did not start; its log above says why") from None
            time.sleep(0.1)


def time_requests(server: Server, paths: list[str], cookie: str = "") -> dict[str, float]:
    """Ask for each path once, one after the other.

    Returns
    -------
    figures : requests; p50 and p95 of the time that passed and of the processor time, in milliseconds; the mean size
        in KiB
    """
    seconds, busy, sizes = [], [], []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Accept": "text/html"} | ({"Cookie": cookie} if cookie else {})
    for path in paths:
        spent, began = server.processor_seconds(), time.perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        seconds.append(time.perf_counter() - began)
        busy.append(server.processor_seconds() - spent)
        sizes.append(len(body))
        if response.status != 200:
            raise SystemExit(f"{path}: expected status 200, got {response.status}")
    quantiles = {
        f"{kind}{share}_ms": round(float(np.percentile(times, share)) * 1e3, 1)
        for kind, times in (("p", seconds), ("processor_p", busy))
        for share in (50, 95)
    }
    return {"requests": len(paths), **quantiles, "kib": round(float(np.mean(sizes)) / 1024, 1)}


def measure(server: Server, pages: list[Page], count: int) -> list[dict[str, Any]]:
    """Time each page as everybody who is meant to use it, after a few requests that warm the process."""
    from benchmarks.page_list import log_in

    figures = []
    for page in pages:
        paths = [page.paths[place % len(page.paths)] for place in range(count)]
        for role in page.roles:
            cookie = log_in(role)
            # The last, so that this warms the process, not the first answers.
            time_requests(server, paths[-WARM_UP:], cookie)
            figures.append({"page": page.name, "as": role, **time_requests(server, paths, cookie)})
            print(_line(figures[-1]), file=sys.stderr)
    return figures


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['page']:32} {row['as']:9} p50 {row['p50_ms']:7.1f}  p95 {row['p95_ms']:7.1f}   processor "
        f"p50 {row['processor_p50_ms']:7.1f}  p95 {row['processor_p95_ms']:7.1f} ms  {row['kib']:7.1f} KiB"
    )


def prepare(folder: Path, sizes: dict[str, int]) -> None:
    """Make the library in the folder, or use what a run with the same sizes left there."""
    from django.core.management import call_command

    from benchmarks.page_library import make_library
    from benchmarks.page_reviews import make_reviews
    from search.background import table_statistics

    made = folder / READY
    if made.exists() and json.loads(made.read_text()) == sizes:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        table_statistics.renew()  # as the reconciler does on a running site
        return
    if (folder / "db.sqlite3").exists():
        raise SystemExit(f"{folder} holds another library than {sizes}: name an empty folder, or remove it")
    make_library(sizes["images"])
    make_reviews(sizes["pairs"], sizes["groups"])
    table_statistics.renew()
    made.write_text(json.dumps(sizes))


def run(folder: Path, sizes: dict[str, int], requests: int, only: str) -> dict[str, Any]:
    """Prepare the library and measure its pages."""
    os.environ |= {"DATA_DIR": str(folder), "OPEN_ACCESS": "0", "LOG_LEVEL": "ERROR"}
    os.environ |= {"DATABASE_URL": "", "REDIS_URL": ""}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from benchmarks.page_acts import time_decisions
    from benchmarks.page_list import pages

    began = time.monotonic()
    prepare(folder, sizes)
    prepared = time.monotonic() - began
    chosen = [page for page in pages() if only in page.name]
    with web_server() as server:
        figures = measure(server, chosen, requests)
        decisions = time_decisions(server.port, requests) if only in DECIDING else None
    return {
        "command": command_line(),
        "machine": describe_machine(),
        "sizes": sizes,
        "prepare_s": round(prepared, 1),
        "runs": figures,
        "decisions": decisions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100, help="of each page and role")
    parser.add_argument("--only", default="", help="only pages with this word in their name")
    parser.add_argument("--data", type=Path, help="folder that keeps the library for the next run")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", type=Path, help="write the JSON to this file")
    arguments = parser.parse_args()
    folder = arguments.data or Path(tempfile.mkdtemp(prefix="likeness-pages-"))
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {name: getattr(arguments, name) for name in ("images", "pairs", "groups")}
    try:
        report = run(folder.resolve(), sizes, arguments.requests, arguments.only)
    finally:
        if not arguments.data:
            shutil.rmtree(folder, ignore_errors=True)
    if decided := report["decisions"]:
        print(f"{DECIDING:32} reviewer  p50 {decided['p50_ms']:7.1f}  p95 {decided['p95_ms']:7.1f} ms", file=sys.stderr)
    text = json.dumps(report, indent=1)
    if arguments.out:
        arguments.out.write_text(text + "\n")
    if arguments.json:
        print(text)


if __name__ == "__main__":
    main()
