from __future__ import annotations

import errno
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from search.exceptions import WeightsError
from search.methods.model_files import find_model_file, fingerprint


def save_model(path: Path, *layers: str, name: str = "functional", class_name: str = "Conv2D") -> Path:
    """Write a `.keras` file of which only the description is real."""
    inner = [{"class_name": class_name, "config": {"name": layer}} for layer in layers]
    config = {"class_name": "Functional", "config": {"name": name, "layers": inner}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    return path


def save_weights(path: Path) -> Path:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    return path


def refusal(**options: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(WeightsError) as caught:
        find_model_file(options)
    return caught.value.code, caught.value.params


def test_fetched_weights_are_found(tmp_path: Path) -> None:
    path = save_weights(tmp_path / "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5")
    found = find_model_file({"backbone": "ResNet50", "weights": None, "preprocessing": "", "weights_dir": tmp_path})
    assert (found.path, found.preprocessing, found.title) == (path, "resnet", "resnet50")
    assert found.backbone is not None
    assert found.backbone.side == 224


def test_weights_from_a_path_belong_to_the_named_backbone(tmp_path: Path) -> None:
    path = save_weights(tmp_path / "mine.weights.h5")
    found = find_model_file({"backbone": "EfficientNet-V2_B0", "weights": path, "weights_dir": tmp_path})
    assert (found.path, found.preprocessing, found.title) == (path, "efficientnet_v2", "efficientnetv2b0")


@pytest.mark.parametrize(
    ("layers", "preprocessing"),
    [
        (["conv1", "conv_dw_1"], "mobilenet"),
        (["Conv1", "block_1_expand"], "mobilenet_v2"),
        (["conv", "expanded_conv_1_expand"], "mobilenet_v3"),
        (["conv2_block1_1_conv"], "resnet"),
        (["conv2_block1_1_conv", "post_bn"], "resnet_v2"),
        (["conv2_block1_1_conv", "conv2_block1_concat"], "densenet"),
        (["block1_conv1", "block14_sepconv2"], "xception"),
        (["mixed10"], "inception_v3"),
        (["mixed_5b", "conv_7b"], "inception_resnet_v2"),
        (["block5_conv3"], "vgg16"),
        (["block5_conv3", "block5_conv4"], "vgg19"),
        (["stem_conv", "block1a_project_conv"], "efficientnet"),
        (["stem_conv1"], "nasnet"),
    ],
)
def test_layers_tell_the_preprocessing(tmp_path: Path, layers: list[str], preprocessing: str) -> None:
    path = save_model(tmp_path / "mine.keras", *layers)
    assert find_model_file({"weights": path}).preprocessing == preprocessing


def test_layers_are_found_in_nested_models(tmp_path: Path) -> None:
    path = save_model(tmp_path / "mine.keras", "x")
    nested = {
        "config": {
            "name": "head",
            "layers": [{"config": {"name": "body", "layers": [{"config": {"name": "mixed10"}}]}}],
        }
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(nested))
    assert find_model_file({"weights": path}).preprocessing == "inception_v3"


@pytest.mark.parametrize("class_name", ["Rescaling", "Normalization"])
def test_models_that_prepare_pixels_themselves_get_them_plain(tmp_path: Path, class_name: str) -> None:
    path = save_model(tmp_path / "mine.keras", "first", class_name=class_name)
    found = find_model_file({"weights": path})
    assert (found.preprocessing, found.title, found.backbone) == ("none", "model-none", None)


@pytest.mark.parametrize(
    ("file_name", "model_name", "preprocessing"),
    [
        ("tiny_mobilenet.keras", "functional", "mobilenet"),
        ("MobileNet-V2 cut.keras", "functional", "mobilenet_v2"),
        ("resnet50v2.keras", "functional", "resnet_v2"),
        ("resnet50.keras", "functional", "resnet"),
        ("mine.keras", "my_vgg16_copy", "vgg16"),
    ],
)
def test_names_tell_the_preprocessing(tmp_path: Path, file_name: str, model_name: str, preprocessing: str) -> None:
    path = save_model(tmp_path / file_name, "first", name=model_name)
    assert find_model_file({"weights": path}).preprocessing == preprocessing


@pytest.mark.parametrize(
    ("given", "preprocessing"), [("mobilenet", "mobilenet"), ("ResNet50V2", "resnet_v2"), ("none", "none")]
)
def test_a_named_preprocessing_comes_first(tmp_path: Path, given: str, preprocessing: str) -> None:
    path = save_model(tmp_path / "vgg16.keras", "conv_dw_1")
    found = find_model_file({"weights": path, "preprocessing": given})
    assert (found.preprocessing, found.title) == (preprocessing, f"model-{preprocessing}")


def test_fingerprint_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert fingerprint(path) == "ba7816bf8f01"  # SHA-256 of "abc"
    path.write_bytes(b"abd")
    os.utime(path, ns=(1, 1))
    assert fingerprint(path) == "a52d159f262b"


def test_no_weights(tmp_path: Path) -> None:
    assert refusal(backbone="resnet50", weights_dir=tmp_path) == ("no_weights", {"backbone": "ResNet50"})


def test_unknown_backbone(tmp_path: Path) -> None:
    code, params = refusal(backbone="resnet51", weights_dir=tmp_path)
    assert (code, params["name"], params["expected"][0]) == ("unknown_backbone", "resnet51", "compact")
    code, params = refusal(backbone="quite something else", weights_dir=tmp_path)
    assert (code, params["expected"]) == ("unknown_backbone", ["compact", "lite0", "lite1", "lite2"])


def test_file_is_not_there(tmp_path: Path) -> None:
    for name in ("gone.h5", "gone.keras"):
        about = {"path": str(tmp_path / name), "cause": os.strerror(errno.ENOENT)}
        assert refusal(weights=tmp_path / name) == ("model_file_unreadable", about)


def test_file_is_a_folder(tmp_path: Path) -> None:
    about = {"path": str(tmp_path), "cause": os.strerror(errno.EISDIR)}
    assert refusal(weights=tmp_path) == ("model_file_unreadable", about)


def test_weights_are_something_else(tmp_path: Path) -> None:
    path = tmp_path / "page.h5"
    path.write_text("<html>not found</html>")
    assert refusal(weights=path) == ("other_file", {"path": str(path), "kind": "any"})


def test_model_is_something_else(tmp_path: Path) -> None:
    path = save_weights(tmp_path / "weights.keras")
    assert refusal(weights=path) == ("other_file", {"path": str(path), "kind": "keras"})


def test_model_is_cut_off(tmp_path: Path) -> None:
    path = save_model(tmp_path / "mobilenet.keras", "conv_dw_1")
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(weights=path)[0] == "keras_model_damaged"


def test_zip_holds_no_model(tmp_path: Path) -> None:
    path = tmp_path / "mobilenet.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal(weights=path)[0] == "keras_model_damaged"


def test_preprocessing_cannot_be_told(tmp_path: Path) -> None:
    said = refusal(weights=save_model(tmp_path / "mine.keras", "first"))
    assert said == ("preprocessing_unclear", {"file": "mine.keras", "none": "none"})


def test_unknown_preprocessing(tmp_path: Path) -> None:
    code, params = refusal(weights=save_model(tmp_path / "mine.keras", "first"), preprocessing="sepia")
    assert (code, params["got"], params["expected"][:2]) == ("unknown_preprocessing", "sepia", ["convnext", "densenet"])


@pytest.mark.parametrize("kind", ["h5", "any", "keras", "tflite"])
def test_each_kind_of_file_has_a_name(kind: str) -> None:
    assert "other file" not in str(WeightsError("other_file", path="page", kind=kind))
