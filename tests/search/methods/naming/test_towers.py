"""Pairs of towers in Immich's layout, through the method of words."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from search.exceptions import MethodUnavailableError, WeightsError
from search.methods.naming.towers import NUM_PHRASES
from search.methods.words import Naming
from search.types import RGBImage
from tests.codes import refused
from tests.search.methods.onnx.onnx_files import DIM
from tests.search.methods.onnx.text_towers import TABLE, by_definition, save_pair, save_tower, tower


def naming(folder: Path) -> Naming:
    return Naming({"deep": {"weights": folder}})


def test_it_works(tmp_path: Path, picture: RGBImage) -> None:
    method = naming(save_pair(tmp_path))
    assert method.unavailable() is None
    assert method.version.startswith("1-towers-")
    assert method.dim == DIM
    content = method._content().describe([picture])
    np.testing.assert_allclose(method.describe([picture]), content, atol=1e-6)
    np.testing.assert_allclose(method.place(["red car"])[0], by_definition("red", "car"), atol=1e-6)
    assert method.knows("whatever")


def test_phrases_are_common_nouns(tmp_path: Path) -> None:
    method = naming(save_pair(tmp_path))
    assert method.background().shape == (NUM_PHRASES, DIM)


def test_a_change_of_either_tower_or_of_the_tokenizer_is_another_version(tmp_path: Path) -> None:
    method, seen = naming(save_pair(tmp_path)), set()
    for change in ("nothing", "tower", "tokenizer", "config"):
        if change == "tower":
            save_tower(tmp_path, tower(TABLE * 2))
        elif change == "tokenizer":
            (tmp_path / "textual" / "tokenizer_config.json").write_text('{"pad_token": "a"}')
        elif change == "config":
            (tmp_path / "config.json").write_text('{"text_cfg": {"context_length": 5}}')
        seen.add(method.version)
    assert len(seen) == 4
    assert all(len(version) <= 48 for version in seen)


def test_without_a_text_tower_the_network_names_nothing(tmp_path: Path) -> None:
    (save_pair(tmp_path) / "textual" / "model.onnx").unlink()
    missing = naming(tmp_path).unavailable()
    assert missing is not None
    assert missing.code == "names_nothing"


def test_a_tower_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    (save_pair(tmp_path) / "textual" / "tokenizer.json").unlink()
    missing = naming(tmp_path).unavailable()
    assert missing is not None
    assert missing.code == "tokenizer_missing"


def test_a_damaged_tokenizer_is_named_before_anything_is_loaded(tmp_path: Path) -> None:
    (save_pair(tmp_path) / "textual" / "tokenizer.json").write_text("{}")
    method = naming(tmp_path)
    missing = method.unavailable()
    assert missing is not None
    assert missing.code == "tokenizer_damaged"
    with refused(WeightsError, "tokenizer_damaged"):
        method.place(["dog"])


@pytest.mark.parametrize("package", ["tokenizers", "onnxruntime"])
def test_packages_that_are_not_there_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    find = importlib.util.find_spec
    method = naming(save_pair(tmp_path))
    for module in ("search.methods.naming.towers.find_spec", "importlib.util.find_spec"):
        monkeypatch.setattr(module, lambda name, *rest: None if name == package else find(name, *rest))
    missing = method.unavailable()
    assert isinstance(missing, MethodUnavailableError)
    assert package in str(missing)
