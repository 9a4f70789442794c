from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.training.distillation import CHECKPOINT, Course, distill, make_batch
from search.training.recipe import Budget, Recipe
from search.training.session import Session
from search.training.targets import Variant

RECIPE = Recipe(side=32, variants=2, batch=12, widths=(8,), depth=1, stem=4, warmup_steps=3)


class Listener:
    """Remembers what it is told, and interrupts at a step when asked to."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.lines: list[str] = []
        self.calls, self.stop_after = 0, stop_after

    def progress(self, what: str, done: int, total: int) -> None:
        assert what == "training"
        assert 0 <= done <= total
        self.calls += 1
        if self.calls > self.stop_after:
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.lines.append(line)


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def variants() -> list[Variant]:
    rng = np.random.default_rng(8)
    return [
        Variant(
            rng.integers(0, 256, (40, 96, 96, 3), np.uint8),
            unit(rng.normal(size=(40, 6))),
            unit(rng.normal(size=(40, 4, 4, 6))).astype(np.float16),
        )
        for _ in range(2)
    ]


def make_course(variants: list[Variant], steps: int = 4) -> Course:
    labels = np.array([f"c{place % 5}" for place in range(40)])
    return Course(RECIPE, Budget(steps=steps), variants, np.arange(30), np.arange(30, 40), labels)


def test_it_works(uncompiled: None, variants: list[Variant], tmp_path: Path) -> None:
    session, course, listener = Session(RECIPE, 6), make_course(variants), Listener()
    distill(session, course, tmp_path, listener)
    assert course.step == 4
    assert course.seconds > 0
    assert (tmp_path / CHECKPOINT).exists()
    assert set(course.curve[-1]) == {"step", "seconds", "map"}
    assert listener.lines[-1].startswith("step 4: mAP 0.")
    distill(session, course, tmp_path, listener)  # the budget is used up
    assert course.step == 4


@pytest.mark.slow
def test_interrupted_it_goes_on_as_it_would_have(uncompiled: None, variants: list[Variant], tmp_path: Path) -> None:
    straight = Session(RECIPE, 6)
    distill(straight, make_course(variants), tmp_path, Listener())
    (tmp_path / CHECKPOINT).unlink()
    first, course = Session(RECIPE, 6), make_course(variants)
    with pytest.raises(KeyboardInterrupt):
        distill(first, course, tmp_path, Listener(stop_after=2))
    assert course.step == 2
    again, resumed = Session(RECIPE, 6), make_course(variants)
    progress = again.restore(tmp_path / CHECKPOINT)
    resumed.step, resumed.seconds, resumed.curve = progress["step"], progress["seconds"], progress["curve"]
    distill(again, resumed, tmp_path, Listener())
    assert resumed.step == 4
    for one, other in zip(straight.encoder.get_weights(), again.encoder.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_batches_follow_from_seed_and_step(variants: list[Variant]) -> None:
    course = make_course(variants)
    for one, same, other in zip(make_batch(course, 4), make_batch(course, 4), make_batch(course, 5), strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)


def test_pictures_grow(variants: list[Variant]) -> None:
    course = make_course(variants, steps=10)
    course.recipe = replace(RECIPE, side=96)
    assert [make_batch(course, step)[0].shape[1] for step in (1, 5, 6, 10)] == [64, 64, 96, 96]


def test_what_is_held_out_is_never_trained_on(variants: list[Variant]) -> None:
    course = make_course(variants)
    course.training = np.arange(5)
    targets = np.concatenate([make_batch(course, step)[1] for step in range(10)])
    allowed = np.concatenate([variant.rows[:5] for variant in variants])
    assert np.isin(targets[:, 0], allowed[:, 0]).all()
    assert len(make_batch(course, 1)[0]) == 5  # fewer than a batch


def test_nothing_held_out_gives_no_figures(uncompiled: None, variants: list[Variant], tmp_path: Path) -> None:
    course, listener = make_course(variants, steps=1), Listener()
    course.judged = np.arange(0)
    distill(Session(RECIPE, 6), course, tmp_path, listener)
    assert course.curve == []
    assert listener.lines == []
