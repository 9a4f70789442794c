"""ONNX files through the deep method, by the real ONNX Runtime."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from search.exceptions import MethodUnavailableError, WeightsError
from search.methods.base import normalize_rows
from search.methods.deep import Deep, fit
from search.types import RGBImage
from tests.codes import refused
from tests.search.methods.onnx.onnx_files import DIM, KERNEL, SIDE, by_definition, encoder, external, save, told


def describe(path: Path, *pictures: RGBImage) -> np.ndarray:
    return Deep({"weights": path}).describe(pictures or [np.zeros((9, 9, 3), np.uint8)])


def expected(picture: RGBImage) -> np.ndarray:
    return normalize_rows(by_definition(fit(picture, SIDE, SIDE))[None].astype(np.float32))[0]


def transposed() -> list[onnx.NodeProto]:
    return [helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2])]


def test_it_works(tmp_path: Path, picture: RGBImage) -> None:
    path = save(tmp_path / "model.onnx", encoder())
    deep = Deep({"weights": path})
    assert deep.unavailable() is None
    assert deep.version.startswith("1-onnx-")
    assert deep.dim == DIM
    rows = deep.describe([picture, picture[:40]])
    np.testing.assert_allclose(rows, [expected(picture), expected(picture[:40])], atol=1e-5)


@pytest.mark.parametrize("taken", [(1, 3, SIDE, SIDE), ("batch", 3, "height", "width"), ("a", "b", "c", "d")])
def test_sides_may_be_open(tmp_path: Path, picture: RGBImage, taken: Any) -> None:
    path = save(tmp_path / "model.onnx", encoder(taken))
    np.testing.assert_allclose(describe(path, picture)[0], expected(picture), atol=1e-5)


@pytest.mark.parametrize(("taken", "about"), [((1, SIDE, SIDE, 3), {}), (("a", "b", "c", "d"), {"layout": "nhwc"})])
def test_channels_may_come_last(tmp_path: Path, picture: RGBImage, taken: Any, about: dict[str, Any]) -> None:
    path = save(tmp_path / "model.onnx", encoder(taken, before=transposed()), told(**about))
    np.testing.assert_allclose(describe(path, picture)[0], expected(picture), atol=1e-5)


def test_half_numbers(tmp_path: Path, picture: RGBImage) -> None:
    cast = [helper.make_node("Cast", ["pixels"], ["wide"], to=TensorProto.FLOAT)]
    path = save(tmp_path / "model.onnx", encoder(kind=TensorProto.FLOAT16, before=cast))
    np.testing.assert_allclose(describe(path, picture)[0], expected(picture), atol=5e-3)


def test_whole_numbers_are_prepared_by_the_network(tmp_path: Path, picture: RGBImage) -> None:
    before = [
        helper.make_node("Cast", ["pixels"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Constant", [], ["white"], value_float=255.0),
        helper.make_node("Div", ["wide", "white"], ["ready"]),
    ]
    path = save(tmp_path / "model.onnx", encoder(kind=TensorProto.UINT8, before=before))
    plain = save(tmp_path / "plain.onnx", encoder(), told(mean=[0, 0, 0], std=[1, 1, 1]))
    np.testing.assert_allclose(describe(path, picture), describe(plain, picture), atol=1e-5)


def test_the_first_of_many_rows_stands_for_the_whole(tmp_path: Path, picture: RGBImage) -> None:
    """As in a transformer: (images, places, numbers)."""
    after = [
        helper.make_node("Constant", [], ["one"], value_ints=[1]),
        helper.make_node("Unsqueeze", ["flat", "one"], ["first"]),
        helper.make_node("Neg", ["first"], ["others"]),
        helper.make_node("Concat", ["first", "others", "others"], ["row"], axis=1),
    ]
    path = save(tmp_path / "model.onnx", encoder(after=after, given=("batch", 3, DIM)))
    np.testing.assert_allclose(describe(path, picture)[0], expected(picture), atol=1e-5)


def test_a_map_is_averaged(tmp_path: Path, picture: RGBImage) -> None:
    model = encoder()
    del model.graph.node[2:]
    model.graph.node[1].output[0] = "row"
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("row", TensorProto.FLOAT, ("batch", DIM, "h", "w")))
    path = save(tmp_path / "model.onnx", model)
    np.testing.assert_allclose(describe(path, picture)[0], expected(picture), atol=1e-5)


def test_of_several_outputs_the_one_of_a_known_name_or_that_is_named(tmp_path: Path, picture: RGBImage) -> None:
    other = helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ("batch", DIM))
    after = [helper.make_node("Neg", ["flat"], ["image_embeds"]), helper.make_node("Abs", ["flat"], ["row"])]
    known = save(tmp_path / "known.onnx", encoder(after=after, outputs=[other]))
    named = save(tmp_path / "named.onnx", encoder(after=after, outputs=[other]), told(output="row"))
    np.testing.assert_allclose(describe(known, picture)[0], -expected(picture), atol=1e-5)
    np.testing.assert_allclose(describe(named, picture)[0], expected(picture), atol=1e-5)


def test_numbers_may_lie_beside_it(tmp_path: Path, picture: RGBImage) -> None:
    (tmp_path / "kernel.bin").write_bytes(KERNEL.tobytes())
    path = save(tmp_path / "model.onnx", external(encoder(), "kernel.bin"))
    np.testing.assert_allclose(describe(path, picture)[0], expected(picture), atol=1e-5)


def test_folders_in_the_layout_of_immich(tmp_path: Path, picture: RGBImage) -> None:
    path = save(tmp_path / "clip" / "visual" / "model.onnx", encoder())
    path.with_suffix(".json").rename(path.with_name("preprocess_cfg.json"))
    np.testing.assert_allclose(describe(tmp_path / "clip", picture)[0], expected(picture), atol=1e-5)


def test_the_runtime_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = Deep({"weights": save(tmp_path / "model.onnx", encoder())})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    error = deep.unavailable()
    assert error is not None
    assert (error.code, error.params) == ("extra_missing", {"package": "onnxruntime"})


class TestRefused:
    def test_before_it_is_loaded(self, tmp_path: Path) -> None:
        """What the version needs is looked at; the method is then not available."""
        path = save(tmp_path / "model.onnx", external(encoder(), "../kernel.bin"))
        deep = Deep({"weights": path})
        assert deep.version == "1-unavailable"
        error = deep.unavailable()
        assert error is not None
        assert error.code == "onnx_data_outside"
        with refused(MethodUnavailableError, "method_unavailable"):
            deep.describe([np.zeros((9, 9, 3), np.uint8)])

    def test_without_a_word_on_pixels(self, tmp_path: Path) -> None:
        path = save(tmp_path / "model.onnx", encoder())
        path.with_suffix(".json").unlink()
        error = Deep({"weights": path}).unavailable()
        assert error is not None
        assert error.code == "onnx_pixels_unknown"

    @pytest.mark.parametrize(
        ("taken", "about"),
        [
            ((1, 3, SIDE, SIDE), {"layout": "nhwc"}),
            ((1, 3, SIDE + 1, SIDE), {}),
            ((1, 4, SIDE, SIDE), {}),
            ((2, 3, SIDE, SIDE), {}),
            ((3, SIDE, SIDE), {}),
        ],
    )
    def test_another_layout(self, tmp_path: Path, taken: Any, about: dict[str, Any]) -> None:
        model = encoder(taken, kernel=np.resize(KERNEL, (DIM, 4, 4, 4)) if 4 in taken else KERNEL)
        if len(taken) == 3:
            shape = [helper.make_node("Constant", [], ["one"], value_ints=[0])]
            model = encoder(taken, before=[*shape, helper.make_node("Unsqueeze", ["pixels", "one"], ["whole"])])
        with refused(WeightsError, "onnx_layout_wrong"):
            describe(save(tmp_path / "model.onnx", model, told(**about)))

    def test_a_layout_that_only_shows_when_it_runs(self, tmp_path: Path) -> None:
        path = save(tmp_path / "model.onnx", encoder(("a", "b", "c", "d")), told(layout="nhwc"))
        with refused(WeightsError, "onnx_run_failed"):
            describe(path)

    def test_more_than_an_image(self, tmp_path: Path) -> None:
        words = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ("batch", 77))
        with refused(WeightsError, "onnx_input_wrong"):
            describe(save(tmp_path / "model.onnx", encoder(inputs=[words])))

    def test_numbers_of_another_kind(self, tmp_path: Path) -> None:
        cast = [helper.make_node("Cast", ["pixels"], ["wide"], to=TensorProto.FLOAT)]
        with refused(WeightsError, "onnx_input_wrong"):
            describe(save(tmp_path / "model.onnx", encoder(kind=TensorProto.INT32, before=cast)))

    def test_an_output_that_is_not_there(self, tmp_path: Path) -> None:
        with refused(WeightsError, "onnx_output_wrong", expected="text"):
            describe(save(tmp_path / "model.onnx", encoder(), told(output="text")))

    def test_a_number_in_place_of_a_row(self, tmp_path: Path) -> None:
        after = [helper.make_node("ReduceMean", ["flat"], ["row"], axes=[1], keepdims=0)]
        with refused(WeightsError, "onnx_output_wrong"):
            describe(save(tmp_path / "model.onnx", encoder(after=after, given=("batch",))))

    def test_an_operator_that_nobody_has(self, tmp_path: Path) -> None:
        model = encoder(after=[helper.make_node("NoSuchThing", ["flat"], ["row"])])
        with refused(WeightsError, "onnx_model_unreadable"):
            describe(save(tmp_path / "model.onnx", model))

    @pytest.mark.parametrize(
        ("factor", "code"), [(float("nan"), "numbers_not_finite"), (0.0, "says_the_same"), (1.0, "says_the_same")]
    )
    def test_rows_that_say_nothing(self, tmp_path: Path, factor: float, code: str) -> None:
        after = [
            helper.make_node("Constant", [], ["factor"], value_float=factor),
            helper.make_node("Mul", ["flat", "factor"], ["row"])
            if factor != 1
            else helper.make_node("ConstantOfShape", ["size"], ["row"], value=helper.make_tensor("v", 1, [1], [2.0])),
        ]
        if factor == 1:
            after.insert(1, helper.make_node("Shape", ["flat"], ["size"]))
        with refused(WeightsError, code):
            describe(save(tmp_path / "model.onnx", encoder(after=after)))
