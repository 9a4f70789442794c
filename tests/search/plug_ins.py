"""Small but real similarity methods, plugged into the registry by a line as any method is."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import SearchError
from search.methods import METHODS, MethodEntry
from search.methods.base import Method, normalize_rows
from search.types import RGBImage

POISON = (255, 0, 255)
"""Images of this color kill the process that describes them by `fragile`, and make `picky` raise."""


class Gray(Method):
    """A histogram of gray values."""

    name = "gray"
    dim = 8  # type: ignore[assignment]

    @property
    def version(self) -> str:
        return str(self.options.get("version", "1"))

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        histograms = [np.histogram(image.mean(axis=2), bins=8, range=(0, 256))[0] for image in images]
        return normalize_rows(np.array(histograms, np.float32))


def is_poison(image: RGBImage) -> bool:
    return bool((np.abs(image.mean(axis=(0, 1)) - POISON) < 8).all())


class Picky(Gray):
    """Cannot describe poison, and says so."""

    name = "picky"

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        if any(is_poison(image) for image in images):
            raise RuntimeError("this is poison")
        return super().describe(images)


class Fragile(Gray):
    """Dies of poison, and takes its time over each image, so that it can be killed in the middle."""

    name = "fragile"

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        for image in images:
            time.sleep(float(os.environ.get("FRAGILE_SECONDS", "0")))
            if is_poison(image):
                os.kill(os.getpid(), signal.SIGKILL)
        return super().describe(images)


class Absent(Gray):
    """Lacks something on this machine."""

    name = "absent"

    def unavailable(self) -> SearchError:
        return SearchError("nothing of the kind here")


def entry(kind: type[Method]) -> MethodEntry:
    return MethodEntry(kind.name.title(), kind.__doc__ or "", f"{kind.__module__}.{kind.__name__}", 0.5, "#000000")


def plug_in(registry: dict[str, Any], *kinds: type[Method]) -> None:
    """Replace the methods of the registry by these."""
    registry.clear()
    registry.update({kind.name: entry(kind) for kind in kinds})


def plug_in_fragile() -> None:
    """Replace the methods of this process; called by the settings of the processes that tests start."""
    plug_in(METHODS, Fragile)
