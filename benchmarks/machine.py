"""What a figure was measured on: a block that every benchmark's JSON carries."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("numpy", "opencv-python-headless", "scikit-image", "tensorflow", "ai-edge-litert", "annoy", "faiss-cpu")


def describe_machine() -> dict[str, object]:
    """Return processor, cores, memory, system, libraries, load and date."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": _libraries(),
        "load": round(os.getloadavg()[0], 1),  # tells how far the figures can be trusted
        "date": datetime.now(UTC).date().isoformat(),
    }


def command_line() -> str:
    """Return the command that runs, as a reader would type it from the top of the repository."""
    script = Path(sys.argv[0]).resolve()
    root = Path(__file__).resolve().parent.parent
    shown = script.relative_to(root) if script.is_relative_to(root) else script.name
    return " ".join(["python", str(shown), *(_bare(word) for word in sys.argv[1:])])


def _bare(word: str) -> str:
    """Return an argument without the folders of this machine that lead to it."""
    return Path(word).name if word.startswith(("/", "../")) else word


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
