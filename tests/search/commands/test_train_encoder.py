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
    assert f"To use it, set DEEP_WEIGHTS={tmp_path / 'out' / 'encoder.tflite'}." in said
    assert "photographs and lessons (0.0 GB) may be deleted" in said
    assert "110 photographs read; skipped: 1 " in capsys.readouterr().err
    with pytest.raises(CommandError, match="holds a training; go on with --resume"):
        run()
    report = json.loads(run("--held-out", "0", "--resume", "--json"))
    assert report["images"] == {"taught": 110, "held_out": 0, "skipped": {"corrupt": 1}}


def test_interrupted_it_says_how_to_go_on(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(order: Any, witness: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "train_encoder", stop)
    for said in (
        "Stopped while the photographs were read; the same command",
        "Stopped; the same command with --resume",
    ):
        with pytest.raises(SystemExit) as end:
            run()
        assert end.value.code == 130
        assert said in capsys.readouterr().err
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / PLAN).write_text("{}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--epochs", "0"], "--epochs: expected at least 1, got 0"),
        (["--variants", "0"], "--variants: expected at least 1, got 0"),
        (["--minutes", "0"], "--minutes: expected more than 0, got 0.0"),
        (["--side", "16"], "--side: expected at least 32, got 16"),
        (["--side", "70"], "--side: expected a multiple of 16, got 70"),
        (["--epochs", "1", "--minutes", "1"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("train_encoder", "--images", str(tmp_path), *arguments)


def test_no_teacher_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no teacher: no weights for ResNet50; name a"):
        call_command("train_encoder", "--images", str(tmp_path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_no_photographs(tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(CommandError, match="expected a folder or a zip archive of photographs, and"):
        call_command("train_encoder", "--images", str(tmp_path / "gone"))
    with pytest.raises(CommandError, match="expected at least 100 photographs to learn from, got 0"):
        call_command("train_encoder", "--images", str(tmp_path), "--teacher", str(tiny_model))
