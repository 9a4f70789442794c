"""One child process of the supervisor: started, listened to, restarted when it dies, stopped in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
STEADY_AFTER_SECONDS = 30.0
"""A process that lived this long is restarted after the shortest delay, as if it had never failed."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run."""

    name: str
    command: Sequence[str]
    niceness: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[int] = ()  # descriptors handed on
    once: bool = False  # ends by itself and is then done
    stop_seconds: float = 15.0


class Service:
    """A program that is kept running. Used from one thread, which must live as long as the supervisor: the kernel
    ties the children to the thread that started them."""

    def __init__(self, program: Program, say: Callable[[str, str], None]) -> None:
        self.program = program
        self.done = False
        self.num_failures = 0  # in a row, each soon after its start
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._started_at = 0.0
        self._restart_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def returncode(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        # -I: neither the project nor somebody's PYTHONPATH is loaded only to become another program.
        launcher = [sys.executable, "-I", str(LAUNCHER), str(os.getpid()), str(self.program.niceness)]
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            [*launcher, *self.program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.program.environment},
            pass_fds=tuple(self.program.files),
            start_new_session=True,
            text=True,
            errors="replace",  # one odd byte would end the reader, and a full pipe then stops the program
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout or (),), daemon=True)
        self._reader.start()

    def _read(self, lines: Iterable[str]) -> None:
        """Pass on what the program says, line by line."""
        with suppress(ValueError):  # closed while we read
            for line in lines:
                self._say(self.program.name, line.rstrip())

    def look_after(self) -> None:
        """Start the program again if it has ended, later each time it fails soon after its start."""
        if self.done or self._process is None or (code := self._process.poll()) is None:
            return
        now = time.monotonic()
        # The delay is a time to come back at, not a sleep: the other programs are looked after meanwhile.
        if not self._restart_at:
            self._join()
            if self.program.once:
                self.done = True
                if code:
                    self._say(self.program.name, f"ended early ({describe_exit(code)})")
                return
            self.num_failures = 0 if now - self._started_at > STEADY_AFTER_SECONDS else self.num_failures + 1
            delay = min(FIRST_DELAY_SECONDS * 2 ** max(self.num_failures - 1, 0), LONGEST_DELAY_SECONDS)
            self._restart_at = now + delay
            self._say(self.program.name, f"ended ({describe_exit(code)}); it is started again in {delay:g} s")
        elif now >= self._restart_at:
            self._restart_at = 0.0
            self.start()

    def ask_to_stop(self) -> None:
        """Ask the program to end what it does and leave."""
        self.done = True
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, deadline: float) -> None:
        """Wait for the program to leave until the deadline (monotonic), then end it and whatever it started."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(deadline - time.monotonic(), 0.01))
        # Always, and the whole group: a program that left may leave children. macOS forbids it for a group of zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._join()

    def _join(self) -> None:
        if self._reader:
            self._reader.join(timeout=1)  # a grandchild may hold the pipe open for as long as it likes
        if self._process and self._process.stdout:
            self._process.stdout.close()


def describe_exit(code: int) -> str:
    """Say in words how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
