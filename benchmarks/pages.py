"""How fast the pages answer from gunicorn over a large gallery.

    python benchmarks/pages.py --images 10000 [--requests 200] [--json]

Makes a library of synthetic images (rows, thumbnails, features, one generation) in a temporary folder, starts the web
server as `manage.py run` does, and times whole requests over loopback. Set DEEP_WEIGHTS to include the deep method.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
START_SECONDS = 30


def prepare(num_images: int, seed: int = 20) -> list[int]:
    """Fill the database at DATA_DIR with images in clusters and publish a generation; return some image ids."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    from gallery.models import Collection, Image
    from search import generation

    rng = np.random.default_rng(seed)
    collection = Collection.objects.create(name="Benchmark")
    thumbs = [_thumb(rng) for _ in range(50)]
    Image.objects.bulk_create((_image(position, thumbs) for position in range(num_images)), batch_size=1000)
    ids = list(Image.objects.order_by("id").values_list("id", flat=True))
    through = Image.collections.through
    through.objects.bulk_create((through(image_id=pk, collection_id=collection.pk) for pk in ids[::2]), batch_size=5000)
    _write_features(ids, rng)
    generation.build()
    return [int(pk) for pk in rng.choice(ids, size=min(500, num_images), replace=False)]


def _thumb(rng: np.random.Generator) -> bytes:
    from PIL import Image as Picture

    width, height = int(rng.integers(200, 320)), int(rng.integers(180, 320))
    pixels = rng.integers(0, 255, (height // 20, width // 20, 3), dtype=np.uint8)
    out = BytesIO()
    Picture.fromarray(pixels).resize((width, height)).save(out, "WEBP", quality=80)
    return out.getvalue()


def _image(position: int, thumbs: list[bytes]) -> Any:
    from gallery.files import derivative_path
    from gallery.models import Image

    sha256 = f"{position:064x}"[::-1]
    path = derivative_path(sha256, "thumb")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(thumbs[position % len(thumbs)])
    return Image(
        sha256=sha256,
        status=Image.Status.READY,
        original_name=f"image-{position:05}.jpg",
        num_bytes=100_000,
        format="JPEG",
        width=1200 + position % 400,
        height=900,
        tone="#808080",
        pixels_sha256=sha256,
    )


def _write_features(ids: list[int], rng: np.random.Generator) -> None:
    from django.conf import settings

    from search import features
    from search.methods import load_method
    from search.models import Feature, WorkState

    revision = features.bump_revision()
    for name, version in features.current_versions().items():
        method = load_method(name, settings.SEARCH_METHOD_OPTIONS.get(name))
        centers = rng.normal(size=(100, method.dim)).astype(np.float32)
        for start in range(0, len(ids), 1000):
            chunk = ids[start : start + 1000]
            rows = centers[rng.integers(0, 100, len(chunk))] + rng.normal(size=(len(chunk), method.dim)) * 0.7
            if method.dtype == np.uint8:
                stored = np.clip(rows * 40 + 128, 0, 255).astype(np.uint8)
            else:
                rows = np.abs(rows)
                stored = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
            Feature.objects.bulk_create(
                Feature(
                    image_id=pk,
                    method=name,
                    version=version,
                    state=WorkState.READY,
                    revision=revision,
                    vector=row.tobytes(),
                )
                for pk, row in zip(chunk, stored, strict=True)
            )


@contextmanager
def web_server(threads: int = 8) -> Iterator[int]:
    """Run gunicorn on a free port of loopback; yield the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--worker-class", "gthread"]
    command += ["--threads", str(threads), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("gunicorn did not start; its log above says why") from None
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def time_requests(port: int, paths: list[str]) -> dict[str, float]:
    """Ask for each path once, one after the other; return p50 and p95 in milliseconds and the mean size in KiB."""
    seconds, sizes = [], []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for path in paths:
        began = time.perf_counter()
        connection.request("GET", path, headers={"Accept": "text/html"})
        response = connection.getresponse()
        body = response.read()
        seconds.append(time.perf_counter() - began)
        sizes.append(len(body))
        if response.status != 200:
            raise SystemExit(f"{path}: expected status 200, got {response.status}")
    return {
        "requests": len(paths),
        "p50_ms": round(float(np.percentile(seconds, 50)) * 1e3, 1),
        "p95_ms": round(float(np.percentile(seconds, 95)) * 1e3, 1),
        "kib": round(float(np.mean(sizes)) / 1024, 1),
    }


def measure(port: int, ids: list[int], count: int) -> dict[str, dict[str, float]]:
    """Time each kind of page after a few requests that warm the process."""
    picked = [ids[position % len(ids)] for position in range(count)]
    pages = {
        "gallery": ["/"] * count,
        "gallery, deep in its pages": [f"/?before={pk}" for pk in picked],
        "gallery, one collection": ["/?collection=1"] * count,
        "image": [f"/images/{pk}/" for pk in picked],
        "search by image": [f"/search/?image={pk}" for pk in picked],
        "search, one collection, own weights": [
            f"/search/?image={pk}&collection=1&w_color=0.8&w_texture=0.4" for pk in picked
        ],
        "status": ["/status/"] * count,
    }
    for paths in pages.values():
        time_requests(port, paths[:3])
    return {name: time_requests(port, paths) for name, paths in pages.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="likeness-pages-")
    os.environ |= {"DATA_DIR": folder, "OPEN_ACCESS": "1", "LOG_LEVEL": "WARNING", "DATABASE_URL": "", "REDIS_URL": ""}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    try:
        ids = prepare(arguments.images)
        with web_server() as port:
            figures = measure(port, ids, arguments.requests)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "images": arguments.images, "pages": figures}
    if arguments.json:
        print(json.dumps(report))
        return
    print(f"{report['images']} images on {report['machine']}")
    for name, row in figures.items():
        print(f"{name:40} p50 {row['p50_ms']:7.1f} ms   p95 {row['p95_ms']:7.1f} ms   {row['kib']:7.1f} KiB")


if __name__ == "__main__":
    main()
