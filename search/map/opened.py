"""The maps that pages show: each opened and verified once per process, and again when another is published."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from search.exceptions import IndexAbsentError, IndexDamagedError
from search.map.files import DAMAGED, Catalog, LibraryMap, Stamp, open_map, read_catalog, stamp
from search.map.sprites import NO_SPRITES, Sprites, open_sprites
from search.map.state import MapState, read_state
from search.methods import METHODS
from search.storage import maps_folder

Opened = TypeVar("Opened", LibraryMap, Sprites)
_maps: dict[str, tuple[Path, Stamp, LibraryMap]] = {}
_sprites: dict[str, tuple[Path, Stamp, Sprites]] = {}
_lock = threading.Lock()
logger = logging.getLogger(__name__)


def drawn_methods() -> list[str]:
    """Return the methods that have a map, the one that counts most first."""
    names = [name for name in METHODS if name in _catalog().maps]
    return sorted(names, key=lambda name: -METHODS[name].default_weight)


def current_map(method: str) -> LibraryMap | None:
    """Return a method's map; None when it has none, or one that is damaged and will be drawn again."""

    def folder() -> str:
        entry = _catalog().maps.get(method)
        return entry.folder if entry else ""

    with _lock:
        return _current(_maps, method, folder, open_map)


def current_sprites() -> Sprites:
    """Return the small thumbnails; there may be none yet."""
    with _lock:
        return _current(_sprites, "", lambda: _catalog().sprites, open_sprites) or NO_SPRITES


def current_state() -> MapState:
    """Return what the drawing of maps is doing."""
    return read_state()


def forget() -> None:
    """Drop all that this process holds."""
    with _lock:
        _maps.clear()
        _sprites.clear()


def _catalog() -> Catalog:
    try:
        return read_catalog(maps_folder())
    except IndexAbsentError as error:
        logger.warning("no map is shown now: %s", error)
        return Catalog()


def _current(
    held: dict[str, tuple[Path, Stamp, Opened]], key: str, name: Callable[[], str], open_it: Callable[[Path], Opened]
) -> Opened | None:
    """Return what the catalog names: as it is held while no file changed, else verified and opened."""
    named = name()
    if not named:
        return None
    folder = maps_folder() / named
    seen = stamp(folder)
    if key in held and held[key][:2] == (folder, seen):
        return held[key][2]
    held.pop(key, None)
    try:
        found = open_it(folder)
    except IndexDamagedError as error:
        if name() != named:  # published again, and the old folder removed, since the catalog was read
            return _current(held, key, name, open_it)
        if not isinstance(error, IndexAbsentError):  # what is away is looked for again with the next page
            _tell_damage(folder, error)
        return None
    held[key] = folder, seen, found
    return found


def _tell_damage(folder: Path, error: IndexDamagedError) -> None:
    """Leave a mark for the reconciler, which looks at no checksums."""
    marker = folder / DAMAGED
    if folder.is_dir() and not marker.exists():
        logger.error("a map is damaged and will be drawn again: %s", error)
        marker.touch()
