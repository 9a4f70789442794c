from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from search.methods import weights
from tests.codes import command_refused
from tests.search.file_server import CONTENT, MD5, FileServer, serving

NAME = "resnet50_notop.h5"


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The deep method's options, with a folder of our own for its weights."""
    found: dict[str, Any] = settings.SEARCH_METHOD_OPTIONS["deep"]
    monkeypatch.setitem(found, "weights_dir", tmp_path / "weights")
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, Any]) -> Iterator[FileServer]:
    """A server, and a table of networks that points to it."""
    with serving() as running:
        address = f"http://127.0.0.1:{running.server_port}"
        lines = [
            "backbone,module,side,checksum,url",
            f"ResNet50,resnet,224,{MD5},{address}/{NAME}",
            f"VGG16,vgg16,224,{MD5},{address}/vgg16_notop.h5",
            f"MobileNet,mobilenet,224,,{address}/mobilenet_notop.h5",
        ]
        table = tmp_path / "backbones.csv"
        table.write_text("\n".join(lines))
        monkeypatch.setattr(weights, "_TABLE", table)
        weights.backbones.cache_clear()
        yield running
    weights.backbones.cache_clear()


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("fetch_weights", *arguments, stdout=out)
    return out.getvalue()


def test_it_works(server: FileServer, options: dict[str, Any]) -> None:
    said = run()
    assert (options["weights_dir"] / NAME).read_bytes() == CONTENT
    assert str(options["weights_dir"] / NAME) in said
    assert "DEEP_BACKBONE=resnet50." in said  # the built-in encoder is in use
    run()
    assert len(server.ranges) == 1


def test_weights_of_the_network_in_use_are_taken_up(
    server: FileServer, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(options, "backbone", "vgg16")
    assert "DEEP_" not in run()  # nothing is to be set: workers take them up
    assert (options["weights_dir"] / "vgg16_notop.h5").exists()


def test_json(server: FileServer, options: dict[str, Any]) -> None:
    path = str(options["weights_dir"] / NAME)
    assert json.loads(run("--json")) == {"backbone": "ResNet50", "path": path, "checksum": MD5}


def test_other_backbone_needs_a_setting(server: FileServer, options: dict[str, Any]) -> None:
    assert "DEEP_BACKBONE=vgg16." in run("--backbone", "VGG16")
    assert (options["weights_dir"] / "vgg16_notop.h5").read_bytes() == CONTENT


@pytest.mark.usefixtures("server")
def test_weights_from_a_path_come_first(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(options, "weights", tmp_path / "own.h5")
    assert f"DEEP_WEIGHTS={tmp_path / 'own.h5'} " in run()


@pytest.mark.usefixtures("server")
def test_list() -> None:
    lines = run("--list").splitlines()
    assert [line.split()[0] for line in lines] == ["ResNet50", "VGG16", "MobileNet"]
    assert "no published checksum" in lines[2]
    assert json.loads(run("--list", "--json"))[2] == {"backbone": "MobileNet", "side": 224, "fetchable": False}


@pytest.mark.usefixtures("server")
def test_unknown_backbone_is_refused() -> None:
    with command_refused("unknown_backbone", name="resnet51"):
        run("--backbone", "resnet51")


def test_the_built_in_encoder_needs_no_download() -> None:
    with command_refused("comes_along", backbone="Compact"):
        run("--backbone", "Compact")


@pytest.mark.usefixtures("server")
def test_backbone_without_checksum_is_refused() -> None:
    with command_refused("no_published_checksum", backbone="MobileNet"):
        run("--backbone", "mobilenet")


def test_download_that_breaks_off_can_go_on(server: FileServer, options: dict[str, Any]) -> None:
    server.cut_after = 1000
    with command_refused("download_failed"):
        run()
    server.cut_after = None
    run()
    assert server.ranges == ["", "bytes=1000-"]
    assert (options["weights_dir"] / NAME).read_bytes() == CONTENT
