"""The command train_encoder: what it prints, and how it ends. The training itself is tested where it lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from search.management.commands import train_encoder as command
from search.training.encoder import PLAN
from search.training.recipe import Recipe
from tests.codes import command_refused
from tests.search.methods.conftest import keras, tiny_model
from tests.search.training.conftest import uncompiled

__all__ = ["keras", "tiny_model", "uncompiled"]


@pytest.fixture
def run(uncompiled: None, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the command on 110 small photographs, one of them broken, with a small network."""
    small = partial(Recipe, widths=(8,), depth=1, stem=4, batch=32)
    monkeypatch.setattr(command, "Recipe", small)
    rng = np.random.default_rng(2)
    for place in range(110):
        folder = tmp_path / "photographs" / f"c{place % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).save(folder / f"{place}.png")
    (tmp_path / "photographs" / "c0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    def call(*arguments: str) -> str:
        out = StringIO()
        common = [
            "--images",
            str(tmp_path / "photographs"),
            "--teacher",
            str(tiny_model),
            "--out",
            str(tmp_path / "out"),
        ]
        call_command(
            "train_encoder", *common, "--side", "32", "--variants", "1", "--epochs", "1", *arguments, stdout=out
        )
        return out.getvalue()

    return call


def test_it_works(run: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run("--held-out", "0")
    assert f"{tmp_path / 'out' / 'encoder.tflite'}: " in said
    assert "4 steps." in said
    assert f"DEEP_WEIGHTS={tmp_path / 'out' / 'encoder.tflite'}." in said
    assert "photographs and targets (0.0 GB)" in said
    assert "110 photographs read; skipped: 1 " in capsys.readouterr().err
    with command_refused("folder_holds_training", folder=str(tmp_path / "out")):
        run()
    report = json.loads(run("--held-out", "0", "--resume", "--json"))
    assert report["images"] == {"taught": 110, "held_out": 0, "skipped": {"corrupt": 1}}


def test_interrupted_it_says_how_to_go_on(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(order: Any, observer: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "train_encoder", stop)
    for resumes in (False, True):
        with pytest.raises(SystemExit) as end:
            run()
        assert end.value.code == 130
        assert ("--resume" in capsys.readouterr().err) == resumes
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / PLAN).write_text("{}")


@pytest.mark.parametrize(
    ("arguments", "code", "about"),
    [
        (["--epochs", "0"], "number_too_small", {"option": "--epochs", "least": 1, "got": 0}),
        (["--variants", "0"], "number_too_small", {"option": "--variants", "least": 1, "got": 0}),
        (["--minutes", "0"], "more_expected", {"option": "--minutes", "least": 0, "got": 0.0}),
        (["--side", "16"], "number_too_small", {"option": "--side", "least": 32, "got": 16}),
        (["--side", "70"], "multiple_expected", {"option": "--side", "of": 16, "got": 70}),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], code: str, about: dict[str, Any], tmp_path: Path
) -> None:
    with command_refused(code, **about):
        call_command("train_encoder", "--images", str(tmp_path), *arguments)


def test_either_epochs_or_minutes_are_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--epochs"):
        call_command("train_encoder", "--images", str(tmp_path), "--epochs", "1", "--minutes", "1")


@pytest.mark.parametrize(
    ("backbone", "weights", "teacher"),
    [
        ("lite0", None, "lite0"),
        ("compact", None, "lite2"),
        ("", Path("encoder.tflite"), "lite2"),
        ("lite2", Path("mine.keras"), "mine.keras"),
    ],
)
def test_without_a_name_the_network_that_is_set_teaches(
    backbone: str, weights: Path | None, teacher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[Any] = []

    def stop(order: Any, observer: Any) -> None:
        orders.append(order)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "train_encoder", stop)
    monkeypatch.setitem(command.DEEP_OPTIONS, "backbone", backbone)
    monkeypatch.setitem(command.DEEP_OPTIONS, "weights", weights)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(SystemExit):
        call_command("train_encoder", "--images", str(tmp_path), "--precision", "bfloat16", "--side", "96")
    assert orders[0].teacher == teacher
    assert (orders[0].recipe.precision, orders[0].recipe.side) == ("bfloat16", 96)


def test_no_teacher_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with command_refused("no_teacher"):
        call_command(
            "train_encoder", "--images", str(tmp_path), "--teacher", "resnet50", "--out", str(tmp_path / "out")
        )
    assert not (tmp_path / "out").exists()


def test_no_photographs(tmp_path: Path, tiny_model: Path) -> None:
    with command_refused("photographs_gone", path=str(tmp_path / "gone")):
        call_command("train_encoder", "--images", str(tmp_path / "gone"))
    with command_refused("too_few_photographs", least=100, num=0):
        call_command("train_encoder", "--images", str(tmp_path), "--teacher", str(tiny_model))
