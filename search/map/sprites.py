"""Small thumbnails of all images in one file, so that a map can show thousands: written once, read by image id."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.decoding import Decoder, Refused
from gallery.storage import derivatives, originals
from search.exceptions import IndexDamagedError
from search.index.matrices import map_matrix
from search.map.files import read_manifest, write_manifest

SPRITE_SIDE = 80
"""Longest side of a small thumbnail, in pixels."""
DATA = "sprites.bin"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sprites:
    """WebP files laid end to end; arrays are memory maps."""

    image_ids: NDArray[np.int64]  # (n,), ascending
    ends: NDArray[np.int64]  # (n,): where each image's bytes end; they begin where the one before ends
    data: NDArray[np.uint8]

    def read(self, image_ids: Sequence[int] | NDArray[np.int64]) -> dict[int, bytes]:
        """Return the WebP files of those of the images that have one."""
        wanted = np.unique(np.asarray(image_ids, np.int64))
        rows = np.searchsorted(self.image_ids, wanted)
        inside = rows < len(self.image_ids)
        rows = rows[inside][self.image_ids[rows[inside]] == wanted[inside]]
        starts = np.where(rows > 0, self.ends[rows - 1], 0)
        return {
            int(self.image_ids[row]): self.data[start : self.ends[row]].tobytes()
            for row, start in zip(rows.tolist(), starts.tolist(), strict=True)
            if self.ends[row] > start
        }


NO_SPRITES = Sprites(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))


def write_sprites(folder: Path, sprites: Iterable[tuple[int, bytes]]) -> int:
    """Write (image id, WebP bytes), by rising id, into a new folder; return how many.

    Raises
    ------
    OSError : the disk is full, or a file cannot be written; the folder is then to be removed
    """
    folder.mkdir(parents=True)
    ids: list[int] = []
    ends: list[int] = []
    with (folder / DATA).open("wb") as file:
        for image_id, data in sprites:
            file.write(data)
            ids.append(image_id)
            ends.append(file.tell())
    np.save(folder / "image_ids.npy", np.array(ids, np.int64))
    np.save(folder / "ends.npy", np.array(ends, np.int64))
    write_manifest(folder, {"num_images": len(ids), "num_bytes": ends[-1] if ends else 0})
    return len(ids)


def open_sprites(folder: Path) -> Sprites:
    """Verify a folder of sprites and map its files.

    Raises
    ------
    IndexDamagedError : anything is not as it was written
    """
    facts: dict[str, Any] = read_manifest(folder)
    num, num_bytes = facts.get("num_images"), facts.get("num_bytes")
    if not isinstance(num, int) or not isinstance(num_bytes, int):
        raise IndexDamagedError("no_sprites_manifest", folder=folder.name)
    if not num_bytes:
        ids = map_matrix(folder / "image_ids.npy", (num,), np.int64)
        return Sprites(ids, np.zeros(num, np.int64), NO_SPRITES.data)
    image_ids = map_matrix(folder / "image_ids.npy", (num,), np.int64)
    ends = map_matrix(folder / "ends.npy", (num,), np.int64)
    data = np.memmap(folder / DATA, np.uint8, "r")
    if np.any(np.diff(image_ids) <= 0) or np.any(np.diff(ends) < 0) or not len(data) == num_bytes == ends[-1]:
        raise IndexDamagedError("arrays_do_not_fit", folder=folder.name)
    return Sprites(image_ids, ends, np.asarray(data))


def make_sprites(
    hashes: Mapping[int, str], known: Sprites, decoder: Decoder, progress: Callable[[int], None]
) -> Iterator[tuple[int, bytes]]:
    """Yield the sprite of each image by rising id: those known already as they are, the others made again.

    That of an image of which nothing can be decoded now is empty: the map shows it as a dot, and it is tried again.

    Parameters
    ----------
    hashes : image id -> SHA-256
    known : sprites of before
    decoder : makes the small copies, from our own thumbnails where they are there
    progress : told after each image how many are done
    """
    here = set(known.image_ids.tolist())
    for num_done, image_id in enumerate(sorted(hashes)):
        sprite = known.read([image_id]).get(image_id) if image_id in here else None
        yield image_id, sprite or _make(hashes[image_id], decoder)
        progress(num_done + 1)


def _make(sha256: str, decoder: Decoder) -> bytes:
    """Return the small thumbnail of an image, nothing when it cannot be made."""
    for source in (derivatives.local_file(sha256, "thumb"), originals.local_file(sha256)):
        try:
            with source as path:
                return decoder.inspect(path, {"sprite": SPRITE_SIDE}).derivatives["sprite"]
        except OSError:
            continue
        except Refused as refusal:
            logger.warning("no small thumbnail of %s: %s", path.name, refusal)
    return b""
