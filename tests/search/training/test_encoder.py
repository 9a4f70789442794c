"""A whole training: very small pictures, a very small network, a teacher of eight numbers."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gallery.decoding import Refused
from search.exceptions import TrainingError
from search.methods.deep import Deep
from search.training import encoder
from search.training.encoder import FILE, PLAN, EncoderOrder, train_encoder
from search.training.recipe import Budget, Recipe
from search.types import RGBImage
from tests.codes import refused

pytestmark = pytest.mark.slow
RECIPE = Recipe(side=32, variants=2, batch=32, widths=(8,), depth=1, stem=4, warmup_steps=2)
LABELS = [f"c{place % 6}" for place in range(131)]


class Listener:
    def __init__(self, stop_at: str = "") -> None:
        self.heard: list[str] = []
        self.stop_at = stop_at

    def progress(self, what: str, done: int, total: int) -> None:
        if what not in self.heard:
            self.heard.append(what)
        if self.stop_at and what.startswith(self.stop_at):
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.heard.append(line)


def photographs(number: int = 130) -> Iterator[RGBImage | Exception]:
    """Noisy pictures, each label of its own color; the last is broken."""
    rng = np.random.default_rng(4)
    for place in range(number):
        yield np.clip(rng.normal(40 * (place % 6), 20, (24, 30, 3)), 0, 255).astype(np.uint8)
    yield Refused("truncated")


def order(folder: Path, teacher: Path, **options: Any) -> EncoderOrder:
    plain = {
        "names": [f"{place}.png" for place in range(131)],
        "labels": LABELS,
        "images": photographs(),
        "teacher": str(teacher),
        "folder": folder,
        "budget": 2,
        "held_out": "c5",
        "recipe": RECIPE,
    }
    return EncoderOrder(**(plain | options))


@pytest.fixture(scope="module")
def trained(
    uncompiled: None, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The folder of a finished training, and its report."""
    folder = tmp_path_factory.mktemp("training")
    return folder, train_encoder(order(folder, tiny_model), Listener())


def test_it_works(trained: tuple[Path, dict[str, Any]], picture: RGBImage) -> None:
    folder, report = trained
    deep = Deep({"weights": folder / FILE})
    assert deep.describe([picture]).shape == (1, 8)  # no more numbers than the teacher has
    assert report["images"] == {"taught": 109, "held_out": 21, "skipped": {"truncated": 1}}
    assert report["held_out"] == ["c5"]
    assert report["steps"] == 7  # 2 x 109 photographs in batches of 32
    assert report["file"]["bytes"] == (folder / FILE).stat().st_size
    assert report["figures"] is None  # of one label there is nothing to tell apart
    assert json.loads((folder / "report.json").read_text()) == report
    text = (folder / "report.md").read_text()
    assert "| Skipped | 1 truncated |" in text
    assert "No figures" in text
    assert (folder / "curve.svg").read_text().startswith("<svg")


