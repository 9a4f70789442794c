"""Small text towers, and the files beside them: a row per word, added up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from tests.search.methods.onnx.onnx_files import DIM, encoder, save

WORDS = ("[PAD]", "[UNK]", "a", "red", "dog", "car", "eng_Latn", "zho_Hans")
LENGTH = 6
TABLE: NDArray[np.float32] = np.random.default_rng(30).normal(0, 1, (len(WORDS), DIM)).astype(np.float32)
TABLE[0] = 0


def tower(
    table: NDArray[np.float32] = TABLE,
    *,
    kind: int = TensorProto.INT64,
    taken: Sequence[int | str] = (1, LENGTH),
    masked: bool = False,
    given: Sequence[int | str] = (1, DIM),
) -> onnx.ModelProto:
    """Return a model: tokens, the row of each, what is not filled up if there is a mask, their sum."""
    inputs = [helper.make_tensor_value_info("text", kind, taken)]
    nodes = [helper.make_node("Gather", ["table", "text"], ["rows"])]
    held = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1], np.int64), "places")]
    if masked:
        inputs.append(helper.make_tensor_value_info("attention_mask", kind, taken))
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["kept", "last"], ["wide"]),
            helper.make_node("Mul", ["rows", "wide"], ["counted"]),
        ]
        held.append(numpy_helper.from_array(np.array([2], np.int64), "last"))
    nodes.append(helper.make_node("ReduceSum", [nodes[-1].output[0], "places"], ["embedding"], keepdims=0))
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, given)]
    graph = helper.make_graph(nodes, "tower", inputs, outputs, held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tokenizer(words: Sequence[str] = WORDS[:6], unknown: str = "[UNK]") -> str:
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=unknown))
    made.normalizer = normalizers.Lowercase()  # type: ignore[assignment]
    made.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    return str(made.to_str())


def save_tower(folder: Path, model: onnx.ModelProto | None = None, words: str | None = None, **config: Any) -> Path:
    """Write `textual/` into a folder, with OpenCLIP's config.json if it is to say anything; return the folder."""
    textual = folder / "textual"
    textual.mkdir(parents=True, exist_ok=True)
    (textual / "model.onnx").write_bytes((model or tower()).SerializeToString())
    (textual / "tokenizer.json").write_text(tokenizer() if words is None else words)
    if config:
        (folder / "config.json").write_text(json.dumps({"text_cfg": config}))
    return folder


def save_pair(folder: Path, model: onnx.ModelProto | None = None) -> Path:
    """Write both towers into a folder; return it."""
    save(folder / "visual" / "model.onnx", encoder())
    return save_tower(folder, model)


def by_definition(*words: str) -> NDArray[np.float32]:
    """Compute the row of these words, the tower's own, in NumPy alone."""
    total = TABLE[[WORDS.index(word) for word in words]].sum(axis=0)
    return np.asarray(total / np.linalg.norm(total), np.float32)
