"""The processes of the site."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from django.conf import settings

from config.environment import BASE_DIR
from config.openness import Openness
from jobs.leases import WORKER_VARIABLE
from jobs.supervisor.service import Program
from search.storage import data_folder

MANAGE = [sys.executable, str(BASE_DIR / "manage.py")]
BACKGROUND_NICENESS = 10
"""Given to what may take its time, so that pages and uploaded queries get the processor first."""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}

NOISE = (
    "All log messages before absl::InitializeLog",
    "cudart_stub.cc",
    "Could not find cuda drivers",
    "Created TensorFlow Lite XNNPACK delegate",
)
"""Lines that TensorFlow writes before it reads its settings, and LiteRT always; they say nothing about this site."""


def web(listener: int, open_access: Openness) -> Program:
    """Serve the pages on an open, listening socket."""
    options = {
        "--bind": f"fd://{listener}",
        # One process with threads: what is kept of the library between searches is kept once, and assembled once.
        "--worker-class": "gthread",
        "--workers": "1",
        "--threads": str(settings.ENV.web_threads),
        "--timeout": "120",
        # Less than the supervisor waits before it kills.
        "--graceful-timeout": "5",
        "--keep-alive": "15",
        "--log-level": "warning",
    }
    # This interpreter, not whatever `gunicorn` comes first in the path.
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--no-control-socket"]
    command += [word for option in options.items() for word in option]
    environment = {**QUIET, "OPEN_ACCESS": str(open_access)}
    return Program("web", command, environment=environment, files=[listener], stop_seconds=8)


def worker(queue: str) -> Program:
    """Work on one queue."""
    # The same for the successor of a worker that dies, which thereby knows whose leases to take over.
    environment = {**QUIET, WORKER_VARIABLE: f"{socket.gethostname()}:{data_folder()}:{queue}"}
    niceness = 0 if queue == settings.QUEUE_INTERACTIVE else BACKGROUND_NICENESS
    return Program(queue, [*MANAGE, "work", queue], niceness, environment)


def reconciler() -> Program:
    """Take up what was left behind, again and again."""
    command = [*MANAGE, "reconcile", "--every", str(settings.ENV.reconcile_seconds)]
    return Program("reconciler", command, BACKGROUND_NICENESS, QUIET)


def samples() -> Program:
    """Make the sample gallery."""
    return Program("samples", [*MANAGE, "load_samples"], environment=QUIET, once=True)


def importer(folder: Path) -> Program:
    """Store a folder of images, labelled by its sub-folders if it has any."""
    # In a folder without folders every image would get its own name for a label.
    labelled = ["--label-from-folder"] if any(path.is_dir() for path in folder.iterdir()) else []
    command = [*MANAGE, "import_images", str(folder), *labelled]
    return Program("import", command, BACKGROUND_NICENESS, QUIET, once=True)
