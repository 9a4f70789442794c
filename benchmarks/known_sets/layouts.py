"""Which layout a folder is in, told by the names of its files; one that fits none, or several, is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.known_sets import readers
from benchmarks.known_sets.known_set import KnownSet, LayoutError


@dataclass(frozen=True, slots=True)
class Layout:
    """How a set lies on disk: what tells it, how it is read, and what to say where it is something else."""

    fits: Callable[[Path], bool]
    read: Callable[[Path], KnownSet]
    expected: str


LAYOUTS: Mapping[str, Layout] = {
    "wang": Layout(lambda folder: bool(readers.wang_files(folder)), readers.read_wang, "0.jpg to 999.jpg"),
    "caltech101": Layout(
        lambda folder: bool(readers.class_folders(folder)), readers.read_caltech, "a folder for each class"
    ),
    "flowers17": Layout(
        lambda folder: bool(readers.flowers_files(folder)), readers.read_flowers, "image_0001.jpg to image_1360.jpg"
    ),
    "brodatz": Layout(lambda folder: bool(readers.brodatz_files(folder)), readers.read_brodatz, "D1 to D112"),
    "holidays": Layout(
        lambda folder: bool(readers.holidays_files(folder)), readers.read_holidays, "names of six digits, 100000.jpg"
    ),
    "ukbench": Layout(
        lambda folder: bool(readers.ukbench_files(folder)), readers.read_ukbench, "ukbench00000.jpg and so on"
    ),
    "copydays": Layout(readers.has_copies, readers.read_copydays, "original/ beside strong/, crops/ or jpeg/"),
    "oxford5k": Layout(
        lambda folder: readers.find_truths(folder) is not None, readers.read_oxford, "lists like all_souls_1_query.txt"
    ),
}


def read_set(folder: Path, key: str | None = None) -> KnownSet:
    """Read a folder in the layout of one of `LAYOUTS`.

    Parameters
    ----------
    folder : what the set's archive was unpacked to
    key : of the layout; None: told by the names of the files

    Raises
    ------
    LayoutError : no folder, no such layout, files of several layouts, or files that are missing
    """
    if not folder.is_dir():
        raise LayoutError(f"There is no folder {folder}; give the folder that the set was unpacked to.")
    known = ", ".join(LAYOUTS)
    if key is None:
        fitting = [name for name, layout in LAYOUTS.items() if layout.fits(folder)]
        if not fitting:
            raise LayoutError(f"{folder.name} is in the layout of none of the sets known here: {known}.")
        if len(fitting) > 1:
            both = " and ".join(fitting)
            raise LayoutError(f"{folder.name} holds files of {both}; keep one set to a folder, or name one by --set.")
        key = fitting[0]
    if key not in LAYOUTS:
        raise LayoutError(f"There is no layout {key}; known are {known}.")
    if not LAYOUTS[key].fits(folder):
        raise LayoutError(f"{folder.name} is not in the layout of {key}: expected {LAYOUTS[key].expected}.")
    return LAYOUTS[key].read(folder)
