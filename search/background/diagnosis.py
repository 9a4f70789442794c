"""What is in use on this machine, and what is missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from PIL import Image as Picture

from gallery.decoding import Refused, get_decoder
from jobs.supervisor import lock
from jobs.supervisor.redis_server import RedisMissingError, find_redis
from search.background.health import LOW_DISK_BYTES, look_at_disk, look_at_generations, look_at_queues
from search.checks import TAG
from search.exceptions import IndexUnavailableError
from search.features import registry
from search.index import choose_backend
from search.storage import data_folder, runtime_folder

State = Literal["ok", "note", "missing"]
PYTHONS = ("3.11", "3.12", "3.13")
COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, worth knowing, or missing although required."""

    name: str
    state: State
    text: str


def diagnose() -> list[Finding]:
    """Look at everything; loads no model and starts nothing."""
    return [Finding(name, *look()) for name, look in LOOKS.items()]


def _python() -> tuple[State, str]:
    release = sys.version.split()[0]
    words = f"{release} at {sys.executable}"
    if ".".join(release.split(".")[:2]) in PYTHONS:
        return "ok", words
    return "missing", f"{words}; expected {', '.join(PYTHONS)} (TensorFlow has no release for 3.14 or newer yet)"


def _settings() -> tuple[State, str]:
    messages = run_checks(tags=[TAG])
    return ("missing", " ".join(f"{m.msg} {m.hint}" for m in messages)) if messages else ("ok", "can work")


def _compiler() -> tuple[State, str]:
    found = next(filter(None, map(shutil.which, COMPILERS)), None)
    return ("ok", found) if found else ("note", "none; needed once, to compile annoy, which is optional")


def _index_backend() -> tuple[State, str]:
    try:
        backend = choose_backend(settings.ENV.index_backend)
    except IndexUnavailableError as error:
        return "missing", str(error)
    below = f"exact search is used up to {settings.ENV.exact_search_max_images} images"
    return ("ok" if backend.name == "annoy" else "note"), f"{backend.name}; {below}"


def _decoder() -> tuple[State, str]:
    """Decode one small image in the decoder's child, as every upload is."""
    # A file, because that is what the child reads; of a format that every Pillow knows.
    with NamedTemporaryFile(suffix=".png") as file:
        Picture.new("RGB", (8, 8), "teal").save(file, "PNG")
        file.flush()
        try:
            get_decoder().pixels(Path(file.name), 8)
        except Refused as refusal:
            return "missing", f"cannot decode a small PNG: {refusal.reason}"
    return "ok", "decodes in a process of its own"


def _tensorflow() -> tuple[State, str]:
    try:
        return "ok", version("tensorflow")
    except PackageNotFoundError:
        return "note", "not installed; only networks of keras.applications and training need it"


def _litert() -> tuple[State, str]:
    try:
        return "ok", version("ai-edge-litert")
    except PackageNotFoundError:
        return "missing", "not installed; run `make install`"


def _methods() -> tuple[State, str]:
    missing = registry.unavailable_methods()
    instead = [f"{name} by the built-in encoder: {error}" for name, error in registry.stand_ins().items()]
    words = "; ".join([f"{', '.join(registry.current_versions())} can be used", *instead, *map(str, missing.values())])
    return ("note" if missing or instead else "ok"), words


def _redis() -> tuple[State, str]:
    # Asked first: a Redis that answers is enough, wherever it came from.
    error = look_at_queues().error
    if settings.ENV.redis_url:
        return ("missing", f"REDIS_URL: {error}") if error else ("ok", f"REDIS_URL={settings.ENV.redis_url}")
    try:
        program = find_redis()
    except RedisMissingError as missing:
        return ("missing", str(missing)) if error else ("ok", "running")
    return "ok", f"{program.source} {program.version} ({program.path}), {'not running' if error else 'running'}"


def _database() -> tuple[State, str]:
    try:
        with connection.cursor() as cursor:
            words = _sqlite(cursor) if connection.vendor == "sqlite" else connection.vendor
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return "missing", str(error)
    return ("note", f"{words}; not up to date: run `manage.py migrate`") if plan else ("ok", words)


def _sqlite(cursor: object) -> str:
    """Tell what the live connection uses, not what the settings say."""
    execute = cursor.execute  # type: ignore[attr-defined]
    release, journal = (execute(sql).fetchone()[0] for sql in ("SELECT sqlite_version()", "PRAGMA journal_mode"))
    begins = connection.transaction_mode or "DEFERRED"  # type: ignore[attr-defined]
    return f"SQLite {release}, journal {journal}, transactions begin {begins}"


def _data_dir() -> tuple[State, str]:
    folder = data_folder()
    return ("ok" if os.access(folder, os.W_OK | os.X_OK) else "missing"), str(folder)


def _disk() -> tuple[State, str]:
    disk = look_at_disk()
    words = f"{disk.free_bytes / 2**30:.1f} GiB free of {disk.total_bytes / 2**30:.1f}"
    return ("note", f"{words}; less than {LOW_DISK_BYTES / 2**30:g} GiB") if disk.low else ("ok", words)


def _site() -> tuple[State, str]:
    url = lock.read_holder(runtime_folder()).get("url")
    return ("ok", str(url)) if url else ("note", "not started by `manage.py run`")


def _workers() -> tuple[State, str]:
    found = look_at_queues()
    if found.error:
        return "note", "none: Redis is not running"
    words = ", ".join(f"{queue.name}: {queue.num_workers}" for queue in found.queues)
    return ("note" if found.idle else "ok"), words


def _generation() -> tuple[State, str]:
    try:
        active, _newest = look_at_generations()
    except DatabaseError:
        return "note", "none yet"
    if active is None:
        return "note", "none yet; search goes over the stored features"
    return "ok", f"{active.num_images} images, published {active.published_at:%Y-%m-%d %H:%M}, backend {active.backend}"


LOOKS: dict[str, Callable[[], tuple[State, str]]] = {
    "python": _python,
    "settings": _settings,
    "data_dir": _data_dir,
    "disk": _disk,
    "database": _database,
    "redis": _redis,
    "compiler": _compiler,
    "index_backend": _index_backend,
    "decoder": _decoder,
    "litert": _litert,
    "tensorflow": _tensorflow,
    "methods": _methods,
    "site": _site,
    "workers": _workers,
    "generation": _generation,
}
