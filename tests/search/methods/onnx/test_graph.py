from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from search.exceptions import WeightsError
from search.methods.onnx.graph import MAX_DEPTH, look
from tests.codes import refused
from tests.search.methods.onnx.onnx_files import encoder, external, save


def test_it_works(tmp_path: Path) -> None:
    asked = look(save(tmp_path / "model.onnx", encoder()))
    assert asked.operators == {("", "Conv"), ("", "Relu"), ("", "GlobalAveragePool"), ("", "Flatten")}
    assert (asked.functions, asked.files, asked.unknown_operators) == (set(), set(), [])


def test_operators_of_others_are_seen_wherever_they_stand(tmp_path: Path) -> None:
    """Also inside of a branch, which lies in an attribute."""
    evil = helper.make_node("RunThis", ["row"], ["x"], domain="evil.ops")
    branch = helper.make_graph([evil], "branch", [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)])
    model = encoder(after=[helper.make_node("If", ["flat"], ["row"], then_branch=branch, else_branch=branch)])
    assert look(save(tmp_path / "model.onnx", model)).unknown_operators == ["evil.ops.RunThis"]


def test_functions_of_the_file_itself_and_those_of_the_runtime_are_known(tmp_path: Path) -> None:
    body = [helper.make_node("Relu", ["x"], ["y"])]
    function = helper.make_function("own.lib", "Twice", ["x"], ["y"], body, [helper.make_opsetid("", 17)])
    after = [
        helper.make_node("Twice", ["flat"], ["once"], domain="own.lib"),
        helper.make_node("Gelu", ["once"], ["row"], domain="com.microsoft"),
    ]
    asked = look(save(tmp_path / "model.onnx", encoder(after=after, functions=[function])))
    assert asked.functions == {("own.lib", "Twice")}
    assert asked.unknown_operators == []


def test_what_functions_ask_for_counts(tmp_path: Path) -> None:
    body = [helper.make_node("RunThis", ["x"], ["y"], domain="evil.ops")]
    function = helper.make_function("own.lib", "Twice", ["x"], ["y"], body, [helper.make_opsetid("", 17)])
    after = [helper.make_node("Twice", ["flat"], ["row"], domain="own.lib")]
    asked = look(save(tmp_path / "model.onnx", encoder(after=after, functions=[function])))
    assert asked.unknown_operators == ["evil.ops.RunThis"]


def test_files_are_seen_wherever_they_are_named(tmp_path: Path) -> None:
    model = external(encoder(), "kernel.bin")
    inner = external(encoder(), "inner.bin").graph.initializer[0]
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=inner))
    values, indices = (
        numpy_helper.from_array(np.ones(1, np.float32), "v"),
        numpy_helper.from_array(np.zeros(1, int), "i"),
    )
    sparse = helper.make_sparse_tensor(values, indices, [2])
    sparse.values.data_location = TensorProto.EXTERNAL
    sparse.values.external_data.add(key="location", value="sparse.bin")
    sparse.values.external_data.add(key="offset", value="5")
    model.graph.sparse_initializer.append(sparse)
    assert look(save(tmp_path / "model.onnx", model)).files == {"kernel.bin", "inner.bin", "sparse.bin"}


def test_graphs_that_lie_in_one_another_for_ever(tmp_path: Path) -> None:
    graph = helper.make_graph([], "inmost", [], [])
    for _level in range(MAX_DEPTH + 1):
        graph = helper.make_graph([helper.make_node("Loop", [], [], body=graph)], "outer", [], [])
    with refused(WeightsError, "onnx_damaged"):
        look(save(tmp_path / "deep.onnx", helper.make_model(graph)))


class TestDamaged:
    def test_cut_off_anywhere(self, tmp_path: Path) -> None:
        content, path = encoder().SerializeToString(), tmp_path / "cut.onnx"
        whole = look(save(path, encoder()))
        for kept in range(1, len(content), 11):
            path.write_bytes(content[:kept])
            try:
                assert look(path).operators <= whole.operators  # cut between two fields
            except WeightsError as error:
                found = error.code
                continue
        assert found == "onnx_damaged"

    @pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\xff" * 40, bytes(50), b"\x08\x01"])
    def test_something_else(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "page.onnx").write_bytes(content)
        with refused(WeightsError, "onnx_damaged"):
            look(tmp_path / "page.onnx")

    def test_not_there(self, tmp_path: Path) -> None:
        with refused(WeightsError, "model_file_unreadable"):
            look(tmp_path / "gone.onnx")
