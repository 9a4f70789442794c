"""A real server on the loopback interface that hands out one file, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from search.methods.weights import Backbone

CONTENT = np.random.default_rng(20).bytes(1_000_000)
MD5 = "md5:" + hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class FileServer(ThreadingHTTPServer):
    """Serves `CONTENT` under any address but /gone, whole or from the byte asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str] = []  # of the requests, empty where the whole was asked for
        self.knows_ranges = True
        self.cut_after: int | None = None

    def backbone(self, checksum: str = MD5, path: str = "some/net_notop.h5") -> Backbone:
        return Backbone("SomeNet", "resnet", 224, checksum, f"http://127.0.0.1:{self.server_port}/{path}")


class Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.knows_ranges else 0
        if self.path == "/gone":
            self.send_error(404)
        elif start >= len(CONTENT):
            self.send_error(416)
        else:
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            self.wfile.write(CONTENT[start : self.server.cut_after])

    def log_message(self, *args: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def serving() -> Iterator[FileServer]:
    """Run a server while the block lasts."""
    with FileServer() as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
