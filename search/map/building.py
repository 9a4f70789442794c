"""Drawing maps in the background: laid out once, brought up to date by placing what is new, published in one step."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from gallery.decoding import get_decoder
from gallery.models import Image
from search.exceptions import IndexDamagedError, MapError, SearchError
from search.features import revisions
from search.generations import snapshot as generations_snapshot
from search.generations.build import active_generation
from search.map.files import (
    DAMAGED,
    Catalog,
    Entry,
    LibraryMap,
    open_map,
    read_catalog,
    write_catalog,
    write_map,
)
from search.map.layout import bring_up_to_date, lay_out, outgrown
from search.map.rows import MapRows, map_rows, mappable
from search.map.sprites import NO_SPRITES, Sprites, make_sprites, open_sprites, write_sprites
from search.map.state import MAX_ERROR, MapState, exclusive, read_state, write_state
from search.scoring.segments import Snapshot
from search.storage import maps_folder

MIN_IMAGES = 3
ALL_METHODS_MAX_IMAGES = 3_000
"""Up to this many images every method gets its map unasked; above, the one that counts most, and those asked for."""
STATE_SECONDS = 1.0
BUSY_SHARE, SHORTEST_PAUSE_SECONDS = 0.05, 30.0
"""Bringing maps up to date takes at most this share of the time, while images keep coming."""
FOLDER = re.compile(r"[a-z0-9_]+-[0-9a-f]{12}")
Progress = Callable[[str, float], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a run did to one method's map."""

    method: str
    num_images: int
    num_fitted: int  # 0: nothing was laid out again
    num_placed: int
    seconds: float


def draw(
    methods: Iterable[str] = (), *, refit: bool = False, progress: Progress = lambda _text, _share: None
) -> list[Drawn]:
    """Draw the maps that are missing and bring the others up to date; those in use serve until then.

    Parameters
    ----------
    methods : also draw these methods' maps
    refit : lay out again what could have been brought up to date
    progress : told what is being done and which share of all is done, 0..1

    Raises
    ------
    MapError : another drawing runs, there are too few images, an unknown method, or files cannot be written
    """
    root = maps_folder()
    with exclusive(root) as gained:
        if not gained:
            raise MapError(_("Another drawing of the map is running; wait until it ends."))
        report, started = _Report(root, progress), time.monotonic()
        try:
            drawn = _draw(root, list(methods), refit, report)
        except (SearchError, OSError) as error:
            report.fail(str(error))
            raise MapError(str(error)) from error
        except BaseException as error:
            report.fail(f"{type(error).__name__}: {error}")
            raise
        write_state(root, MapState(ended_at=time.time(), seconds=time.monotonic() - started))
        _remove_leftovers(root)
    return drawn


def due() -> bool:
    """Tell whether the maps should be drawn or brought up to date now."""
    root = maps_folder()
    state = read_state(root)
    if state.running or state.pausing:
        return False
    if _is_current(root, read_catalog(root)):
        return False
    # Before the first generation most of the library is still to come.
    rested = time.time() >= state.ended_at + max(SHORTEST_PAUSE_SECONDS, state.seconds / BUSY_SHARE)
    return rested and Image.objects.shown()[MIN_IMAGES - 1 : MIN_IMAGES].exists() and active_generation() is not None


def _is_current(root: Path, catalog: Catalog) -> bool:
    """Whether every map is there, undamaged as far as is known, and brought up to the library's last change."""
    revision = revisions.revision()
    folders = [root / name for name in (catalog.sprites, *(entry.folder for entry in catalog.maps.values()))]
    intact = bool(catalog.sprites) and all(path.is_dir() and not (path / DAMAGED).exists() for path in folders)
    return intact and bool(catalog.maps) and all(entry.revision >= revision for entry in catalog.maps.values())


class _Report:
    """Passes progress on, and keeps it in the state for other processes to see."""

    def __init__(self, root: Path, progress: Progress) -> None:
        self._root, self._progress, self._next = root, progress, 0.0
        self._before = read_state(root)
        self._state = MapState(running=True, num_failures=self._before.num_failures, seconds=self._before.seconds)
        self._first, self._size, self._method = 0.0, 1.0, ""

    def start(self, method: str, step: int, num_steps: int) -> None:
        """Say that the next of so many steps begins."""
        self._first, self._size, self._method = step / num_steps, 1 / num_steps, method

    def __call__(self, text: str, share: float) -> None:
        whole = self._first + self._size * share
        self._progress(text, whole)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + STATE_SECONDS
            state = replace(self._state, method=self._method, text=text, share=round(whole, 3))
            write_state(self._root, state)

    def fail(self, error: str) -> None:
        failures = self._before.num_failures + 1
        state = MapState(
            method=self._method,
            error=error[:MAX_ERROR],
            num_failures=failures,
            ended_at=time.time(),
            seconds=self._before.seconds,
        )
        write_state(self._root, state)


def _draw(root: Path, asked: list[str], refit: bool, report: _Report) -> list[Drawn]:
    report(_("reading"), 0.0)
    revision = revisions.revision()  # before the rows are read: what comes later is looked at next time
    snapshot = generations_snapshot.current_snapshot()
    wanted = _wanted(snapshot, asked, read_catalog(root))
    drawn: list[Drawn] = []
    for step, (name, rows) in enumerate(wanted.items()):
        report.start(name, 2 * step, 2 * len(wanted))
        drawn.append(_draw_one(root, rows, revision, refit, report))
        if step == 0:  # the first map gets its thumbnails before the others are laid out
            report.start(name, 1, 2 * len(wanted))
            _renew_sprites(root, _searchable(snapshot), report)
    _drop_maps(root, wanted)
    return drawn


