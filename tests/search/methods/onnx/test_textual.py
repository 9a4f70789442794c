"""Text towers by the real ONNX Runtime, against NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from search.exceptions import WeightsError
from search.methods.onnx.textual import TextTower, load_tower
from tests.codes import refused
from tests.search.methods.onnx.onnx_files import DIM, encoder
from tests.search.methods.onnx.text_towers import LENGTH, TABLE, by_definition, save_tower, tower


def load(folder: Path, model: onnx.ModelProto | None = None, **config: Any) -> TextTower:
    textual = save_tower(folder, model, **config) / "textual"
    return load_tower(textual / "model.onnx", textual / "tokenizer.json")


@pytest.mark.parametrize("model", [tower(), tower(kind=TensorProto.INT32), tower(masked=True), tower(taken=("n", "m"))])
def test_it_works(tmp_path: Path, model: onnx.ModelProto) -> None:
    rows = load(tmp_path, model).encode(["a red dog", "car"])
    np.testing.assert_allclose(rows, [by_definition("a", "red", "dog"), by_definition("car")], atol=1e-6)


def test_what_is_filled_up_counts_only_without_a_mask(tmp_path: Path) -> None:
    table = TABLE.copy()
    table[0] = 5
    plain = load(tmp_path / "plain", tower(table)).encode(["car"])[0]
    masked = load(tmp_path / "masked", tower(table, masked=True)).encode(["car"])[0]
    np.testing.assert_allclose(masked, by_definition("car"), atol=1e-6)
    assert plain @ masked < 0.99


def test_towers_that_tell_nothing_apart_are_refused(tmp_path: Path) -> None:
    with refused(WeightsError, "text_tower_same"):
        load(tmp_path, tower(np.ones_like(TABLE)))


def test_towers_that_give_no_numbers_are_refused(tmp_path: Path) -> None:
    with refused(WeightsError, "text_tower_failed"):
        load(tmp_path, tower(np.full_like(TABLE, np.nan)))


def test_towers_that_know_fewer_words_than_their_tokenizer_are_refused(tmp_path: Path) -> None:
    with refused(WeightsError, "text_tower_failed"):
        load(tmp_path, tower(TABLE[:3]))


@pytest.mark.parametrize("model", [encoder(), tower(taken=(1, 1, LENGTH), given=(1, LENGTH, DIM))])
def test_other_models_are_refused(tmp_path: Path, model: onnx.ModelProto) -> None:
    with refused(WeightsError, "text_tower_wrong"):
        load(tmp_path, model)


def test_models_without_a_row_are_refused(tmp_path: Path) -> None:
    model = tower()
    model.graph.node[0].output[0] = "embedding"
    del model.graph.node[1:]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, (1, LENGTH, DIM)))
    with refused(WeightsError, "text_tower_wrong"):
        load(tmp_path, model)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    textual = save_tower(tmp_path) / "textual"
    whole = (textual / "model.onnx").read_bytes()
    (textual / "model.onnx").write_bytes(whole[: len(whole) // 2])
    with refused(WeightsError, "onnx_damaged"):
        load_tower(textual / "model.onnx", textual / "tokenizer.json")
