"""How long it takes from sending a query image to its grid of results, with the whole system running.

    python benchmarks/query_upload.py --images FOLDER [--count 20] [--json]

Starts `manage.py run` with its sample gallery in a temporary folder, waits until it is ready, then sends images of
the folder one after the other as the page does. Set DEEP_WEIGHTS to include the deep method.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, ANSWER_SECONDS = 180, 30
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def start(folder: str) -> tuple[subprocess.Popen[str], str]:
    """Start the system; return its process and URL."""
    environment = os.environ | {"DATA_DIR": folder, "PORT": "0", "REDIS_URL": "", "DATABASE_URL": ""}
    command = [sys.executable, "manage.py", "run"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for line in process.stdout or ():
        if found := re.search(r"ready:\s+(http://\S+)", line):
            return process, found[1].rstrip("/")
    raise SystemExit("manage.py run ended before it was ready; run it by hand to see why")


def wait_until_ready(base: str) -> None:
    """Wait until every part is up and a generation is published, as /readyz says."""
    deadline = time.monotonic() + START_SECONDS
    address = urlsplit(base).netloc
    while time.monotonic() < deadline:
        connection = HTTPConnection(address, timeout=10)
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        if response.read() and response.status == 200:
            return
        time.sleep(0.5)
    raise SystemExit(f"not ready after {START_SECONDS} s; ask {base}/readyz why")


def search_by(opener: OpenerDirector, base: str, cookies: CookieJar, path: Path) -> float:
    """Send an image and wait for its results; return the seconds it took."""
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken") or ""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "X-CSRFToken": token,
        "Accept": "application/json",
        "Referer": base,
    }
    began = time.perf_counter()
    with opener.open(Request(f"{base}/search/upload/", body, headers), timeout=ANSWER_SECONDS) as response:  # noqa: S310
        url = json.load(response)["url"]
    while time.perf_counter() - began < ANSWER_SECONDS:
        with opener.open(base + url, timeout=ANSWER_SECONDS) as response:
            if b'id="hits"' in response.read():
                return time.perf_counter() - began
        time.sleep(0.05)
    raise SystemExit(f"{path.name}: no results after {ANSWER_SECONDS} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--count", type=int, default=21)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    paths = sorted(path for path in arguments.images.rglob("*") if path.suffix.lower() in SUFFIXES)
    paths = paths[:: max(1, len(paths) // arguments.count)][: arguments.count]
    if len(paths) < 2:
        parser.error(f"{arguments.images}: expected a folder with at least two images")
    folder = tempfile.mkdtemp(prefix="likeness-query-")
    process, base = start(folder)
    try:
        wait_until_ready(base)
        cookies = CookieJar()
        opener = build_opener(HTTPCookieProcessor(cookies))
        opener.open(f"{base}/search/", timeout=ANSWER_SECONDS).close()  # sets the cookie against forged requests
        seconds = [search_by(opener, base, cookies, path) for path in paths]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "first_s": round(seconds[0], 2),  # may have waited for the worker to load its models
        "queries": len(seconds) - 1,
        "p50_s": round(float(np.percentile(seconds[1:], 50)), 2),
        "p95_s": round(float(np.percentile(seconds[1:], 95)), 2),
    }
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:10} {value}" for name, value in report.items()))


if __name__ == "__main__":
    main()
