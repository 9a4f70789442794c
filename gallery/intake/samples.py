"""The sample gallery: photographs that ship inside scikit-image, and edited versions of each to search for."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from PIL import Image as Picture
from PIL import ImageFilter

from gallery.intake.store import Outcome, store_images
from jobs.errors import CodedError

COLLECTION = "Sample gallery"
PHOTOGRAPHS = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "camera": "camera.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "hubble": "hubble_deep_field.jpg",
    "ihc": "ihc.png",
    "motorcycle": "motorcycle_left.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}
ORIGINAL = "original"
SEPARATOR = "-"
CROPPED_SHARE = 0.7
ROTATION_DEGREES = 10
FINE_QUALITY, POOR_QUALITY = 92, 15
WARM_CAST = (1.15, 1.0, 0.7)


class SamplesMissingError(CodedError):
    """The photographs are not where scikit-image puts them."""


def photographs_folder() -> Path:
    """Return the folder of scikit-image's photographs, without importing it (that takes a second).

    Raises
    ------
    SamplesMissingError : scikit-image is not installed, or without its photographs
    """
    package = find_spec("skimage")
    folders = [Path(place) / "data" for place in (package.submodule_search_locations if package else None) or []]
    for folder in folders:
        if all((folder / name).exists() for name in PHOTOGRAPHS.values()):
            return folder
    raise SamplesMissingError("samples_missing", names=list(PHOTOGRAPHS.values()), folders=list(map(str, folders)))


def make_samples(folder: Path) -> list[Path]:
    """Write the photographs and their edited versions into a folder, named `photograph-edit.suffix`.

    The files are the same every time, so that storing them again finds them known.
    """
    source = photographs_folder()
    paths = []
    for name, file_name in PHOTOGRAPHS.items():
        original = folder / f"{name}{SEPARATOR}{ORIGINAL}{Path(file_name).suffix}"
        shutil.copyfile(source / file_name, original)
        paths.append(original)
        with Picture.open(original) as picture:
            paths += _write_edits(picture.convert("RGB"), folder, name)
    return paths


def load_samples() -> Counter[str]:
    """Store the sample gallery; return how many files were stored, duplicate and refused."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="likeness-samples-") as folder:
        paths = make_samples(Path(folder))
        for edit in (ORIGINAL, *EDITS):
            edited = [path for path in paths if path.stem.endswith(f"{SEPARATOR}{edit}")]
            stored = store_images(edited, collections=[COLLECTION], label_of=photograph_of, tags=[edit])
            outcomes += [outcome for _path, outcome in stored]
    return Counter(outcome.kind for outcome in outcomes)


def photograph_of(path: Path) -> str:
    """Return the photograph that a sample file shows: its label."""
    return path.stem.partition(SEPARATOR)[0]


def _write_edits(picture: Picture.Image, folder: Path, name: str) -> list[Path]:
    paths = []
    for edit, change in EDITS.items():
        path = folder / f"{name}{SEPARATOR}{edit}.jpg"
        change(picture).save(path, "JPEG", quality=POOR_QUALITY if edit == "jpeg" else FINE_QUALITY)
        paths.append(path)
    return paths


def _crop(picture: Picture.Image, share: float = CROPPED_SHARE) -> Picture.Image:
    """Cut out the middle: that share of the width and of the height."""
    left, top = (round(side * (1 - share) / 2) for side in picture.size)
    return picture.crop((left, top, picture.width - left, picture.height - top))


def _blur(picture: Picture.Image) -> Picture.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 150))


def _cast(picture: Picture.Image) -> Picture.Image:
    bands = [
        band.point(lambda value, gain=gain: min(255, round(value * gain)))
        for band, gain in zip(picture.split(), WARM_CAST, strict=True)
    ]
    return Picture.merge("RGB", bands)


def _rotate(picture: Picture.Image) -> Picture.Image:
    """Turn, and keep the largest middle part of the same shape that has no empty corners."""
    angle = math.radians(ROTATION_DEGREES)
    ratio = max(picture.size) / min(picture.size)
    turned = picture.rotate(ROTATION_DEGREES, Picture.Resampling.BICUBIC)
    return _crop(turned, 1 / (math.cos(angle) + ratio * math.sin(angle)))


EDITS: dict[str, Callable[[Picture.Image], Picture.Image]] = {
    "crop": _crop,
    "jpeg": lambda picture: picture,
    "blur": _blur,
    "cast": _cast,
    "rotation": _rotate,
}
