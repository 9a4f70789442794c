"""Query in four processes while generations are built and swapped.

Run by test_pipeline in a process of its own, with a database file. Prints the numbers of swaps and answers; ends with
an error when a query fails, is degraded, or mixes generations.
"""

from __future__ import annotations

import multiprocessing
import sys
from multiprocessing.synchronize import Event

import django

django.setup()

import numpy as np  # noqa: E402 (Django first)
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from search.generations import build  # noqa: E402
from search.query.pipeline import for_image, run_query  # noqa: E402
from tests.search.library import add_library  # noqa: E402

NUM_PROCESSES = 4
WEIGHTS = {"color": 0.3, "ssim": 0.2, "texture": 0.5}


def ask(stop: Event, image_id: int, others: list[int], answers: multiprocessing.Queue[tuple[int, int]]) -> None:
    """Query until told to stop; every answer must hold every other image once and name one generation."""
    num_answers, generations = 0, [0]
    while not stop.is_set():
        answer = run_query(for_image(image_id), WEIGHTS)
        found = sorted(result.image_id for result in answer.results)
        if answer.degraded or found != others or answer.generation_id is None:
            raise SystemExit(f"{answer.degraded!r}, {found}, {answer.generation_id}")
        if answer.generation_id < generations[-1]:
            raise SystemExit(f"went back from generation {generations[-1]} to {answer.generation_id}")
        generations.append(answer.generation_id)
        num_answers += 1
    answers.put((num_answers, len(set(generations)) - 1))


def main() -> None:
    num_swaps = int(sys.argv[1])
    call_command("migrate", verbosity=0)
    ids, _ = add_library(12, np.random.default_rng(20))
    build.build()
    context = multiprocessing.get_context("fork")
    stop, answers = context.Event(), context.Queue()
    connections.close_all()
    arguments = (stop, int(ids[0]), ids[1:].tolist(), answers)
    children = [context.Process(target=ask, args=arguments) for _ in range(NUM_PROCESSES)]
    for child in children:
        child.start()
    for _ in range(num_swaps):
        build.build()
    stop.set()
    counts = [answers.get(timeout=300) for child in children if child.is_alive() or child.exitcode == 0]
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise SystemExit(f"ended with {[child.exitcode for child in children]}")
    print(num_swaps, sum(num for num, _ in counts), min(seen for _, seen in counts))  # noqa: T201 (a program)


if __name__ == "__main__":
    main()
