"""Real processes for tests: a Redis, workers and commands on a folder of their own, and what the database then says."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from config.environment import BASE_DIR
from jobs.supervisor.redis_server import RedisProgram, answers, find_redis, redis_command

PATIENCE_SECONDS = 300.0
"""What takes a second alone takes a minute on a busy machine; only a failure waits to the end."""


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds, and say what was waited for in vain."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def wait_for(value: Callable[[], Any], expected: Any, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a value is as expected, and say what it was instead."""
    deadline = time.monotonic() + seconds
    while (found := value()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == expected


def draw_images(folder: Path, number: int, color: tuple[int, int, int] | None = None, first: int = 0) -> Path:
    """Write small images of noise, or of one color, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + number):
        pixels = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), np.uint8)
        if color is not None:
            pixels[:] = color
        Picture.fromarray(pixels).save(folder / f"{seed:04}.png")
    return folder


class Processes:
    """A folder, and the processes that work on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/redis.sock?db=0"
        kept = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
        }
        self.environment = {
            **kept,
            "DATA_DIR": str(folder),
            "REDIS_URL": self.url,
            "SECRET_KEY": "only-for-tests-" + "x" * 40,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **environment,
        }
        self.started: list[subprocess.Popen[str]] = []
        self.redis: subprocess.Popen[str] | None = None

    def start(self, *command: str, log: str, **environment: str) -> subprocess.Popen[str]:
        with (self.folder / log).open("a") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=file, cwd=BASE_DIR, env=self.environment | environment, text=True
            )
        self.started.append(process)
        return process

    def start_redis(self, program: RedisProgram | None = None) -> None:
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        command = redis_command(program or find_redis(), self.folder / "redis.sock", data)
        self.redis = self.start(*command, log="redis.out")
        wait_until(lambda: answers(self.url), "Redis answers")

    def lose_redis(self) -> None:
        """Kill Redis, and lose all that it kept."""
        assert self.redis is not None
        self.kill(self.redis)
        shutil.rmtree(self.folder / "redis")

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def start_worker(self, queue: str = "features", **environment: str) -> subprocess.Popen[str]:
        return self.start(sys.executable, "manage.py", "work", queue, log=f"{queue}.out", **environment)

    def kill(self, process: subprocess.Popen[str], number: int = signal.SIGKILL) -> int:
        process.send_signal(number)
        return process.wait(PATIENCE_SECONDS)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder}/likeness.sqlite3?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(query).fetchall()

    def states(self) -> dict[str, int]:
        """Return how many features are in each state."""
        return dict(self.sql("SELECT state, count(*) FROM search_feature GROUP BY state"))

    def log(self, name: str) -> str:
        return (self.folder / name).read_text()

    def end(self) -> None:
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.started):
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            process.kill()
            process.wait()


def processes_of(folder: Path) -> dict[int, str]:
    """Return the living processes that were started for this folder: by their environment, or (Redis writes over its
    own) by their command."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                mine = f"DATA_DIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0")
                if command and (mine or str(folder) in command):
                    found[int(entry.name)] = command
    return found
