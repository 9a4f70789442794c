"""The loop of a training: batches prepared ahead, figures on the way, checkpoints, until the budget is used up."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from search.evaluation.metrics import mean_average_precision
from search.methods.base import resize
from search.training.augmentation import edit
from search.training.recipe import Budget, Recipe, learning_rate
from search.training.session import Batch, Session
from search.training.targets import Variant

CHECKPOINT = "checkpoint.npz"
CHECKPOINT_SECONDS = 300
REPORT_STEPS = 100
AHEAD = 4
"""Batches prepared before they are needed."""
MAX_JUDGED = 1500
"""Held-out photographs that the figures on the way are measured on."""


class Observer(Protocol):
    """Receives how far the work is."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Hear how much of something is done."""

    def say(self, line: str) -> None:
        """Hear a line that is worth keeping."""


@dataclass
class Course:
    """A training as it goes on: what is learned from, what is judged by, and what happened so far."""

    recipe: Recipe
    budget: Budget
    variants: Sequence[Variant]
    training: NDArray[np.intp]
    judged: NDArray[np.intp]
    labels: NDArray[np.str_]
    step: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)

    def progress(self) -> dict[str, Any]:
        """Return what is saved beside the weights."""
        return {"step": self.step, "seconds": self.seconds, "curve": self.curve}


def distill(session: Session, course: Course, folder: Path, observer: Observer) -> None:
    """Train until the budget is used up, and save; interrupted by Ctrl-C, save and stop.

    A batch follows from the seed and the number of its step alone, so a training that was interrupted goes on as it
    would have gone on.

    Parameters
    ----------
    session : fresh, or restored together with the course
    course : moved on by this
    folder : of the checkpoint
    observer : called with steps and figures
    """
    saved_at = began = time.monotonic()
    before = course.seconds
    try:
        for batch in _batches(course):
            share = course.budget.share(course.step, course.seconds)
            observer.progress("training", int(1000 * share), 1000)
            if share >= 1:
                break
            course.step += 1
            session.learn(batch, learning_rate(course.recipe, course.step, share))
            course.seconds = before + time.monotonic() - began
            if course.step % REPORT_STEPS == 0:
                _note(session, course, observer)
            # By time, since how long a step takes depends on the machine and on the recipe.
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                judge(session, course, observer)
                session.save(folder / CHECKPOINT, course.progress())
                saved_at = time.monotonic()
        judge(session, course, observer)
    finally:
        # Also after Ctrl-C: what was learned since the last checkpoint is kept.
        session.save(folder / CHECKPOINT, course.progress())


def judge(session: Session, course: Course, observer: Observer) -> None:
    """Measure mAP on the photographs held out, as they are, and note it; without any nothing is noted."""
    # Every so many, the same each time, so that the curve has no steps of its own.
    rows = course.judged[:: max(1, -(-len(course.judged) // MAX_JUDGED))]
    if not len(rows):
        return
    side = course.recipe.side
    pixels = np.stack([resize(course.variants[0].pixels[row], side, side) for row in rows])
    vectors = session.embed(pixels)
    found = mean_average_precision(vectors @ vectors.T, course.labels[rows])
    course.curve.append({"step": course.step, "seconds": round(course.seconds, 1), "map": round(found, 4)})
    observer.say(f"step {course.step}: mAP {found:.4f} on photographs held out")


def _note(session: Session, course: Course, observer: Observer) -> None:
    figures = {name: round(value, 5) for name, value in session.figures().items()}
    course.curve.append({"step": course.step, "seconds": round(course.seconds, 1), **figures})
    losses = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
    speed = course.step * course.recipe.batch / max(course.seconds, 1e-9)
    observer.say(f"step {course.step}: {losses}; {speed:.0f} images/s")


def _batches(course: Course) -> Iterator[Batch]:
    """Yield batches without end, some of them prepared ahead by other threads."""
    # Threads are enough: OpenCV and JPEG work outside of the interpreter lock.
    with ThreadPoolExecutor(2) as pool:
        waiting: deque[Future[Batch]] = deque()
        step = course.step
        try:
            while True:
                while len(waiting) < AHEAD:
                    step += 1
                    waiting.append(pool.submit(make_batch, course, step))
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                # Or the pool would finish what nobody waits for any more.
                future.cancel()


def make_batch(course: Course, step: int) -> Batch:
    """Draw and edit the photographs of one step; the same for the same seed and step.

    With a budget of minutes the side of the pictures follows from the time used up.

    Returns
    -------
    pixels : shape (batch, side, side, 3), float32, 0..255; side as `Recipe.side_at` gives it
    rows : shape (batch, dim), float32; targets of the wholes
    places : shape (batch, p, p, dim), float32; targets of the places
    """
    recipe = course.recipe
    side = recipe.side_at(course.budget.share(step, course.seconds))
    # By the number of the step alone, or a resumed training would see other batches.
    rng = np.random.default_rng((recipe.seed, step))
    # Without replacement: twice the same picture says nothing about likeness.
    chosen = rng.choice(course.training, min(recipe.batch, len(course.training)), replace=False)
    pixels, rows, places = [], [], []
    for row in chosen:
        variant = course.variants[int(rng.integers(len(course.variants)))]
        image, parts = edit(variant.pixels[row], variant.places[row].astype(np.float32), side, rng)
        pixels.append(image)
        rows.append(variant.rows[row])
        places.append(parts)
    return np.stack(pixels), np.stack(rows), np.stack(places)
