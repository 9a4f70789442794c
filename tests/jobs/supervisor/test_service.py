"""One child process: its lines passed on, started again later each time, ended with all it started."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from jobs.supervisor import service as service_module
from jobs.supervisor.service import Program, Service, describe_exit
from tests.search.processes import PATIENCE_SECONDS, wait_until

Said = list[tuple[str, str]]


def start(said: Said, code: str, **options: object) -> Service:
    program = Program("child", [sys.executable, "-c", code], **options)  # type: ignore[arg-type]
    service = Service(program, lambda name, line: said.append((name, line)))
    service.start()
    return service


def stop(service: Service, seconds: float = PATIENCE_SECONDS) -> None:
    service.ask_to_stop()
    service.stop(time.monotonic() + seconds)


def ended(line: str) -> tuple[str, str]:
    """Return how a child ended by its last line, and after how many seconds it is started again, if it is."""
    how, pause = re.search(r"\((.*)\)", line), re.search(r"([\d.]+) s$", line)
    return how[1] if how else "", pause[1] if pause else ""


def test_it_works() -> None:
    said: Said = []
    service = start(said, "import os, sys; print(os.nice(0)); print(os.environ['A']); sys.stderr.write('bad\\n')",
                    once=True, niceness=3, environment={"A": "b"})  # fmt: skip
    wait_until(lambda: service.look_after() or service.done, "the child is done")
    assert sorted(said) == sorted([("child", str(os.nice(0) + 3)), ("child", "b"), ("child", "bad")])
    assert service.returncode == 0


def test_what_ends_is_started_again_later_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "FIRST_DELAY_SECONDS", 0.05)
    said: Said = []
    service = start(said, "import sys; sys.exit(7)")
    wait_until(lambda: service.look_after() or service.num_failures == 3, "three failures")
    stop(service)
    assert [ended(line) for _name, line in said][:3] == [("exit code 7", pause) for pause in ("0.05", "0.1", "0.2")]


def test_what_lived_long_is_started_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "STEADY_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(service_module, "FIRST_DELAY_SECONDS", 0.05)
    said: Said = []
    service = start(said, "pass")
    wait_until(lambda: service.look_after() or len(said) == 3, "three ends")
    stop(service)
    assert {ended(line) for _name, line in said} == {("exit code 0", "0.05")}


def test_what_runs_once_and_fails_says_so() -> None:
    said: Said = []
    service = start(said, "import os; os.kill(os.getpid(), 9)", once=True)
    wait_until(lambda: service.look_after() or service.done, "the child is done")
    assert [(name, ended(line)) for name, line in said] == [("child", ("killed by SIGKILL", ""))]


def test_a_stop_is_gentle_first() -> None:
    said: Said = []
    service = start(
        said,
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('leaving'), sys.exit(0)))\n"
        "print('here', flush=True)\ntime.sleep(3600)",
    )
    wait_until(lambda: said, "the child is there")
    stop(service)
    assert said == [("child", "here"), ("child", "leaving")]
    assert service.returncode == 0


def test_what_does_not_leave_is_killed_with_all_it_started(tmp_path: Path) -> None:
    said: Said = []
    service = start(
        said,
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(3600)",
    )
    wait_until(lambda: said, "the grandchild is there")
    stop(service, seconds=0.2)
    assert service.returncode == -9
    grandchild = int(said[0][1])
    wait_until(lambda: not _is_running(grandchild), "the grandchild is gone")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from jobs.supervisor.service import *\n"
        "s = Service(Program('x', [sys.executable, '-c', 'import time; time.sleep(3600)']), print)\n"
        "s.start(); print(s.pid, flush=True); time.sleep(3600)"
    )
    said: Said = []
    parent = start(said, code, environment={"PYTHONPATH": os.getcwd()})
    wait_until(lambda: said, "the grandchild is there")
    assert parent.pid is not None
    os.kill(parent.pid, 9)
    wait_until(lambda: not _is_running(int(said[0][1])), "the grandchild is gone")
    stop(parent)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (-15, "killed by SIGTERM"), (-99, "killed by signal 99")]
)
def test_ends_are_told_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words


def test_lines_that_are_not_text_are_passed_on() -> None:
    said: Said = []
    service = start(said, "import sys; sys.stdout.buffer.write(b'a\\xffb\\n')", once=True)
    wait_until(lambda: service.look_after() or service.done, "the child is done")
    assert said == [("child", "a\ufffdb")]
