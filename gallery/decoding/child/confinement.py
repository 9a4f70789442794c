"""What this process may not do: use more memory, time or files than agreed, write, or outlive its parent."""

from __future__ import annotations

import fcntl
import math
import os
import resource
import sys

MAX_OPEN_FILES = 32
SPARE_SECONDS = 1


def confine(memory_bytes: int) -> None:
    """Limit the address space and open files of this process, and forbid writing files and dumping core."""
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),  # address space, because Linux ignores RLIMIT_RSS
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]  # a lower one from outside, of a container say, cannot be raised
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (allowed, allowed))


def allow_time(seconds: float) -> None:
    """Let the kernel end this process once the next file has used that much processor time and a little more.

    The parent watches the clock; this is for a parent that cannot any more.
    """
    # The limit counts from the start of the process, so it has to move on with every file.
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(usage.ru_utime + usage.ru_stime + seconds) + SPARE_SECONDS
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def end_with(life: int) -> None:
    """Have the kernel end this process when the other end of the pipe `life` closes, even in the midst of decoding.

    Linux sends SIGIO then, whose default is to terminate. The usual PR_SET_PDEATHSIG would also fire when merely the
    thread that started the child ends. Elsewhere the end of standard input has to do.
    """
    if sys.platform == "linux":
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
