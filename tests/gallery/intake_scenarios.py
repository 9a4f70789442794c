"""What `test_intake_processes` runs in processes of their own: `python -m tests.gallery.intake_scenarios NAME FOLDER`.

Copies are forked before anything is connected or decoded, so that each is a process like any other.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.db.models import F  # noqa: E402

from gallery.intake.store import finish_pending, store_image  # noqa: E402
from gallery.models import Image  # noqa: E402

NUM_KILLS = 8
FREE_KILOBYTES = [0, 4, 100, *range(264, 520, 8), 2000]


def store_all(folder: Path) -> list[str]:
    """Store a folder, file by file."""
    return [store_image(path, name=path.name).kind for path in sorted(folder.iterdir())]


def fork(work: Callable[[], Any]) -> tuple[int, int]:
    """Start the work in a copy of this process; return its id and where its answer comes out."""
    inlet, outlet = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(outlet, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(outlet)
    return pid, inlet


def answer(pid: int, inlet: int) -> Any:
    """Wait for a copy and return its answer, None if it gave none."""
    with open(inlet) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return json.loads(text or "null")


def files() -> list[str]:
    """List the names of the gallery's files."""
    places = (settings.ORIGINALS_DIR, settings.DERIVATIVES_DIR)
    return sorted(path.name for place in places for path in place.rglob("*") if path.is_file() and path.name != ".lock")


def state() -> dict[str, Any]:
    """Finish what is left over and tell what there is."""
    Image.objects.update(uploaded_at=F("uploaded_at") - timedelta(seconds=60))
    finish_pending(1000)
    features = list(Image.objects.values_list("pk", "features__method", "features__version"))
    return {
        "rows": list(Image.objects.order_by("pk").values_list("sha256", "status")),
        "files": files(),
        "features": len(features),
        "different_features": len(set(features)),
    }


def killed(folder: Path) -> dict[str, Any]:
    """Kill the work again and again, then let it end."""
    moments = random.Random(20)
    for _kill in range(NUM_KILLS):
        pid, inlet = fork(lambda: store_all(folder))
        time.sleep(0.1 + moments.random() / 2)
        os.kill(pid, signal.SIGKILL)
        answer(pid, inlet)
    return {"kinds": [answer(*fork(lambda: store_all(folder)))], **state()}


def competing(folder: Path) -> dict[str, Any]:
    """Four processes store the same files at the same time."""
    running = [fork(lambda: store_all(folder)) for _process in range(4)]
    return {"kinds": [answer(*process) for process in running], **state()}


def full_disk(folder: Path) -> list[dict[str, Any]]:
    """Store a file each time with a little more space left."""
    first, *images = sorted(folder.iterdir())
    store_image(first, name=first.name)
    answers = []
    for image, free_kilobytes in zip(images, FREE_KILOBYTES, strict=False):
        filler = settings.DATA_DIR / "filler"
        disk = os.statvfs(settings.DATA_DIR)
        filler.write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - free_kilobytes * 1024)))
        outcome = store_image(image, name=image.name, collections=[f"with {free_kilobytes} kB"])
        filler.unlink()
        rows = list(Image.objects.values_list("sha256", "status"))
        answers.append({"kind": outcome.kind, "reason": outcome.reason, "rows": rows, "files": files()})
    return answers


if __name__ == "__main__":
    logging.disable()
    scenario = {"killed": killed, "competing": competing, "full_disk": full_disk}[sys.argv[1]]
    sys.stdout.write(json.dumps(scenario(Path(sys.argv[2]))))