def test_interrupted_while_the_teacher_looks(uncompiled: None, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_encoder(order(tmp_path, tiny_model), Listener(stop_at="teacher, variant 2"))
    with refused(TrainingError, "folder_holds_training", folder=str(tmp_path)):
        train_encoder(order(tmp_path, tiny_model), Listener())
    listener = Listener()
    report = train_encoder(order(tmp_path, tiny_model, resume=True, images=iter(())), listener)
    assert report["steps"] == 7
    assert not {"reading", "teacher, variant 1 of 2"} & set(listener.heard)


class TestResumed:
    def test_longer(self, uncompiled: None, trained: tuple[Path, dict[str, Any]], tiny_model: Path) -> None:
        folder, _report = trained
        listener = Listener()
        report = train_encoder(order(folder, tiny_model, resume=True, budget=Budget(steps=9)), listener)
        assert report["steps"] == 9
        assert any("step 7" in line for line in listener.heard)

    def test_with_more_variants_and_other_bits(
        self, uncompiled: None, trained: tuple[Path, dict[str, Any]], tiny_model: Path
    ) -> None:
        folder, _report = trained
        listener = Listener()
        recipe = replace(RECIPE, variants=3, precision="bfloat16")
        report = train_encoder(order(folder, tiny_model, resume=True, recipe=recipe, budget=Budget(steps=11)), listener)
        assert (report["steps"], report["recipe"]["variants"]) == (11, 3)
        assert "teacher, variant 3 of 3" in listener.heard
        assert "teacher, variant 2 of 3" not in listener.heard

    @pytest.mark.parametrize(
        ("options", "code", "about"),
        [
            (
                {"recipe": Recipe(side=48, variants=2, batch=32, widths=(8,), depth=1, stem=4)},
                "begun_otherwise",
                {"what": "side", "now": "48"},
            ),
            ({"held_out": "c4"}, "begun_otherwise", {"what": "held_out", "was": "['c5']", "now": "['c4']"}),
            ({"names": [f"{place}.jpg" for place in range(131)]}, "begun_with_other_photographs", {}),
        ],
        ids=["side", "held_out", "photographs"],
    )
    def test_with_something_else_is_refused(
        self,
        trained: tuple[Path, dict[str, Any]],
        tiny_model: Path,
        options: dict[str, Any],
        code: str,
        about: dict[str, str],
    ) -> None:
        folder, _report = trained
        before = (folder / FILE).read_bytes()
        with refused(TrainingError, code, **about):
            train_encoder(order(folder, tiny_model, resume=True, **options), Listener())
        assert (folder / FILE).read_bytes() == before

    def test_nothing_there_is_refused(self, tiny_model: Path, tmp_path: Path) -> None:
        with refused(TrainingError, "nothing_to_resume", folder=str(tmp_path)):
            train_encoder(order(tmp_path, tiny_model, resume=True), Listener())


class TestRefused:
    def test_too_few_files(self, tiny_model: Path, tmp_path: Path) -> None:
        with refused(TrainingError, "too_few_photographs", least=100, num=3):
            train_encoder(order(tmp_path / "out", tiny_model, names=["a", "b", "c"]), Listener())
        assert not (tmp_path / "out").exists()

    def test_too_few_that_can_be_read(self, keras: Any, tiny_model: Path, tmp_path: Path) -> None:
        broken: list[Exception] = [Refused("corrupt")] * 131
        with refused(TrainingError, "too_few_photographs", num=0, skipped={"corrupt": 131}):
            train_encoder(order(tmp_path, tiny_model, images=broken, held_out="0.1"), Listener())
        assert not (tmp_path / PLAN).exists()

    def test_files_that_were_repaired_since_are_read_again(
        self, uncompiled: None, tiny_model: Path, tmp_path: Path
    ) -> None:
        broken: list[Exception] = [Refused("corrupt")] * 131
        with refused(TrainingError, "too_few_photographs", num=0):
            train_encoder(order(tmp_path, tiny_model, images=broken, held_out="0.1"), Listener())
        report = train_encoder(order(tmp_path, tiny_model), Listener())
        assert report["images"]["skipped"] == {"truncated": 1}

    def test_labels_that_nothing_has_are_refused_before_anything_is_read(
        self, keras: Any, tiny_model: Path, tmp_path: Path
    ) -> None:
        listener = Listener()
        with refused(TrainingError, "no_such_label", names=["c9"]):
            train_encoder(order(tmp_path / "out", tiny_model, held_out="c9"), listener)
        assert "reading" not in listener.heard
        assert not (tmp_path / "out").exists()

    def test_no_teacher(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError) as caught:
            train_encoder(order(tmp_path / "out", tmp_path / "none.keras"), Listener())
        assert caught.value.code == "no_teacher"
        assert caught.value.params["because"]["code"] == "model_file_unreadable"
        assert not (tmp_path / "out").exists()

    def test_no_space(self, keras: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = namedtuple("usage", "free")
        monkeypatch.setattr(encoder.shutil, "disk_usage", lambda folder: usage(10**6))
        with refused(TrainingError, "no_training_space", folder=str(tmp_path), free=10**6):
            train_encoder(order(tmp_path, tiny_model), Listener())
