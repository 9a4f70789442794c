"""How many images a second the whole pipeline takes in, and how many the bare libraries would.

    python benchmarks/ingest.py [--images FOLDER] [--count 300] [--json]

Stores and describes photographs in a temporary folder as `manage.py import_images --wait` does: hashed, decoded in
limited children, re-encoded, kept as rows and files, described by every method that is available, kept as features.
Beside it, in the same process and on the same files, the same work as plain calls of hashlib, Pillow, OpenCV,
scikit-image and Keras, one image after the other: no child process, no database, no checks. Set DEEP_WEIGHTS to
include the deep method. Without --images, crops of the photographs that ship with scikit-image are used.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TARGET_RATIO = 1.5
WARM_UP_IMAGES = 8
ROUND_IMAGES = 96
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}


class Stopwatch:
    """Adds up wall seconds by name of the stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0) + time.perf_counter() - began


def make_photographs(folder: Path, count: int, seed: int = 20) -> list[Path]:
    """Write `count` different JPEGs of 700 to 1,000 pixels, cut from scikit-image's photographs."""
    from gallery.intake.samples import make_samples

    rng = np.random.default_rng(seed)
    (folder / "samples").mkdir()
    sources = [Image.open(path).convert("RGB") for path in make_samples(folder / "samples")]
    paths = []
    for position in range(count):
        source = sources[position % len(sources)]
        width, height = (int(side * rng.uniform(0.6, 1)) for side in source.size)
        left, top = int(rng.integers(source.width - width + 1)), int(rng.integers(source.height - height + 1))
        scale = rng.uniform(700, 1000) / max(width, height)
        size = (round(width * scale), round(height * scale))
        path = folder / f"photograph-{position:05}.jpg"
        source.crop((left, top, left + width, top + height)).resize(size).save(path, quality=88)
        paths.append(path)
    return paths


def ingest_bare(paths: list[Path], folder: Path, watch: Stopwatch) -> dict[str, list[bytes]]:
    """Do the work by plain library calls; return every method's rows as bytes."""
    from django.conf import settings

    from search.features.extraction import ANALYSIS_SIDE, methods
    from search.features.registry import current_versions

    used = {name: methods()[name] for name in current_versions()}
    rows: dict[str, list[bytes]] = {name: [] for name in used}
    size = settings.ENV.feature_batch_size
    for start in range(0, len(paths), size):
        pixels = []
        for path in paths[start : start + size]:
            with watch("hash and copy"):
                data = path.read_bytes()
                digest = hashlib.sha256(data).hexdigest()
                (folder / digest).write_bytes(data)
            with watch("decode"):
                picture = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
            with watch("hash pixels"):
                hashlib.sha256(picture.tobytes()).hexdigest()
            with watch("encode copies"):
                encode_copies(picture, folder / digest)
            with watch("shrink for analysis"):
                picture.thumbnail((ANALYSIS_SIDE, ANALYSIS_SIDE), Image.Resampling.LANCZOS)
                pixels.append(np.asarray(picture))
        for name, method in used.items():
            with watch(f"describe: {name}"):
                rows[name] += [row.tobytes() for row in method.describe(pixels)]
    return rows


def encode_copies(picture: Image.Image, path: Path) -> None:
    """Write the same two WebP copies that the gallery keeps; where both would have one size, encode once."""
    from gallery.decoding.child.answers import WEBP_EFFORT, WEBP_QUALITY
    from gallery.storage.derivatives import DERIVATIVE_SIDES

    encoded: tuple[tuple[int, int], bytes] | None = None
    copy = picture.copy()
    for kind, side in sorted(DERIVATIVE_SIDES.items(), key=lambda item: -item[1]):
        copy.thumbnail((side, side), Image.Resampling.LANCZOS)
        if encoded is None or encoded[0] != copy.size:
            out = BytesIO()
            copy.save(out, "WEBP", quality=WEBP_QUALITY, method=WEBP_EFFORT)
            encoded = copy.size, out.getvalue()
        path.with_suffix(f".{kind}").write_bytes(encoded[1])


def ingest_whole(paths: list[Path], watch: Stopwatch) -> None:
    """Do the work by the product's own pipeline, in this process."""
    from gallery.intake.store import store_images
    from search.background import wait_until_indexed

    with watch("store"):
        outcomes = [outcome for _path, outcome in store_images(paths)]
    kinds = {outcome.kind for outcome in outcomes}
    if kinds != {"stored"}:
        raise SystemExit(f"expected every image to be stored, got {sorted(kinds)}; give a folder of distinct images")
    with watch("features"):
        wait_until_indexed.drain()


