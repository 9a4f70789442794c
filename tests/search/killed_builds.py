"""Kill builds at every step that touches the disk or the database, and search after each.

Run by test_generation in a process of its own, because a database in memory does not outlive the process that dies.
Prints the number of kills; ends with an error where anything but the current generation answers.
"""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import django

from search.storage import generations_folder

django.setup()

import numpy as np  # noqa: E402 (Django first)
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from jobs.job import Kind  # noqa: E402
from jobs.progress import Progress  # noqa: E402
from jobs.rows import ACTIVE  # noqa: E402
from search.generations import build, calibrate, index_rows, snapshot, write  # noqa: E402
from search.models import Generation  # noqa: E402
from search.query.pipeline import for_image, run_query  # noqa: E402
from tests.search.library import add_library  # noqa: E402

KILLED = 9
WEIGHTS = {"color": 0.3, "ssim": 0.2}


def build_and_die(step: int) -> None:
    """Build, and die at the given one of all calls that write, synchronise, rename or commit."""
    calls = 0

    def counting(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == step:
                os._exit(KILLED)
            return function(*args, **kwargs)

        return call

    build.sync = counting(build.sync)
    build.os.rename = counting(os.rename)
    build._forget_old = counting(build._forget_old)
    calibrate.save_tables = counting(calibrate.save_tables)
    index_rows.spread_rows = counting(index_rows.spread_rows)
    write.write_manifest = counting(write.write_manifest)
    Kind.claim = counting(Kind.claim)  # type: ignore[method-assign]
    Progress.keep = counting(Progress.keep)  # type: ignore[method-assign]
    Progress.finish = counting(Progress.finish)  # type: ignore[method-assign]
    build.build()
    os._exit(0)


def main() -> None:
    call_command("migrate", verbosity=0)
    ids, _ = add_library(10, np.random.default_rng(20))
    build.build()
    expected = [result.image_id for result in run_query(for_image(int(ids[0])), WEIGHTS).results]
    for step in range(1, 100):
        connections.close_all()
        child = multiprocessing.get_context("fork").Process(target=build_and_die, args=(step,))
        child.start()
        child.join()
        snapshot.forget()
        answer = run_query(for_image(int(ids[0])), WEIGHTS)
        found = [result.image_id for result in answer.results]
        if found != expected or answer.degraded or answer.generation_id is None:
            raise SystemExit(f"killed at step {step}: {found}, {answer.degraded!r}, {answer.generation_id}")
        if child.exitcode == 0:
            break
        if child.exitcode != KILLED:
            raise SystemExit(f"step {step} ended with {child.exitcode}")
    last = build.build()
    folders = [path for path in generations_folder().iterdir() if path.is_dir()]
    if len(folders) != 2 or Generation.objects.filter(state__in=ACTIVE).exists():
        raise SystemExit(f"left behind: {folders}")
    print(f"{step - 1} kills, generation {last.pk}")  # noqa: T201 (a program)


if __name__ == "__main__":
    main()
