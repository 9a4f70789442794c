"""The kinds of a generation: found among its rows, calibrated by random pairs of each, written and read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import IndexDamagedError
from search.generations.random_rows import RandomRows
from search.index.matrices import map_matrix
from search.methods import Method
from search.scoring.background import background_of
from search.scoring.calibration import Calibration, Sampling
from search.scoring.kind_search import Compare, find_kinds
from search.scoring.kinds import NONE, KindNumbers, KindPlaces, Kinds
from search.scoring.segments import MethodRows, MethodTables, Segment, fit_raw, load_tables, save_tables

CONTENT, LOOKS = "deep", ("color", "texture", "ssim", "phash")
"""The method by whose rows kinds are told apart, and those that say whether images look alike whatever they show."""
SAMPLING = Sampling(rows=1000, queries=100, partners=100)
NAME = "kinds.json"
CENTERS, NUMBERS = "kinds.centers.npy", "kinds.rows.npy"


def make_kinds(
    segment: Segment, methods: Mapping[str, Method], library: Mapping[str, Calibration], drawn: RandomRows, seed: int
) -> tuple[Kinds, KindNumbers] | None:
    """Look for the kinds of a segment's images, and calibrate each.

    Parameters
    ----------
    segment : the images
    methods : by name
    library : tables of the whole segment, by method
    drawn : draws rows without copies
    seed : of the clusters, and of the draws of pairs

    Returns
    -------
    kinds : with the number of the kind of every row; None where there are none, or only one
    """
    held = segment.methods.get(CONTENT)
    if held is None or CONTENT not in library:
        return None
    rows = drawn.of(_usable(held))
    compare = {
        name: _comparison(methods[name], segment.methods[name], rows, library[name])
        for name in (CONTENT, *LOOKS)
        if name in library
    }
    num_present = len(held.vectors) if held.present is None else int(np.count_nonzero(held.present))
    looks = [compare[name] for name in LOOKS if name in compare]
    places = find_kinds(held.vectors[rows], num_present, compare[CONTENT], looks, seed)
    if places is None:
        return None
    numbers = places.of(held.vectors, held.present)
    tables = tuple(
        dict(_tables_of(segment, methods, numbers == kind, drawn, seed, lent=kind == places.rest))
        for kind in range(places.num_kinds)
    )
    counts = np.bincount(numbers[numbers != NONE], minlength=places.num_kinds)
    return Kinds(CONTENT, held.version, places, tables, tuple(counts.tolist())), numbers


def _usable(rows: MethodRows) -> NDArray[np.int64]:
    return np.arange(len(rows.vectors)) if rows.present is None else np.flatnonzero(rows.present)


def _comparison(method: Method, held: MethodRows, rows: NDArray[np.int64], library: Calibration) -> Compare:
    """Return how rare pairs of the rows are among random photographs, or where none are known, in this library."""
    table = background_of(method.name, held.version) or library

    def compare(places: NDArray[np.intp]) -> NDArray[np.float64]:
        vectors = held.vectors[rows[places]]
        known = np.ones(len(places), bool) if held.present is None else np.asarray(held.present[rows[places]])
        scores = np.array([method.scores(row, vectors) for row in vectors], np.float32)
        decades = table.decades_of(scores)
        decades[~known] = decades[:, ~known] = np.nan
        np.fill_diagonal(decades, np.nan)
        return decades

    return compare


def _tables_of(
    segment: Segment,
    methods: Mapping[str, Method],
    members: NDArray[np.bool_],
    drawn: RandomRows,
    seed: int,
    *,
    lent: bool,
) -> Iterator[tuple[str, Calibration]]:
    """Yield the tables of one kind; what is known of random photographs is lent to the rest alone."""
    for name, held in segment.methods.items():
        usable = np.flatnonzero(members if held.present is None else members & held.present)
        if len(usable) > 1:
            prior = background_of(name, held.version) if lent else None
            sampled = drawn.of(usable, SAMPLING.rows)
            yield name, fit_raw(held, methods[name], sampled, seed, SAMPLING, prior)


def write_kinds(folder: Path, kinds: Kinds, numbers: KindNumbers) -> None:
    """Write the kinds of a generation into its folder."""
    np.save(folder / CENTERS, kinds.places.centers)
    np.save(folder / NUMBERS, numbers)
    for kind, tables in enumerate(kinds.tables):
        for name, table in tables.items():
            save_tables(_table_file(folder, kind, name), MethodTables(table, table))
    about = {
        "method": kinds.method,
        "version": kinds.version,
        "centers": kinds.places.kinds.tolist(),
        "rest": kinds.places.rest,
        "images": list(kinds.num_images),
        "tables": [sorted(tables) for tables in kinds.tables],
    }
    (folder / NAME).write_text(json.dumps(about, indent=1) + "\n")


def read_kinds(folder: Path, num_images: int) -> tuple[Kinds, KindNumbers]:
    """Read the kinds of a generation, see `make_kinds`.

    Raises
    ------
    IndexDamagedError : they are not as they were written
    """
    try:
        about: dict[str, Any] = json.loads((folder / NAME).read_text())
        of_centers = np.array(about["centers"], np.int8)
        centers: NDArray[np.float32] = np.load(folder / CENTERS, allow_pickle=False)
        numbers: KindNumbers = map_matrix(folder / NUMBERS, (num_images,), np.int8)
        read = partial(_table_file, folder)
        tables = tuple(
            {name: load_tables(read(kind, name)).raw for name in names} for kind, names in enumerate(about["tables"])
        )
        places = KindPlaces(centers, of_centers, about["rest"])
        kinds = Kinds(about["method"], about["version"], places, tables, tuple(about["images"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamagedError("kinds_unreadable", folder=folder.name, cause=repr(error)) from error
    if len(centers) != len(of_centers) or not len(tables) == len(kinds.num_images) == places.num_kinds:
        raise IndexDamagedError("kinds_unreadable", folder=folder.name, cause=NAME)
    return kinds, numbers


def _table_file(folder: Path, kind: int, name: str) -> Path:
    return folder / f"kinds.{kind}.{name}.calibration.npz"
