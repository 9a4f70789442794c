"""The decoder child as its parent sees it: started, asked, watched by the clock, ended."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gallery.decoding.contract import Limits
from gallery.decoding.wire import LENGTH, MAX_HEAD_BYTES, SIZES, pack_head, unpack_head

ROOT = Path(__file__).resolve().parent.parent.parent
PIPE_BYTES = 2**20
KEPT_VARIABLES = ("PATH", "LANG", "LD_LIBRARY_PATH")


class ChildEndedError(Exception):
    """The child ended before it answered."""


class ChildTimeoutError(Exception):
    """The child did not answer in time."""


class ChildProcess:
    """One decoder child. Not for several threads at once."""

    def __init__(self, limits: Limits) -> None:
        self.num_asked = 0
        self._limits = limits
        # The child has one end only, and sees the other close when this process ends, however it ends.
        life_end, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-E", "-s", "-m", "gallery.decoding.child", json.dumps(asdict(limits)), str(life_end)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what libraries say of damaged files; the reason comes with the answer
                cwd=ROOT,
                env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
                pass_fds=(life_end,),
                process_group=0,  # Ctrl-C is for the parent, which ends the child in its own time
            )
        except BaseException:
            os.close(self._life)
            raise
        finally:
            os.close(life_end)
        self._files = [file for file in (self._process.stdin, self._process.stdout) if file is not None]
        self._requests, self._answers = (file.fileno() for file in self._files)
        os.set_blocking(self._answers, False)  # a read that blocks would outlast the deadline
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN | select.POLLHUP)
        _widen(self._answers)

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        """Tell whether the child still runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], max_blob_bytes: int) -> tuple[dict[str, Any], list[bytearray]]:
        """Send a request and return the head and blobs of the answer.

        Raises
        ------
        ChildTimeoutError : no whole answer in time
        ChildEndedError : the child ended, or answered what no sound child does
        """
        self.num_asked += 1
        deadline = time.monotonic() + self._limits.timeout_seconds
        try:
            os.write(self._requests, pack_head(request))  # fits into the pipe, so it cannot block
            (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline, LENGTH.size))
            head = unpack_head(self._read(length, deadline, MAX_HEAD_BYTES))
            sizes = [int(size) for size in head.pop(SIZES)]
            return head, [self._read(size, deadline, max_blob_bytes) for size in sizes]
        except BrokenPipeError as error:
            raise ChildEndedError("the decoder child was gone") from error
        except (ValueError, TypeError, KeyError) as error:
            raise ChildEndedError(f"the decoder child answered nonsense: {error}") from error

    def _read(self, size: int, deadline: float, limit: int) -> bytearray:
        if not 0 <= size <= limit:
            raise ValueError(f"expected at most {limit} bytes, {size} were announced")
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            seconds = deadline - time.monotonic()
            if seconds <= 0 or not self._poll.poll(seconds * 1000):
                raise ChildTimeoutError
            try:
                count = os.readv(self._answers, [rest])
            except BlockingIOError:
                continue
            if not count:
                raise ChildEndedError("the decoder child ended")
            rest = rest[count:]
        return data

    def kill(self) -> None:
        """End the child at once and give back all it used."""
        self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close this process's ends of the pipes: in a process forked off the parent, all there is to do."""
        for file in self._files:
            file.close()
        os.close(self._life)
        if self._process.returncode is None:
            self._process.returncode = 0  # somebody else's child: waiting for it here would fail


def _widen(pipe: int) -> None:
    """Let a whole picture fit into the pipe, so that it crosses in one go; where that is not allowed, it takes more."""
    if sys.platform == "linux":
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            return