def _wanted(snapshot: Snapshot, asked: list[str], catalog: Catalog) -> dict[str, MapRows]:
    """Return the rows of the methods to draw, the one that counts most first."""
    rows = {name: found for name in mappable(snapshot) if (found := map_rows(snapshot, name))}
    possible = {name: found for name, found in rows.items() if len(found.image_ids) >= MIN_IMAGES}
    if unknown := sorted(set(asked) - set(possible)):
        expected = ", ".join(possible) or _("none yet")
        raise MapError(
            _("There is no map by %(unknown)s: expected a method with features to lay out (%(expected)s).")
            % {"unknown": ", ".join(unknown), "expected": expected}
        )
    if not possible:
        num = max((len(found.image_ids) for found in rows.values()), default=0)
        raise MapError(
            _("A map needs at least %(least)d images with features; there are %(num)d.")
            % {"least": MIN_IMAGES, "num": num}
        )
    everything = snapshot.num_images <= ALL_METHODS_MAX_IMAGES
    chosen = (next(iter(possible)), *asked, *catalog.maps)
    return {name: found for name, found in possible.items() if everything or name in chosen}


def _draw_one(root: Path, rows: MapRows, revision: int, refit: bool, report: _Report) -> Drawn:
    """Bring one method's map up to date, or lay it out again, and publish it."""
    started, name = time.monotonic(), rows.method
    old = _open_current(root, name)
    if old is None or refit or outgrown(old, rows):
        fresh = lay_out(rows, old, settings.ENV.index_seed, report)
        num_fitted = fresh.facts.num_fitted
    else:
        fresh, num_fitted = bring_up_to_date(rows, old, report), 0
    catalog = read_catalog(root)
    folder = (
        catalog.maps[name].folder
        if fresh is old
        else _write_folder(root, name, lambda folder: write_map(folder, fresh))
    )
    write_catalog(root, replace(catalog, maps=catalog.maps | {name: Entry(folder, revision)}))
    placed = 0 if old is None else len(np.setdiff1d(fresh.image_ids, old.image_ids, assume_unique=True))
    num_placed = len(fresh.image_ids) - num_fitted if num_fitted else placed
    return Drawn(name, len(fresh.image_ids), num_fitted, num_placed, time.monotonic() - started)


def _searchable(snapshot: Snapshot) -> NDArray[np.int64]:
    ids = [np.asarray(segment.image_ids)[segment.searchable] for segment in snapshot.segments]
    return np.unique(np.concatenate(ids))


def _renew_sprites(root: Path, image_ids: NDArray[np.int64], report: _Report) -> None:
    """Make small thumbnails of the images that have none, and leave out those of images that are gone."""
    known = _known_sprites(root)
    if np.array_equal(known.image_ids, image_ids):
        return
    wanted = set(image_ids.tolist())
    rows = Image.objects.filter(pk__gte=int(image_ids[0]), pk__lte=int(image_ids[-1])).values_list("pk", "sha256")
    hashes = {pk: sha256 for pk, sha256 in rows.iterator() if pk in wanted}

    def tell(num_done: int) -> None:
        report(_("thumbnails: %(num)d of %(all)d") % {"num": num_done, "all": len(hashes)}, num_done / len(hashes))

    sprites = make_sprites(hashes, known, get_decoder(), tell)
    folder = _write_folder(root, "sprites", lambda folder: write_sprites(folder, sprites))
    write_catalog(root, replace(read_catalog(root), sprites=folder))


def _known_sprites(root: Path) -> Sprites:
    name = read_catalog(root).sprites
    try:
        return open_sprites(root / name) if name else NO_SPRITES
    except IndexDamagedError as error:
        logger.error("the map's thumbnails are damaged and made again: %s", error)
        return NO_SPRITES


def _open_current(root: Path, name: str) -> LibraryMap | None:
    entry = read_catalog(root).maps.get(name)
    try:
        return open_map(root / entry.folder) if entry else None
    except IndexDamagedError as error:
        logger.error("the map of %s is damaged and drawn again: %s", name, error)
        return None


def _write_folder(root: Path, name: str, write: Callable[[Path], object]) -> str:
    """Have a folder written under a name of its own, and return the name; nothing is left of one that fails."""
    folder = root / f"{name}-{secrets.token_hex(6)}"
    try:
        write(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder.name


def _drop_maps(root: Path, names: Iterable[str]) -> None:
    """Take methods out of the catalog that cannot be laid out any more."""
    catalog = read_catalog(root)
    kept = {name: catalog.maps[name] for name in names if name in catalog.maps}
    if len(kept) < len(catalog.maps):
        write_catalog(root, replace(catalog, maps=kept))


def _remove_leftovers(root: Path) -> None:
    """Remove every folder of ours that is not in use: of killed drawings, and of earlier ones."""
    catalog = read_catalog(root)
    used = {catalog.sprites, *(entry.folder for entry in catalog.maps.values())}
    for path in root.iterdir():
        if path.is_dir() and path.name not in used and FOLDER.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
