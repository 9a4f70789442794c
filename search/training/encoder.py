"""Training an encoder from beginning to end: read, have the teacher look, learn, export, measure."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import TrainingError
from search.training.assessment import assess
from search.training.distillation import CHECKPOINT, Course, Observer, distill
from search.training.export.folded import fold, num_parameters
from search.training.export.tflite import export_tflite
from search.training.held_out import choose_held_out
from search.training.network import DIM
from search.training.pack import INDEX, Pack, write_pack
from search.training.recipe import MIN_IMAGES, Budget, Recipe, use_backend
from search.training.report import write_report
from search.training.session import Session
from search.training.targets import Targets, Variant
from search.training.teacher import Teacher, find_teacher
from search.types import RGBImage

FILE, PLAN = "encoder.tflite", "training.json"
PHOTOGRAPHS, TARGETS = "photographs", "targets"
PASSING = (PHOTOGRAPHS, TARGETS)
"""Folders that only `--resume` needs."""
MAY_CHANGE = {"variants", "precision"}
"""Of the recipe: a training may go on with more variants, or on a machine that computes otherwise."""
_SPARE_BYTES = 2**28


@dataclass(frozen=True)
class EncoderOrder:
    """What is to be trained, by whom, and for how long."""

    names: Sequence[str]  # of the photographs
    labels: Sequence[str]  # of each
    images: Iterable[RGBImage | Exception]  # read once, at most `side` pixels wide and high
    teacher: str  # path or name; see `Teacher`
    folder: Path
    budget: Budget | int  # or so many times over the photographs
    held_out: str = "0.1"
    recipe: Recipe = field(default_factory=Recipe)
    backend: str = "tensorflow"
    resume: bool = False
    teacher_options: Mapping[str, Any] = field(default_factory=dict)


def train_encoder(order: EncoderOrder, observer: Observer) -> dict[str, Any]:
    """Train an encoder, write `encoder.tflite` and its report, and return the report.

    Stopped at any moment, by Ctrl-C too, it goes on with `resume`: photographs that were read, variants that the
    teacher has seen and steps up to the last checkpoint are not done again.

    Parameters
    ----------
    order : see `EncoderOrder`
    observer : called with how far the work is

    Returns
    -------
    report : see `search.training.report`

    Raises
    ------
    TrainingError : too few photographs, no teacher, no space, a folder of another training; nothing is overwritten
    """
    _check_folder(order)
    find_teacher(order.teacher, order.teacher_options)  # before anything is read
    if len(order.names) < MIN_IMAGES:
        raise _too_few(len(order.names))
    choose_held_out(np.array(order.labels, np.str_), order.held_out, order.recipe.seed)  # refused as early
    use_backend(order.backend)
    teacher = Teacher(order.teacher, order.teacher_options)
    pack = _read(order, observer)
    held_out = choose_held_out(pack.labels, order.held_out, order.recipe.seed)
    is_held = np.isin(pack.labels, held_out)
    if np.count_nonzero(~is_held) < MIN_IMAGES:
        raise _too_few(int(np.count_nonzero(~is_held)), pack.skipped)
    _agree(order.folder, _plan(order, pack, teacher.title, held_out))
    targets = Targets(order.folder / TARGETS, pack, ~is_held, order.recipe.stored, DIM, order.recipe.seed)
    _check_space(order.folder, targets.num_bytes(teacher.channels, order.recipe.variants))
    targets.make(teacher, order.recipe.variants, observer.progress)
    variants = targets.load(order.recipe.variants)
    course = Course(
        order.recipe, _budget(order, ~is_held), variants, np.flatnonzero(~is_held), np.flatnonzero(is_held), pack.labels
    )
    session = _learn(order, course, observer)
    report = _report(order, course, pack, held_out) | {
        "teacher": teacher.title,
        "variance_kept": round(targets.whitening().kept, 4),
        "file": _export(session, order),
        "figures": _assess(order.folder / FILE, pack, is_held, variants[0]),
    }
    write_report(order.folder, report)
    return report


def _check_folder(order: EncoderOrder) -> None:
    begun = (order.folder / PLAN).exists()
    if begun and not order.resume:
        raise TrainingError("folder_holds_training", folder=order.folder)
    if order.resume and not begun:
        raise TrainingError("nothing_to_resume", folder=order.folder)


def _too_few(number: int, skipped: Mapping[str, int] | None = None) -> TrainingError:
    return TrainingError("too_few_photographs", least=MIN_IMAGES, num=number, skipped=skipped or {})


def _read(order: EncoderOrder, observer: Observer) -> Pack:
    """Return the pack of the photographs, written once for a training.

    What an attempt left that never became one is written again: broken files may have been repaired since.
    """
    listed = hashlib.sha256("\n".join(order.names).encode()).hexdigest()
    folder = order.folder / PHOTOGRAPHS
    if order.resume and (folder / INDEX).exists():
        try:
            pack = Pack(folder)
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError("photographs_damaged", folder=folder, cause=str(error)) from error
        if pack.listed == listed:
            return pack
        raise TrainingError("begun_with_other_photographs", folder=order.folder)
    pack = write_pack(folder, order.images, order.labels, listed, observer.progress)
    skipped = ", ".join(f"{count} {reason}" for reason, count in pack.skipped.items())
    observer.say(f"{len(pack)} photographs read{f'; skipped: {skipped}' if skipped else ''}")
    return pack


def _plan(order: EncoderOrder, pack: Pack, teacher: str, held_out: list[str]) -> dict[str, Any]:
    return {"images": pack.listed, "teacher": teacher, "held_out": held_out, "recipe": order.recipe.as_dict()}


def _agree(folder: Path, plan: dict[str, Any]) -> None:
    """Write down what is trained; where that stands already, see that it is the same."""
    path = folder / PLAN
    if not path.exists():
        path.write_text(json.dumps(plan, indent=2) + "\n")
        return
    try:
        begun = json.loads(path.read_text())
    except ValueError as error:
        raise TrainingError("plan_damaged", path=path, cause=str(error)) from error
    for name, value in (plan | plan["recipe"]).items():
        if name in MAY_CHANGE:
            continue
        was = (begun | begun.get("recipe", {})).get(name)
        if name != "recipe" and was != value:
            raise TrainingError("begun_otherwise", folder=folder, what=name, was=str(was), now=str(value))


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise TrainingError("no_training_space", folder=folder, needed=needed, free=free)


def _budget(order: EncoderOrder, is_training: NDArray[np.bool_]) -> Budget:
    if isinstance(order.budget, Budget):
        return order.budget
    return Budget(steps=-(-order.budget * int(np.count_nonzero(is_training)) // order.recipe.batch))


def _learn(order: EncoderOrder, course: Course, observer: Observer) -> Session:
    session = Session(order.recipe, course.variants[0].rows.shape[1])
    checkpoint = order.folder / CHECKPOINT
    if checkpoint.exists():
        progress = session.restore(checkpoint)
        course.step, course.seconds, course.curve = progress["step"], progress["seconds"], progress["curve"]
        observer.say(f"going on from step {course.step}")
    distill(session, course, order.folder, observer)
    return session


def _export(session: Session, order: EncoderOrder) -> dict[str, Any]:
    path = order.folder / FILE
    with session.averaged() as encoder:
        folded = fold(encoder)
    num_bytes = export_tflite(folded, path, side=order.recipe.side)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": FILE, "bytes": num_bytes, "sha256": digest, "parameters": num_parameters(folded)}


def _assess(path: Path, pack: Pack, is_held: NDArray[np.bool_], whole: Variant) -> dict[str, Any] | None:
    rows = np.flatnonzero(is_held)
    return assess(path, [pack[int(row)] for row in rows], pack.labels[rows], np.asarray(whole.rows[rows], np.float32))


def _report(order: EncoderOrder, course: Course, pack: Pack, held_out: list[str]) -> dict[str, Any]:
    return {
        "images": {"taught": len(course.training), "held_out": len(course.judged), "skipped": pack.skipped},
        "held_out": held_out,
        "steps": course.step,
        "minutes": round(course.seconds / 60, 1),
        "images_per_second": round(course.step * order.recipe.batch / max(course.seconds, 1e-9)),
        "backend": order.backend,
        "processors": os.cpu_count(),
        "recipe": order.recipe.as_dict(),
        "curve": course.curve,
    }
