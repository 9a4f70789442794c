"""The calibration tables of a generation, fitted to random pairs of its images once all its rows are in place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.generations.index_rows import IndexPlan, Progress
from search.generations.library_kinds import make_kinds, write_kinds
from search.generations.random_rows import RandomRows
from search.generations.reader import open_rows
from search.index.manifest import MethodFiles
from search.methods import Method
from search.scoring.segments import Segment, fit_tables, save_tables


def calibrate(
    folder: Path,
    image_ids: NDArray[np.int64],
    methods: Mapping[str, Method],
    files: Mapping[str, MethodFiles],
    plan: IndexPlan,
    progress: Progress,
) -> None:
    """Write the tables of every method, and the kinds of images if there are any.

    Parameters
    ----------
    folder : of the generation
    image_ids : ndarray of shape (n,)
    methods, files : by name, whose rows lie in the folder
    plan : how the generation is built
    progress : called at every step
    """
    num_images = len(image_ids)
    rows = {name: open_rows(folder, name, held, num_images) for name, held in files.items()}
    segment = Segment(image_ids, np.ones(num_images, bool), rows)
    drawn = RandomRows(segment, methods, plan.seed, plan.known_copies)
    library = {}
    for step, (name, held) in enumerate(rows.items()):
        progress(f"{name}: calibration", 0.8 + 0.08 * step / len(rows))
        usable = np.arange(num_images) if held.present is None else np.flatnonzero(held.present)
        tables = fit_tables(held, methods[name], drawn.of(usable), plan.seed)
        save_tables(folder / f"{name}.calibration.npz", tables)
        library[name] = tables.raw
    progress("kinds of images", 0.88)
    if found := make_kinds(segment, methods, library, drawn, plan.seed):
        write_kinds(folder, *found)
