from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.locks import is_locked, locked, try_lock

HOLD = """
import sys, time
from pathlib import Path
from jobs.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(3600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_ends_with_its_process_however_that_ends(path: Path, holder: subprocess.Popen[str]) -> None:
    assert is_locked(path)
    with try_lock(path) as gained:
        assert not gained
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_locked(path)
    with try_lock(path) as gained:
        assert gained


def test_waiting_ends_when_the_holder_does(path: Path, holder: subprocess.Popen[str]) -> None:
    threading.Timer(0.1, holder.kill).start()
    with try_lock(path, 300) as gained:
        assert gained


def test_waiting_is_bounded(path: Path) -> None:
    with locked(path):
        began = time.monotonic()
        with try_lock(path, 0.05) as gained:
            assert not gained
        assert 0.05 <= time.monotonic() - began < 60
        with try_lock(path) as gained:
            assert not gained


def test_threads_of_one_process_take_turns(path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with locked(path):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_a_thread_does_not_wait_for_itself(path: Path) -> None:
    with locked(path), pytest.raises(RuntimeError), locked(path):
        pass


def test_an_error_frees_the_lock(path: Path) -> None:
    for hold in (locked, try_lock):
        with pytest.raises(ZeroDivisionError), hold(path):
            _ = 1 // 0
        assert not is_locked(path)


def test_the_file_stays_with_what_is_in_it(path: Path) -> None:
    path.write_text("who")
    with locked(path):
        assert path.read_text() == "who"
    assert path.read_text() == "who"


def test_looking_makes_no_file(path: Path) -> None:
    assert not is_locked(path)
    assert not path.exists()
    assert not is_locked(path / "below" / "nothing")


def test_a_child_does_not_keep_what_its_parent_held(path: Path) -> None:
    """A forked worker outlives its parent; the parent's lock does not."""
    with locked(path):
        child = os.fork()
        if not child:
            time.sleep(3600)
            os._exit(0)
    try:
        assert not is_locked(path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