def check_features(rows: dict[str, list[bytes]], num_images: int) -> None:
    """See that the pipeline kept as many features, of the same length, as the bare calls made."""
    from jobs.rows import JobState
    from search.models import Feature

    for name, made in rows.items():
        kept = Feature.objects.filter(method=name, state=JobState.READY)
        if kept.count() != num_images or len(kept[0].vector or b"") != len(made[0]):
            raise SystemExit(f"{name}: expected {num_images} features of {len(made[0])} bytes, got {kept.count()}")


class Meter:
    """Adds up what one way of working costs: wall seconds, and processor seconds with those of decoder children."""

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self.seconds = self.processor = 0.0

    @contextmanager
    def running(self) -> Iterator[Stopwatch]:
        before, began = processor_seconds(), time.perf_counter()
        yield self.watch
        self.seconds += time.perf_counter() - began
        self.processor += processor_seconds() - before

    def figures(self, num_images: int) -> dict[str, Any]:
        stages = {stage: round(spent / num_images * 1e3, 2) for stage, spent in self.watch.seconds.items()}
        return {
            "images_per_second": round(num_images / self.seconds, 1),
            "seconds": round(self.seconds, 2),
            "processor_seconds": round(self.processor, 2),
            "ms_per_image": stages,
        }


def processor_seconds() -> float:
    """Return what this process, its ended children and its decoders' living children have used."""
    from gallery.decoding import get_decoders

    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    living = {decoder.child_pid for decoder in get_decoders(0)} - {None}
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + sum(map(_ticks, living)) / os.sysconf(
        "SC_CLK_TCK"
    )


def _ticks(pid: int | None) -> int:
    """Return the processor time of a living process in clock ticks (user + system: fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def measure(paths: list[Path], folder: Path) -> dict[str, Any]:
    """Take the images in both ways, in turns, so that whatever else the machine does hinders both alike."""
    from search.features.registry import current_versions

    copies = folder / "bare"
    copies.mkdir()
    for path in paths:
        path.read_bytes()  # both ways read from the page cache
    rows = ingest_bare(paths[:WARM_UP_IMAGES], copies, Stopwatch())  # loads models and libraries
    ingest_whole(paths[:WARM_UP_IMAGES], Stopwatch())
    bare, whole = Meter(), Meter()
    num_images = len(paths) - WARM_UP_IMAGES
    for start in range(WARM_UP_IMAGES, len(paths), ROUND_IMAGES):
        some = paths[start : start + ROUND_IMAGES]
        with bare.running() as watch:
            made = ingest_bare(some, copies, watch)
        with whole.running() as watch:
            ingest_whole(some, watch)
        rows = {name: rows[name] + made[name] for name in rows}
    check_features(rows, len(paths))
    return {
        "images": num_images,
        "methods": current_versions(),
        "pipeline": whole.figures(num_images),
        "bare": bare.figures(num_images),
        "ratio": round(whole.seconds / bare.seconds, 2),
        "processor_ratio": round(whole.processor / bare.processor, 2),
        "target_ratio": TARGET_RATIO,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
    }


def print_figures(found: dict[str, Any]) -> None:
    print(f"{found['images']} images, methods: {', '.join(found['methods'])}")
    for way in ("pipeline", "bare"):
        print(f"\n{way}: {found[way]['images_per_second']} images/s")
        for stage, spent in found[way]["ms_per_image"].items():
            print(f"  {stage:<24} {spent:>8.2f} ms an image")
    print(f"\nThe pipeline takes {found['ratio']} x the time of the bare calls (target: {found['target_ratio']}),")
    print(f"and {found['processor_ratio']} x their processor time.")


def find_images(folder: Path, count: int) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    # What comes twice is no new image.
    distinct = {hashlib.sha256(path.read_bytes()).digest(): path for path in reversed(paths)}
    return sorted(distinct.values())[: count or None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="photographs to take in")
    parser.add_argument("--count", type=int, default=300, help="how many of them; 0: all")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="likeness-ingest-"))
    os.environ |= {"DATA_DIR": str(folder / "data"), "LOG_LEVEL": "CRITICAL", "DATABASE_URL": "", "REDIS_URL": ""}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import django

    django.setup()
    from django.core.management import call_command

    try:
        call_command("migrate", verbosity=0)
        if arguments.images:
            paths = find_images(arguments.images, arguments.count)
        else:
            paths = make_photographs(folder, arguments.count or 300)
        if len(paths) <= WARM_UP_IMAGES:
            raise SystemExit(f"expected more than {WARM_UP_IMAGES} images, found {len(paths)}")
        found = measure(paths, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(json.dumps(found))
    else:
        print_figures(found)


if __name__ == "__main__":
    main()
