"""A server of an index that takes connections and never answers, and a backend that asks it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from search.index.base import Found
from tests.search.index.memory_backend import MemoryBackend

TIMEOUT_SECONDS = 0.3


class SilentServer:
    """Listens on loopback."""

    def __init__(self, listening: socket.socket) -> None:
        self.port = int(listening.getsockname()[1])
        self._held: list[socket.socket] = []
        self._listening = listening

    def accept(self) -> None:
        """Take everybody until the socket is closed; nobody is answered or sent away."""
        while True:
            try:
                self._held.append(self._listening.accept()[0])
            except OSError:
                break
        for each in self._held:
            each.close()


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = SilentServer(listening)
    thread = threading.Thread(target=server.accept)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)  # wakes the thread, which a mere close would not
        listening.close()
        thread.join(10)


class AskingBackend(MemoryBackend):
    """Asks a server before it answers, as one does whose server keeps the rows; port 0: none is asked."""

    name: ClassVar[str] = "asking"
    port: ClassVar[int] = 0
    asked: ClassVar[list[int]] = []
    """The ports that were asked, one after the other."""

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        if self.port:
            self.asked.append(self.port)
            with socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS) as connection:
                connection.recv(1)
        return super()._nearest(vectors, k, quality, allowed)
