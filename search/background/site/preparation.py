"""What must be in place before the site is served: database tables, static files, an administrator."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

FINGERPRINT_NAME = "fingerprint"
ADMIN_NAMES = ("admin", "likeness-admin")


def migrate() -> bool:
    """Bring the database up to date; True when there was something to do."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def collect_static() -> bool:
    """Collect, hash and compress the static files, unless none has changed since the last time."""
    root = Path(settings.STATIC_ROOT)
    kept, now = root / FINGERPRINT_NAME, _fingerprint()
    if kept.exists() and kept.read_text() == now:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    kept.write_text(now)
    return True


def _fingerprint() -> str:
    """Return a digest of every static file's name, size and time of change."""
    # Another Django brings other files for its admin, another storage other names.
    digest = hashlib.sha256(f"{django.__version__} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            # Not the contents: reading them all would take longer than most starts do.
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def make_admin(show: Callable[[str, str], None]) -> bool:
    """Make an administrator where there is none; `show` gets name and password, which are kept nowhere else.

    It is called before the account is committed: a password that could not be told is that of nobody, and the next
    start makes another.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return False
    # Somebody without rights may be called "admin" already.
    name = next(name for name in ADMIN_NAMES if not users.filter(username=name).exists())
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        users.create_superuser(name, "", password)
        show(name, password)
    return True
