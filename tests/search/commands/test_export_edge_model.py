"""The command export_edge_model, over the library and over a folder; the export itself is tested where it lies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from PIL import Image as Picture

from gallery.models import Image
from search.features import registry
from search.training.export.edge import Judged
from search.training.library.quantization_images import library_pictures, part
from tests.codes import command_refused
from tests.search.methods.conftest import keras, tiny_encoder, tiny_network

__all__ = ["keras", "tiny_encoder", "tiny_network"]
pytestmark = pytest.mark.django_db


def silent(what: str, done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> Iterator[dict[str, Any]]:
    """The deep method's options, with the small encoder in use."""
    found: dict[str, Any] = settings.SEARCH_METHOD_OPTIONS["deep"]
    monkeypatch.setitem(found, "weights", tiny_encoder)
    registry.methods.cache_clear()
    yield found
    registry.methods.cache_clear()  # no later test may meet the small encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    for place in range(70):
        path = tmp_path / "photographs" / f"c{place % 4}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(rng.integers(0, 256, (30, 20, 3), np.uint8)).save(path)
    (tmp_path / "photographs" / "c0" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "photographs"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("export_edge_model", *arguments, stdout=out)
    return out.getvalue()


def test_it_works(options: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "edge.tflite"
    said = run("--images", str(folder), "--out", str(path))
    assert path.stat().st_size > 0
    assert " 53 pictures" in said  # 70 less a quarter
    assert said.splitlines()[-1] == f"Written to {path}, from {options['weights']}."


def test_the_library_judges_what_a_folder_sets(
    options: dict[str, Any], folder: Path, tmp_path: Path, stored_image: Callable[..., Image]
) -> None:
    for seed in range(22):
        stored_image(seed=seed)
    Image.objects.filter(pk__lte=Image.objects.order_by("pk")[9].pk).update(label="some")
    told = json.loads(run("--images", str(folder), "--out", str(tmp_path / "edge.tflite"), "--json"))
    assert told["pictures"] == {"calibrated_by": 70, "judged_by": 22}
    assert told["map_lost"] is None
    assert told["source"] == str(options["weights"])
    mine = library_pictures(32, silent)
    assert mine.labels.tolist() == ["some"] * 10 + [""] * 12
    assert mine.pictures.shape == (22, 32, 32, 3)


def test_an_empty_library_is_told(options: dict[str, Any], tmp_path: Path) -> None:
    with command_refused("no_pictures_to_calibrate"):
        run("--out", str(tmp_path / "edge.tflite"))
    assert list(tmp_path.glob("*.tflite")) == []


def test_without_an_encoder_it_is_told(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(options, "weights", tmp_path / "gone.tflite")
    with command_refused("model_file_unreadable", path=str(tmp_path / "gone.tflite")):
        run("--out", str(tmp_path / "edge.tflite"))


def test_the_encoder_itself_is_not_overwritten(options: dict[str, Any]) -> None:
    with command_refused("out_is_encoder", path=str(options["weights"])):
        run("--out", str(options["weights"]))


def test_other_names_are_refused(tmp_path: Path) -> None:
    with command_refused("out_suffix_expected", expected=".tflite", got="edge.bin"):
        run("--out", str(tmp_path / "edge.bin"))


def test_a_folder_that_is_not_there_is_told(options: dict[str, Any], tmp_path: Path) -> None:
    with command_refused("photographs_gone", path=str(tmp_path / "gone")):
        run("--images", str(tmp_path / "gone"), "--out", str(tmp_path / "edge.tflite"))


def test_pictures_are_shared_out() -> None:
    def some(number: int, shade: int) -> Judged:
        return Judged(np.full((number, 2, 2, 3), shade, np.uint8), np.array([str(shade)] * number))

    setting, judged = part(some(40, 1), None)
    assert (len(setting), len(judged.pictures), len(judged.labels)) == (10, 30, 30)
    setting, judged = part(some(40, 1), some(300, 2))
    assert (len(setting), setting.max(), len(judged.pictures), judged.pictures.max()) == (256, 2, 40, 1)
    setting, judged = part(some(0, 1), some(2000, 2))
    assert (len(setting), len(judged.pictures)) == (256, 1744)
