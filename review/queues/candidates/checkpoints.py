"""Checkpoints of a scan of all pairs: when its worker ends, the next one goes on from the file."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Mapping
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from jobs.files import whole_file
from review.queues.candidates.scanning import BestPairs, PairSpace
from review.storage import queue_checkpoint_file

SECONDS = 15.0
"""Work that a crash may cost."""


class CheckpointFile:
    """Keeps one queue's scan; what another set of images, weights or exclusions left behind is not taken up."""

    def __init__(
        self,
        queue_id: int,
        ground: PairSpace,
        weights: Mapping[str, float],
        target: float | None,
        excluded: NDArray[np.int64],
    ) -> None:
        """Name the scan by all that its result depends on."""
        about = [sorted(weights.items()), target, [each.name for each in ground.gatherers]]
        digest = sha256(json.dumps(about).encode())
        for each in ground.gatherers:
            digest.update(each.like.version.encode())
            digest.update(each.table.decades.tobytes())  # estimates change with the calibration
        digest.update(ground.image_ids.tobytes())
        digest.update(np.sort(excluded).tobytes())
        self._name, self._path = digest.hexdigest(), queue_checkpoint_file(queue_id)
        self._next = time.monotonic() + SECONDS

    def resume(self, best: BestPairs) -> int:
        """See `scanning.Keeper`; a file that cannot be read counts as none."""
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                if str(kept["name"]) != self._name:
                    return 0
                best.restore(kept["codes"], kept["keys"])
                return int(kept["num_done"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return 0

    def keep(self, best: BestPairs, num_done: int) -> None:
        """Write it down, at most every SECONDS; the file changes as a whole or not at all."""
        if time.monotonic() < self._next:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self._path, durable=False) as file:
            np.savez(file, name=np.array(self._name), num_done=num_done, codes=best.codes, keys=best.keys)
        self._next = time.monotonic() + SECONDS

    def discard(self) -> None:
        """See `scanning.Keeper`."""
        self._path.unlink(missing_ok=True)
