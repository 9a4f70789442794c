"""A circuit breaker before a server: after one failure nobody waits for its time-out again for some seconds.

Nygard, "Release It!", second edition, 2018, chapter 5.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from search.exceptions import IndexUnavailableError

PAUSE_SECONDS = 10.0
"""How long a server that failed is left alone; searches compare all rows meanwhile."""


class Circuit:
    """Before one server; shared by all threads."""

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._failure: IndexUnavailableError | str | None = None
        self._asked_again_at = 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask the server something inside of this context.

        Raises
        ------
        IndexUnavailableError : it failed a moment ago, and is not asked
        """
        self._enter()
        try:
            yield
        except (IndexUnavailableError, OSError) as error:
            # What the server answers, as that it has lost an index, costs no time and says that it is there.
            self._note(error if isinstance(error, IndexUnavailableError) else str(error))
            raise
        self._note(None)

    def _enter(self) -> None:
        now = time.monotonic()
        with self._lock:
            if self._failure is None:
                return
            if now < self._asked_again_at:
                raise IndexUnavailableError("server_left_alone", because=self._failure)
            # One asks for all: those who come while it waits would only wait as well.
            self._asked_again_at = now + self._pause

    def _note(self, failure: IndexUnavailableError | str | None) -> None:
        with self._lock:
            self._failure = failure
            self._asked_again_at = time.monotonic() + self._pause
