"""Training image sources: a folder or a zip archive, opened by the decoder child like all uploads."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gallery.decoding import Refused, get_decoder
from search.exceptions import TrainingError
from search.training.library.image_files import SUFFIXES, find_images
from search.types import RGBImage

MAX_MEMBER_BYTES = 100 * 2**20
"""A file in an archive that unpacks to more is refused, as an upload of its size would be."""
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class Photographs:
    """Image files by position, in an order that is the same every time, each with the name of its folder.

    Parameters
    ----------
    place : a folder, looked through with all below it, or a zip archive

    Raises
    ------
    TrainingError : neither of them, or a damaged archive
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self._is_archive = place.is_file()
        listed = self._in_archive() if self._is_archive else self._in_folder()
        self.names = [name for name, _label in listed]
        self.labels = [label for _name, label in listed]

    def __len__(self) -> int:
        return len(self.names)

    def keep(self, positions: Sequence[int]) -> None:
        """Forget all but these, which take this order."""
        self.names, self.labels = ([listed[place] for place in positions] for listed in (self.names, self.labels))

    def read(self, side: int) -> Iterator[RGBImage | Refused]:
        """Yield each photograph, at most `side` pixels wide and high, or why it cannot be taken."""
        with self._files() as files:
            for path in files:
                try:
                    yield path if isinstance(path, Refused) else get_decoder().pixels(path, side)
                except Refused as refusal:
                    yield refusal
                except OSError as error:
                    yield Refused("corrupt", str(error))

    def _in_folder(self) -> list[tuple[str, str]]:
        if not self.place.is_dir():
            raise TrainingError("photographs_gone", path=self.place)
        return [(str(path.relative_to(self.place)), label) for path, label in find_images([self.place])]

    def _in_archive(self) -> list[tuple[str, str]]:
        try:
            with zipfile.ZipFile(self.place) as archive:
                # Archives list files in the order of packing; a training must be able to go on from another copy.
                names = sorted(archive.namelist())
        except (zipfile.BadZipFile, OSError) as error:
            raise TrainingError("photographs_unreadable", path=self.place, cause=str(error)) from error
        paths = [PurePosixPath(name) for name in names]
        return [(str(path), path.parent.name) for path in paths if _is_photograph(path)]

    @contextmanager
    def _files(self) -> Iterator[Iterator[Path | Refused]]:
        if not self._is_archive:
            yield (self.place / name for name in self.names)
            return
        # One file at a time: unpacked as a whole, a data set may not fit on the disk.
        with zipfile.ZipFile(self.place) as archive, tempfile.TemporaryDirectory() as folder:
            yield (_unpack(archive, name, Path(folder) / "photograph") for name in self.names)


def _is_photograph(path: PurePosixPath) -> bool:
    # macOS packs a second, unreadable file beside each photograph.
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _unpack(archive: zipfile.ZipFile, name: str, path: Path) -> Path | Refused:
    if archive.getinfo(name).file_size > MAX_MEMBER_BYTES:
        return Refused("too_large", name)
    try:
        path.write_bytes(archive.read(name))
    except _ZIP_ERRORS as error:
        return Refused("corrupt", str(error))
    return path
