"""Training targets: variants of every image with what the teacher says of them, on the disk until training ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.files import put, whole_file
from search.methods.deep import fit
from search.training.augmentation import crop
from search.training.pack import Pack, Progress
from search.training.teacher import PLACES, Teacher, Whitening, fit_whitening
from search.types import RGBImage

Array = NDArray[np.float32]

_BATCH = 32
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Variant:
    """One version of all photographs, mapped from the disk."""

    pixels: NDArray[np.uint8]  # (n, stored, stored, 3)
    rows: Array  # (n, dim), of length 1
    places: NDArray[np.float16]  # (n, PLACES, PLACES, dim), of length 1


class Targets:
    """Variants of the photographs of a pack and their targets; made one variant at a time, whole or not at all.

    The first variant is the photographs as they are; the whitening is fitted to it, without those held out.

    Parameters
    ----------
    folder : where they are kept
    pack : the photographs
    is_training : shape (n,), bool; those that the encoder learns from
    stored : height and width at which variants are kept, in pixels
    dim : numbers of a target
    seed : of the crops
    """

    def __init__(
        self, folder: Path, pack: Pack, is_training: NDArray[np.bool_], stored: int, dim: int, seed: int
    ) -> None:
        self.folder, self.pack, self.is_training = folder, pack, is_training
        self._stored, self._dim, self._seed = stored, dim, seed

    def num_bytes(self, channels: int, num_variants: int) -> int:
        """Return what the variants that are not there yet will take on the disk, at the most."""
        missing = sum(not (self.folder / f"places-{number}.npy").exists() for number in range(num_variants))
        each = self._stored**2 * 3 + PLACES**2 * self._dim * 2 + self._dim * 4
        passing = PLACES**2 * channels * 2 if missing else 0
        return len(self.pack) * (missing * each + passing)

    def make(self, teacher: Teacher, num_variants: int, progress: Progress) -> None:
        """Have the teacher look at each variant that it has not seen yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in range(num_variants):
            if not (self.folder / f"places-{number}.npy").exists():
                self._make(teacher, number, f"teacher, variant {number + 1} of {num_variants}", progress)

    def load(self, num_variants: int) -> list[Variant]:
        """Map the variants."""
        return [
            Variant(*(np.load(self._path(kind, number), mmap_mode="r") for kind in ("pixels", "rows", "places")))
            for number in range(num_variants)
        ]

    def whitening(self) -> Whitening:
        """Return what turned the teacher's features into targets."""
        with np.load(self.folder / "whitening.npz") as kept:
            return Whitening(kept["mean"], kept["directions"], float(kept["kept"]))

    def _make(self, teacher: Teacher, number: int, what: str, progress: Progress) -> None:
        n = len(self.pack)
        pixels = self._array("pixels", number, (n, self._stored, self._stored, 3), np.uint8)
        looks = self._array("looks", number, (n, PLACES, PLACES, teacher.channels), np.float16)
        pooled = np.empty((n, teacher.channels), np.float32)
        for start in range(0, n, _BATCH):
            images = [self._image(number, position) for position in range(start, min(n, start + _BATCH))]
            end = start + len(images)
            # Fitted as the method does it, or the encoder would learn from pictures that it never gets.
            pixels[start:end] = [fit(image, self._stored, self._stored) for image in images]
            pooled[start:end], looks[start:end] = teacher.look(images)
            progress(what, end, n)
        if number == 0:
            found = fit_whitening(pooled[self.is_training], self._dim)
            with whole_file(self.folder / "whitening.npz") as file:
                np.savez(file, mean=found.mean, directions=found.directions, kept=found.kept)
        self._translate(number, pooled, looks)
        pixels.flush()
        put(self._part("pixels", number), self._path("pixels", number))
        self._part("looks", number).unlink()
        put(self._part("places", number), self._path("places", number))  # last: it says that all is there

    def _translate(self, number: int, pooled: Array, looks: NDArray[np.float16]) -> None:
        """Write the targets of a variant: of the wholes, then of their places."""
        whitening = self.whitening()
        with whole_file(self._path("rows", number)) as file:
            np.save(file, whitening.apply(pooled))
        shape = (*looks.shape[:3], whitening.directions.shape[1])
        places = self._array("places", number, shape, np.float16)
        for start in range(0, len(looks), _BLOCK):
            places[start : start + _BLOCK] = whitening.apply(looks[start : start + _BLOCK].astype(np.float32))
        places.flush()

    def _image(self, number: int, position: int) -> RGBImage:
        image = self.pack[position]
        return image if number == 0 else crop(image, np.random.default_rng((self._seed, number, position)))

    def _array(self, kind: str, number: int, shape: tuple[int, ...], dtype: type[np.generic]) -> np.memmap:
        return np.lib.format.open_memmap(self._part(kind, number), "w+", dtype, shape)

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number}.npy"

    def _part(self, kind: str, number: int) -> Path:
        return self.folder / f".{kind}-{number}.part.npy"
