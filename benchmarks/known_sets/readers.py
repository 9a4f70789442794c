"""How each well-known set is read from its files, once its archive is unpacked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.known_sets.known_set import KnownSet, LayoutError, Picture, Question

SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp"}


def _files(folder: Path, pattern: str) -> list[Path]:
    """Return the pictures right in a folder whose name without suffix fits, in the order of their names."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    return sorted(path for path in found if re.fullmatch(pattern, path.stem))


def _inner(folder: Path, pattern: str, *names: str) -> list[Path]:
    """Return such pictures of the folder, or of the first of some folders in it that has any."""
    candidates = [folder, *(folder / name for name in names)]
    return next((found for each in candidates if each.is_dir() and (found := _files(each, pattern))), [])


def _numbered(paths: Sequence[Path], start: int, count: int) -> list[Path]:
    """Return files in the order of the number that their names end in; these must be `count` in a row."""
    by_number = {int(_digits(path)): path for path in paths}
    missing = [number for number in range(start, start + count) if number not in by_number]
    if missing or len(paths) != count:
        lacking = f"; the first that is missing is number {missing[0]}" if missing else ""
        raise LayoutError(f"Expected {count} pictures numbered from {start}, got {len(paths)}{lacking}.")
    return [by_number[number] for number in range(start, start + count)]


def _digits(path: Path) -> str:
    found = re.search(r"\d+$", path.stem)
    return found[0] if found else "-1"


def _by_label(key: str, title: str, pictures: list[Picture], labels: list[str], measures: tuple[str, ...]) -> KnownSet:
    """Let every picture ask for the others of its label."""
    members: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        members.setdefault(label, []).append(number)
    questions = [
        Question(number, frozenset(members[label]) - {number}, frozenset({number}), label)
        for number, label in enumerate(labels)
        if len(members[label]) > 1
    ]
    if not questions:
        raise LayoutError("No two pictures belong together; there is nothing to ask.")
    return KnownSet(key, title, pictures, len(pictures), questions, measures)


def wang_files(folder: Path) -> list[Path]:
    return _inner(folder, r"0|[1-9]\d{0,2}", "image.orig", "images")


def read_wang(folder: Path) -> KnownSet:
    paths = _numbered(wang_files(folder), 0, 1000)
    labels = [f"{number // 100}" for number in range(1000)]
    return _by_label("wang", "Wang (Corel-1k)", [Picture(path) for path in paths], labels, ("P@20", "mAP"))


def flowers_files(folder: Path) -> list[Path]:
    return _inner(folder, r"image_\d{4}", "jpg")


def read_flowers(folder: Path) -> KnownSet:
    paths = _numbered(flowers_files(folder), 1, 1360)
    labels = [f"{number // 80}" for number in range(1360)]
    return _by_label("flowers17", "Flowers-17", [Picture(path) for path in paths], labels, ("mAP", "P@20"))


NO_CLASS = "BACKGROUND_Google"
COPY_FOLDERS = ("strong", "crops", "jpeg", "jpegqual")


def class_folders(folder: Path) -> list[Path]:
    places = [folder, folder / "101_ObjectCategories"]
    # Flowers-17 and Copydays have folders with pictures too, but these are no classes.
    names = {"original", *COPY_FOLDERS, "jpg", "images", "image.orig", "full", "gt"}
    for place in places:
        if place.is_dir():
            found = [each for each in sorted(place.iterdir()) if each.is_dir() and each.name not in {NO_CLASS, *names}]
            if len(usable := [each for each in found if _files(each, ".*")]) > 1:
                return usable
    return []


def read_caltech(folder: Path) -> KnownSet:
    listed = [(path, each.name) for each in class_folders(folder) for path in _files(each, ".*")]
    labels = [label for _path, label in listed]
    title = f"Caltech-101 ({len(set(labels))} of its 101 classes, {len(listed)} pictures)"
    return _by_label("caltech101", title, [Picture(path) for path, _label in listed], labels, ("mAP", "P@20"))


GRID = 4


def brodatz_files(folder: Path) -> list[Path]:
    return _inner(folder, r"[Dd]\d{1,3}")


