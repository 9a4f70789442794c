"""The migrated database of the tests, kept between runs: making it again takes long, copying it does not."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import django
from django.apps import apps

from config.environment import BASE_DIR
from review.audit import triggers


def kept_file(folder: Path) -> Path:
    """Return where the database is kept that belongs to the code as it is now."""
    digest = hashlib.sha256(django.__version__.encode())
    for path in _sources():
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return folder / f"{digest.hexdigest()[:32]}.sqlite3"


def fetch(kept: Path, database: Path) -> bool:
    """Copy the database that was kept; tell whether there was one."""
    if not kept.exists():
        return False
    shutil.copyfile(kept, database)
    return True


def keep(database: Path, kept: Path) -> None:
    """Keep a database instead of all others; processes that do so at once do not disturb each other."""
    old = [path for path in kept.parent.glob("*.sqlite3") if path != kept]
    part = kept.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.replace(kept)
    for path in old:
        path.unlink(missing_ok=True)


def prepare(kept: Path | None, folder: Path) -> None:
    """Put a migrated database into the folder of data of another process."""
    if not (kept and fetch(kept, folder / "likeness.sqlite3")):
        environment = os.environ | {"DATA_DIR": str(folder), "DATABASE_URL": ""}
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(command, cwd=BASE_DIR, env=environment, check=True)


def _sources() -> Iterator[Path]:
    """Yield the files that say what is in the database: migrations, models and the makers of triggers."""
    for app in apps.get_app_configs():
        folder = Path(app.path)
        yield from sorted(folder.glob("migrations/*.py"))
        yield from (path for path in [folder / "models.py", *sorted(folder.glob("models/**/*.py"))] if path.exists())
    yield Path(triggers.__file__)
