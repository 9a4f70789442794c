"""Drawing maps in the background: laid out once, brought up to date by placing what is new, published in one step."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from gallery.decoding import get_decoder
from gallery.models import Image
from jobs.guard import PutOffError
from jobs.job import job
from jobs.leases import LONG_WORK_SECONDS
from jobs.progress import Progress
from jobs.rows import JobState
from jobs.turns import take_turn
from search.exceptions import IndexAbsentError, IndexDamagedError, MapError
from search.features import revisions
from search.generations import snapshot as generations_snapshot
from search.generations.build import active_generation
from search.map.files import (
    CATALOG,
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
from search.map.state import STEPS, exclusive, last_seconds, phase_words, read_state
from search.models import MapDrawing
from search.scoring.segments import Snapshot
from search.storage import maps_folder

MIN_IMAGES = 3
ALL_METHODS_MAX_IMAGES = 3_000
"""Up to this many images every method gets its map unasked; above, the one that counts most, and those asked for."""
BUSY_SHARE, SHORTEST_PAUSE_SECONDS = 0.05, 30.0
"""Bringing maps up to date takes at most this share of the time, while images keep coming."""
FOLDER = re.compile(r"[a-z0-9_]+-[0-9a-f]{12}")
PAUSE_WHILE_LOCKED = timedelta(seconds=10)
PAUSE_WHILE_ABSENT = timedelta(minutes=5)
KEPT_ROWS = 50
Observer = Callable[[str, float], None]
"""Called with words for what is being done, and which share of all is done."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a run did to one method's map."""

    method: str
    num_images: int
    num_fitted: int  # 0: nothing was laid out again
    num_placed: int
    seconds: float


@job(MapDrawing, queue=settings.QUEUE_MAINTENANCE, name="map_drawing", lease_seconds=LONG_WORK_SECONDS)
def map_drawing(row: MapDrawing, progress: Progress[MapDrawing]) -> dict[str, Any]:
    """Draw the maps that are missing and bring the others up to date; those in use serve until then."""
    with exclusive(maps_folder()) as gained:
        if not gained:
            raise PutOffError("drawing_running", pause=PAUSE_WHILE_LOCKED, counts=False)
        _drawn, found = _draw_all(row, progress, patient=row.attempts < settings.ENV.max_attempts)
    return found


def ask(method: str = "", user: User | AnonymousUser | None = None) -> MapDrawing:
    """Note that the maps are to be brought up to date, and a method's map to be drawn if it is named.

    A drawing that waits is told of the method; one that has begun will not hear of it.
    """
    with transaction.atomic():
        take_turn(MapDrawing._meta.label)  # of two who ask at the same moment, the second finds the first one's
        # Not one that runs: what is drawn was decided when it began.
        waiting = MapDrawing.objects.filter(state=JobState.WAITING).first()
        row = waiting or MapDrawing.objects.create(asked_by=user if user and user.is_authenticated else None)
        if method and method not in row.methods:
            row.methods = [*row.methods, method]
            row.save(update_fields=["methods"])
    return row


def draw(methods: Iterable[str] = (), *, refit: bool = False, observer: Observer | None = None) -> list[Drawn]:
    """Draw the maps here and now.

    Parameters
    ----------
    methods : also draw these methods' maps
    refit : lay out again what could have been brought up to date
    observer : called with what is being done and which share of all is done, 0..1

    Raises
    ------
    MapError : another drawing runs, there are too few images, an unknown method, or files cannot be written
    """
    drawn: list[Drawn] = []

    def work(row: MapDrawing, progress: Progress[MapDrawing]) -> dict[str, Any]:
        done, found = _draw_all(row, progress, observer)
        drawn.extend(done)
        return found

    with exclusive(maps_folder()) as gained:
        if not gained:
            raise MapError("drawing_running")
        row = MapDrawing.objects.create(methods=list(methods), refit=refit)
        replace(map_drawing, work=work).run(row.pk)
    row.refresh_from_db()
    if row.state != JobState.READY:
        raise MapError(row.error_code, **(row.error_params or {}))
    return drawn


def due() -> bool:
    """Tell whether the maps should be drawn or brought up to date now."""
    state = read_state()
    if map_drawing.active() or state.pausing:
        return False
    root = maps_folder()
    try:
        if _is_current(root, read_catalog(root)):
            return False
    except IndexAbsentError:
        return False
    # Before the first generation most of the library is still to come.
    rest = timedelta(seconds=max(SHORTEST_PAUSE_SECONDS, last_seconds() / BUSY_SHARE))
    rested = state.ended_at is None or timezone.now() >= state.ended_at + rest
    return rested and Image.objects.shown()[MIN_IMAGES - 1 : MIN_IMAGES].exists() and active_generation() is not None


def _is_current(root: Path, catalog: Catalog) -> bool:
    """Whether every map is there, undamaged as far as is known, and brought up to the library's last change."""
    revision = revisions.revision()
    folders = [root / name for name in (catalog.sprites, *(entry.folder for entry in catalog.maps.values()))]
    intact = bool(catalog.sprites) and all(path.is_dir() and not (path / DAMAGED).exists() for path in folders)
    return intact and bool(catalog.maps) and all(entry.revision >= revision for entry in catalog.maps.values())


class _Course:
    """Turns the progress of a step into that of the whole drawing."""

    def __init__(self, progress: Progress[MapDrawing], observer: Observer | None) -> None:
        self._progress, self._observer = progress, observer
        self._first, self._size = 0.0, 1.0

    def start(self, method: str, step: int, num_steps: int) -> None:
        """Say that the next of so many steps begins."""
        self._first, self._size = step / num_steps, 1 / num_steps
        self._progress.keep(method=method)

    def __call__(self, phase: str, share: float, **numbers: int) -> None:
        whole = self._first + self._size * share
        if self._observer:
            self._observer(phase_words(phase, numbers), whole)
        self._progress(phase, round(STEPS * whole), STEPS, numbers=numbers)


