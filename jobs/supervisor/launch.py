"""Become another program that ends when its parent does; started by path, so that it needs nothing but Python.

python -I launch.py PARENT_PID NICENESS PROGRAM ARGUMENT...
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent_pid: int, signal_number: int = signal.SIGTERM) -> None:
    """Ask the kernel for a signal when the parent ends, however it ends; only Linux can promise that."""
    if sys.platform == "linux":
        # Kept across the execv below. Popen's preexec_fn could ask, too, but is not safe beside threads.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent_pid:  # it ended before we asked
        sys.exit(0)


def main(arguments: list[str]) -> None:
    """Become the program named by the arguments."""
    parent_pid, niceness, *program = arguments
    die_with_parent(int(parent_pid))
    os.nice(int(niceness))
    os.execv(program[0], program)  # noqa: S606 (a list of our own, no shell)


if __name__ == "__main__":
    main(sys.argv[1:])