def read_brodatz(folder: Path) -> KnownSet:
    pictures, labels = [], []
    for path in sorted(brodatz_files(folder), key=lambda each: int(_digits(each))):
        for place in range(GRID * GRID):
            pictures.append(Picture(path, (place // GRID, place % GRID, GRID, GRID)))
            labels.append(path.stem)
    return _by_label(
        "brodatz", f"Brodatz, {len(pictures)} pieces of {GRID} x {GRID}", pictures, labels, ("retrieval rate", "mAP")
    )


def holidays_files(folder: Path) -> list[Path]:
    return _inner(folder, r"\d{6}", "jpg", "images")


def read_holidays(folder: Path) -> KnownSet:
    paths = holidays_files(folder)
    groups: dict[int, list[int]] = {}
    for number, path in enumerate(paths):
        groups.setdefault(int(path.stem) // 100, []).append(number)
    questions = []
    for group, members in groups.items():
        if int(paths[members[0]].stem) % 100:
            raise LayoutError(
                f"Expected {group}00, the query of its group; the first file there is {paths[members[0]].name}."
            )
        if len(members) < 2:
            raise LayoutError(f"Expected more pictures of the group of {paths[members[0]].name}, got the query alone.")
        questions.append(Question(members[0], frozenset(members[1:]), frozenset({members[0]})))
    pictures = [Picture(path) for path in paths]
    return KnownSet("holidays", "INRIA Holidays", pictures, len(pictures), questions, ("trapezoid mAP", "recall@1"))


def ukbench_files(folder: Path) -> list[Path]:
    return _inner(folder, r"ukbench\d{5}", "full")


def read_ukbench(folder: Path) -> KnownSet:
    found = ukbench_files(folder)
    if len(found) % 4:
        raise LayoutError(f"Expected groups of four pictures, got {len(found)} pictures.")
    paths = _numbered(found, 0, len(found))
    labels = [f"{number // 4}" for number in range(len(paths))]
    return _by_label("ukbench", "UKBench", [Picture(path) for path in paths], labels, ("N-S", "mAP"))


def _copies(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in COPY_FOLDERS:
        if (folder / name).is_dir():
            for path in sorted((folder / name).rglob("*")):
                if path.suffix.lower() in SUFFIXES:
                    yield path.parent.relative_to(folder).as_posix(), path


def has_copies(folder: Path) -> bool:
    return (folder / "original").is_dir() and any(True for _copy in _copies(folder))


def read_copydays(folder: Path) -> KnownSet:
    originals = _files(folder / "original", r"\d{6}")
    by_block = {int(path.stem) // 100: number for number, path in enumerate(originals)}
    pictures, questions = [Picture(path) for path in originals], []
    for part, path in _copies(folder):
        block = int(_digits(path)) // 100
        if block not in by_block:
            raise LayoutError(f"{part}/{path.name} is a copy of {block}00, which original/ lacks.")
        questions.append(Question(len(pictures), frozenset({by_block[block]}), frozenset(), part))
        pictures.append(Picture(path))
    return KnownSet("copydays", "INRIA Copydays", pictures, len(originals), questions, ("trapezoid mAP", "recall@1"))


def find_truths(folder: Path) -> Path | None:
    names = (folder, folder / "gt", folder / "gt_files_170407")
    return next((each for each in names if each.is_dir() and any(each.glob("*_query.txt"))), None)


def read_oxford(folder: Path) -> KnownSet:
    truths = find_truths(folder)
    paths = _inner(folder, r".+_\d{6}", "images", "jpg", "oxbuild_images")
    number_of = {path.stem: number for number, path in enumerate(paths)}
    pictures, questions = [Picture(path) for path in paths], []
    for file in sorted(truths.glob("*_query.txt")) if truths else []:
        base = file.name.removesuffix("_query.txt")
        words = file.read_text().split()
        asked = words[0].removeprefix("oxc1_")
        good, usable, junk = (
            _listed(file.with_name(f"{base}_{kind}.txt"), number_of) for kind in ("good", "ok", "junk")
        )
        if asked not in number_of or len(words) != 5:
            raise LayoutError(
                f"{file.name}: expected the name of a picture that is here and four numbers, got {asked}."
            )
        left, top, right, bottom = (float(word) for word in words[1:])
        questions.append(Question(len(pictures), good | usable, junk, base))
        pictures.append(Picture(paths[number_of[asked]], box=(left, top, right, bottom)))
    return KnownSet("oxford5k", "Oxford5k", pictures, len(paths), questions, ("trapezoid mAP", "recall@1"))


def _listed(file: Path, number_of: Mapping[str, int]) -> frozenset[int]:
    if not file.exists():
        raise LayoutError(f"{file.name} is missing; every query has lists of what is good, ok and junk.")
    names = file.read_text().split()
    if unknown := [name for name in names if name not in number_of]:
        raise LayoutError(f"{file.name} names {unknown[0]}, and there is no such picture.")
    return frozenset(number_of[name] for name in names)
