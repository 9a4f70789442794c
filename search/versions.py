"""Versions of what does the work, read from the installed packages without importing them."""

from __future__ import annotations

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("django", "pillow", "numpy", "opencv-python-headless", "scikit-image", "tensorflow", "keras", "annoy", "rq")


# What is installed does not change while a process runs, and asking reads the disk.
@lru_cache(maxsize=1)
def versions_in_use() -> dict[str, str]:
    """Return name -> version of Python and the libraries; empty for what is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