def _draw_all(
    row: MapDrawing, progress: Progress[MapDrawing], observer: Observer | None = None, *, patient: bool = False
) -> tuple[list[Drawn], dict[str, Any]]:
    """Draw, while this process holds the lock; return also what is kept on the row.

    Who is `patient` waits for a folder that is away, rather than lay out its map again: people know their way in it.
    """
    root, started = maps_folder(), time.monotonic()
    try:
        drawn = _draw(root, row, _Course(progress, observer), patient=patient)
    except IndexAbsentError as error:
        raise PutOffError("map_absent", pause=PAUSE_WHILE_ABSENT) from error
    except OSError as error:
        raise MapError("file_error", text=str(error)) from error
    _remove_leftovers(root)
    old = MapDrawing.objects.values_list("pk", flat=True)[KEPT_ROWS:]
    MapDrawing.objects.filter(pk__in=list(old)).delete()
    return drawn, {"method": "", "numbers": {}, "seconds": time.monotonic() - started}


def _draw(root: Path, row: MapDrawing, course: _Course, *, patient: bool) -> list[Drawn]:
    course("reading", 0.0)
    if patient:
        _see_that_folders_are_there(root)
    revision = revisions.revision()  # before the rows are read: what comes later is looked at next time
    snapshot = generations_snapshot.current_snapshot()
    wanted = _wanted(snapshot, row.methods, read_catalog(root))
    drawn: list[Drawn] = []
    for step, (name, rows) in enumerate(wanted.items()):
        course.start(name, 2 * step, 2 * len(wanted))
        drawn.append(_draw_one(root, rows, revision, row.refit, course))
        if step == 0:  # the first map gets its thumbnails before the others are laid out
            course.start(name, 1, 2 * len(wanted))
            _renew_sprites(root, _searchable(snapshot), course)
    _drop_maps(root, wanted)
    return drawn


def _wanted(snapshot: Snapshot, asked: list[str], catalog: Catalog) -> dict[str, MapRows]:
    """Return the rows of the methods to draw, the one that counts most first."""
    rows = {name: found for name in mappable(snapshot) if (found := map_rows(snapshot, name))}
    possible = {name: found for name, found in rows.items() if len(found.image_ids) >= MIN_IMAGES}
    if unknown := sorted(set(asked) - set(possible)):
        raise MapError("no_such_map", unknown=unknown, expected=list(possible))
    if not possible:
        num = max((len(found.image_ids) for found in rows.values()), default=0)
        raise MapError("too_few_for_map", least=MIN_IMAGES, num=num)
    everything = snapshot.num_images <= ALL_METHODS_MAX_IMAGES
    chosen = (next(iter(possible)), *asked, *catalog.maps)
    return {name: found for name, found in possible.items() if everything or name in chosen}


def _draw_one(root: Path, rows: MapRows, revision: int, refit: bool, course: _Course) -> Drawn:
    """Bring one method's map up to date, or lay it out again, and publish it."""
    started, name = time.monotonic(), rows.method
    old = _open_current(root, name)
    if old is None or refit or outgrown(old, rows):
        fresh = lay_out(rows, old, settings.ENV.index_seed, course)
        num_fitted = fresh.facts.num_fitted
    else:
        fresh, num_fitted = bring_up_to_date(rows, old, course), 0
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


def _renew_sprites(root: Path, image_ids: NDArray[np.int64], course: _Course) -> None:
    """Make small thumbnails of the images that have none, and leave out those of images that are gone."""
    known = _known_sprites(root)
    if np.array_equal(known.image_ids, image_ids):
        return
    wanted = set(image_ids.tolist())
    # A range and a set: a list of a hundred thousand ids is more than one statement takes.
    rows = Image.objects.filter(pk__gte=int(image_ids[0]), pk__lte=int(image_ids[-1])).values_list("pk", "sha256")
    hashes = {pk: sha256 for pk, sha256 in rows.iterator() if pk in wanted}

    def note(num_done: int) -> None:
        course("thumbnails", num_done / len(hashes), num=num_done, all=len(hashes))

    sprites = make_sprites(hashes, known, get_decoder(), note)
    folder = _write_folder(root, "sprites", lambda folder: write_sprites(folder, sprites))
    write_catalog(root, replace(read_catalog(root), sprites=folder))


def _known_sprites(root: Path) -> Sprites:
    name = read_catalog(root).sprites
    try:
        return open_sprites(root / name) if name else NO_SPRITES
    except IndexDamagedError as error:
        logger.error("the map's thumbnails are damaged and made again: %s", error)
        return NO_SPRITES


def _see_that_folders_are_there(root: Path) -> None:
    """Raise IndexAbsentError where what is in use is away: before anything is drawn, and only by its name."""
    catalog = read_catalog(root)
    if not (root / CATALOG).exists() and MapDrawing.objects.filter(state=JobState.READY).exists():
        raise IndexAbsentError("folder_away", folder=CATALOG)
    for name in filter(None, (catalog.sprites, *(entry.folder for entry in catalog.maps.values()))):
        if not (root / name).is_dir():
            raise IndexAbsentError("folder_away", folder=name)


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
    (root / "state.json").unlink(missing_ok=True)  # of versions that told there how far they were
    catalog = read_catalog(root)
    used = {catalog.sprites, *(entry.folder for entry in catalog.maps.values())}
    for path in root.iterdir():
        if path.is_dir() and path.name not in used and FOLDER.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
