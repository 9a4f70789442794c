"""Files and folders are stored: again and again the same, bad ones reported, labels from folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from gallery.models import Image
from search.features import feature_counts
from search.models import Generation
from search.training.library.image_files import find_images
from tests.codes import command_refused
from tests.search.plug_ins import Gray
from tests.search.processes import draw_images

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three images, one of them broken, and what is no image."""
    draw_images(tmp_path / "cats", 3)
    draw_images(tmp_path / "dogs", 3, first=10)
    (tmp_path / "dogs" / "0010.png").write_bytes(b"no image")
    (tmp_path / "dogs" / "readme.txt").write_text("no image, and not called one")
    draw_images(tmp_path / ".hidden", 1, first=20)
    draw_images(tmp_path, 1, first=30)
    return tmp_path


def outcome(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_it_works(plug_in_methods: Callable[..., None], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plug_in_methods(Gray)
    call_command("import_images", str(folder), "--collection", "Pets", "--label-from-folder", "--wait", "--json")
    told = outcome(capsys)
    assert (told["stored"], told["duplicate"], told["refused"]) == (6, 0, 1)
    assert sum(told["reasons"].values()) == 1
    labels = dict(Image.objects.filter(status="ready").values_list("original_name", "label"))
    assert labels == {
        "0000.png": "cats", "0001.png": "cats", "0002.png": "cats", "0011.png": "dogs", "0012.png": "dogs",
        "0030.png": "",
    }  # fmt: skip
    assert Image.objects.filter(collections__name="Pets", status="ready").count() == 6
    assert feature_counts.counts()["gray"]["ready"] == 6
    assert Generation.objects.get(life="active").num_images == 6


def test_the_same_import_again_stores_nothing(
    plug_in_methods: Callable[..., None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plug_in_methods(Gray)
    call_command("import_images", str(folder / "cats"), "--json")
    capsys.readouterr()
    call_command("import_images", str(folder), "--wait", "--json")
    assert (outcome(capsys)["stored"], Image.objects.filter(status="ready").count()) == (3, 6)
    call_command("import_images", str(folder), "--wait", "--json")
    told = outcome(capsys)
    assert (told["stored"], told["duplicate"]) == (0, 6)
    assert Generation.objects.count() == 1


def test_words_without_json(
    plug_in_methods: Callable[..., None], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plug_in_methods(Gray)
    call_command("import_images", str(folder))
    told = capsys.readouterr()
    assert told.out.startswith("6 stored, 0 duplicate, 1 refused, ")
    assert "0010.png" in told.err


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with command_refused("places_missing", paths=[str(tmp_path / "nothing")]):
        call_command("import_images", str(tmp_path / "nothing"))


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with command_refused("no_image_files"):
        call_command("import_images", str(tmp_path))


def test_nothing_but_bad_files_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(SystemExit) as end:
        call_command("import_images", str(tmp_path), "--json")
    assert end.value.code == 1
    assert outcome(capsys)["refused"] == 1


def test_an_interrupted_import_says_so_and_goes_on(
    plug_in_methods: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plug_in_methods(Gray)
    draw_images(tmp_path, 40)
    from search.management.commands import import_images

    def interrupted(bars: import_images.ImportProgress, num_done: int) -> None:
        if num_done == 32:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_images.ImportProgress, "stored", interrupted)
        with pytest.raises(SystemExit) as end:
            call_command("import_images", str(tmp_path))
    assert end.value.code == 130
    assert "32 of 40" in capsys.readouterr().err
    call_command("import_images", str(tmp_path), "--json")
    told = outcome(capsys)
    assert (told["stored"], told["duplicate"]) == (8, 32)


def test_a_named_file_is_taken_whatever_it_is_called(folder: Path) -> None:
    named = folder / "dogs" / "readme.txt"
    assert list(find_images([named, folder / "cats"])) == [
        (named, ""),
        *((folder / "cats" / f"{number:04}.png", "") for number in range(3)),
    ]
