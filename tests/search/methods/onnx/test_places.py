from __future__ import annotations

from pathlib import Path

import pytest
from onnx import helper

from search.exceptions import WeightsError
from search.methods.onnx.places import Towers, export_fingerprint, files_of, is_export, towers_of
from tests.codes import refused
from tests.search.methods.onnx.onnx_files import KERNEL, encoder, external, save, told


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    assert is_export(path)
    assert towers_of(path) == Towers(path, None, None)
    assert not is_export(tmp_path)
    assert not is_export(tmp_path / "model.keras")


def test_a_folder(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", encoder())
    assert is_export(tmp_path)
    assert towers_of(tmp_path) == Towers(path, None, None)


def test_the_layout_of_immich(tmp_path: Path) -> None:
    visual = save(tmp_path / "visual" / "model.onnx", encoder())
    assert is_export(tmp_path)
    assert towers_of(tmp_path) == Towers(visual, None, None)
    textual = save(tmp_path / "textual" / "model.onnx", encoder())
    (tmp_path / "textual" / "tokenizer.json").write_text("{}")
    assert towers_of(tmp_path) == Towers(visual, textual, tmp_path / "textual" / "tokenizer.json")


def test_numbers_beside_the_model_belong_to_it(tmp_path: Path) -> None:
    data = tmp_path / "kernel.bin"
    data.write_bytes(KERNEL.tobytes())
    path = save(tmp_path / "model.onnx", external(encoder(), "kernel.bin"))
    assert files_of(path) == (path, data)
    before = export_fingerprint(path)
    data.write_bytes(KERNEL[::-1].tobytes() + b"longer")
    assert export_fingerprint(path) != before
    data.unlink()
    with refused(WeightsError, "onnx_data_missing", file="kernel.bin"):
        export_fingerprint(path)


def test_what_is_said_of_the_pixels_counts(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", encoder())
    before = export_fingerprint(path)
    assert export_fingerprint(path) == before
    save(path, encoder(), told(mean=[0, 0, 0]))
    assert export_fingerprint(path) != before


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "sub/../../secret.bin", ".."])
def test_files_elsewhere_are_not_opened(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret.bin").write_bytes(KERNEL.tobytes())
    path = save(tmp_path / "inner" / "model.onnx", external(encoder(), location))
    with refused(WeightsError, "onnx_data_outside", file=location):
        files_of(path)


def test_nor_are_links_to_them(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(KERNEL.tobytes())
    path = save(tmp_path / "inner" / "model.onnx", external(encoder(), "link.bin"))
    (path.parent / "link.bin").symlink_to(tmp_path / "secret.bin")
    with refused(WeightsError, "onnx_data_outside"):
        files_of(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    path = save(tmp_path / "model.onnx", external(encoder(), "sub"))
    (tmp_path / "sub").mkdir()
    with refused(WeightsError, "onnx_data_missing"):
        files_of(path)


def test_operators_of_others_are_refused(tmp_path: Path) -> None:
    model = encoder(after=[helper.make_node("RunThis", ["flat"], ["row"], domain="evil.ops")], domains=["evil.ops"])
    with refused(WeightsError, "onnx_custom_operators", operators=["evil.ops.RunThis"]):
        files_of(save(tmp_path / "model.onnx", model))


def test_not_there(tmp_path: Path) -> None:
    with refused(WeightsError, "model_file_unreadable"):
        files_of(tmp_path / "gone.onnx")
