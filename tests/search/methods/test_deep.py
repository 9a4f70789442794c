from __future__ import annotations

import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, WeightsError
from search.methods import deep as deep_module
from search.methods.deep import Deep, fit
from search.methods.engines import load_network
from search.methods.model_files import fingerprint
from search.types import RGBImage
from tests.codes import refused


def plain(height: int, width: int) -> RGBImage:
    return np.full((height, width, 3), 200, np.uint8)


def by_keras(keras: Any, path: Path, pixels: list[RGBImage]) -> NDArray[np.float32]:
    """What Keras itself says of pictures that already have the network's size."""
    model = keras.saving.load_model(path, compile=False)
    prepared = keras.applications.mobilenet.preprocess_input(np.stack(pixels).astype(np.float32))
    return np.asarray(model(prepared, training=False))


def save(model: Any, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras writes HDF5 by an old road of NumPy's
        model.save_weights(path) if path.suffix == ".h5" else model.save(path)
    return path


class TestFit:
    def test_squares_are_resized(self) -> None:
        assert (fit(plain(100, 100), 64, 64) == 200).all()

    def test_half_of_the_aspect_ratio_is_kept(self) -> None:
        fitted = fit(plain(50, 200), 64, 64)  # 1:4 becomes 1:2
        assert (fitted[16:48] == 200).all()
        assert (fitted[:16] == 128).all()
        assert (fitted[48:] == 128).all()
        np.testing.assert_array_equal(fit(plain(200, 50), 64, 64), fitted.swapaxes(0, 1))

    def test_small_images_are_enlarged(self) -> None:
        assert (fit(plain(1, 1), 32, 32) == 200).all()

    def test_extremes_keep_a_line(self) -> None:
        assert (fit(plain(1, 9000), 32, 32) == 200).any(axis=(1, 2)).sum() == 1

    def test_inputs_that_are_not_square(self) -> None:
        assert (fit(plain(100, 50), 64, 32) == 200).all()
        assert fit(plain(100, 50), 32, 64).shape == (32, 64, 3)


def test_it_is_keras(keras: Any, tiny_model: Path, picture: RGBImage) -> None:
    images = [picture, picture[:, :40], picture[:9]] * 12  # more than one batch
    activations = by_keras(keras, tiny_model, [fit(image, 32, 32) for image in images])
    assert (activations >= 0).all()
    roots = np.sqrt(activations)
    expected = roots / np.linalg.norm(roots, axis=1, keepdims=True)
    np.testing.assert_allclose(Deep({"weights": tiny_model}).describe(images), expected, atol=1e-5)


def test_textbook_is_the_cosine_of_the_pooled_activations(keras: Any, tiny_model: Path, picture: RGBImage) -> None:
    import cv2

    other = np.ascontiguousarray(255 - picture[:60])
    squeezed = [cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA) for image in (picture, other)]
    one, two = by_keras(keras, tiny_model, squeezed)
    deep = Deep({"weights": tiny_model})
    expected = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
    assert deep.textbook_similarity(picture, other) == pytest.approx(expected, abs=1e-5)
    assert deep.textbook_similarity(picture, picture) == pytest.approx(1, abs=1e-6)


def test_version_names_the_model_and_its_bytes(tiny_model: Path, tmp_path: Path) -> None:
    assert Deep({"weights": tiny_model}).version == f"1-model-mobilenet-{fingerprint(tiny_model)}"
    renamed = shutil.copy(tiny_model, tmp_path / "renamed_mobilenet.keras")
    assert Deep({"weights": renamed}).version == Deep({"weights": tiny_model}).version
    assert Deep({"weights": tiny_model, "preprocessing": "resnet"}).version.startswith("1-model-resnet-")


def test_without_weights_it_is_unavailable(tmp_path: Path, picture: RGBImage) -> None:
    deep = Deep({"backbone": "resnet50", "weights_dir": tmp_path})
    reason = deep.unavailable()
    assert reason is not None
    assert (reason.code, reason.params) == ("no_weights", {"backbone": "ResNet50"})
    assert deep.version == "1-unavailable"
    for use in (deep.warm_up, lambda: deep.describe([picture]), lambda: deep.dim):
        because = {"code": reason.code, "params": reason.params}
        with refused(MethodUnavailableError, "method_unavailable", method="deep", because=because):
            use()


def test_weights_that_appear_are_taken_up(tiny_model: Path, tmp_path: Path, picture: RGBImage) -> None:
    path = tmp_path / "later_mobilenet.keras"
    deep = Deep({"weights": path})
    assert deep.unavailable() is not None
    shutil.copy(tiny_model, path)
    assert deep.unavailable() is None
    assert deep.describe([picture]).shape == (1, 8)


def test_a_file_that_changes_is_loaded_again(keras: Any, tiny_model: Path, tmp_path: Path, picture: RGBImage) -> None:
    path = shutil.copy(tiny_model, tmp_path / "mobilenet.keras")
    deep = Deep({"weights": path})
    before, version = deep.describe([picture]), deep.version
    model = keras.saving.load_model(path)
    model.set_weights([weights[..., ::-1] for weights in model.get_weights()])
    save(model, Path(path))
    assert deep.version != version
    np.testing.assert_allclose(deep.describe([picture]), before[:, ::-1], atol=1e-5)


class TestModels:
    """Whole models of other shapes."""

    def describe(self, model: Any, folder: Path, image: RGBImage, **options: str) -> NDArray[Any]:
        path = save(model, folder / "model.keras")
        return Deep({"weights": path, "preprocessing": "none", **options}).describe([image])

    def test_maps_are_averaged(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        model = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
        row = self.describe(model, tmp_path, picture)
        means = np.sqrt(fit(picture, 16, 16).mean(axis=(0, 1)))
        np.testing.assert_allclose(row[0], means / np.linalg.norm(means), atol=1e-5)

    def test_open_sizes_are_filled_in(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((None, None, 3))
        model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
        means = np.sqrt(fit(picture, 224, 224).mean(axis=(0, 1)))
        np.testing.assert_allclose(self.describe(model, tmp_path, picture)[0], means / np.linalg.norm(means), atol=1e-5)

    def test_negative_numbers_keep_their_sign(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        shifted = keras.layers.Rescaling(-1.0)(inputs)
        model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(shifted))
        assert (self.describe(model, tmp_path, picture) < 0).all()

    def test_the_top_of_a_classifier_is_cut_off(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3, activation="relu")(inputs))
        model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(pooled))
        assert self.describe(model, tmp_path, picture).shape == (1, 5)

    def test_without_pooling_what_the_top_reads_is_used(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((8, 8, 3))
        hidden = keras.layers.Dense(7, activation="relu")(keras.layers.Flatten()(inputs))
        model = keras.Model(inputs, keras.layers.Softmax()(hidden))
        assert self.describe(model, tmp_path, picture).shape == (1, 7)

    def test_an_image_that_wakes_nothing_has_a_row(self, keras: Any, tmp_path: Path) -> None:
        inputs = keras.Input((16, 16, 3))
        model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
        row = self.describe(model, tmp_path, np.zeros((9, 9, 3), np.uint8))
        np.testing.assert_allclose(row, [[3**-0.5] * 3], rtol=1e-6)

    def test_other_inputs_are_refused(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 1))
        model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
        with refused(WeightsError, "takes_no_images", got="(None, 16, 16, 1)"):
            self.describe(model, tmp_path, picture)

    def test_two_outputs_are_refused(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        pooled = keras.layers.GlobalAveragePooling2D()(inputs)
        with refused(WeightsError, "not_one_input_and_output", inputs=1, outputs=2):
            self.describe(keras.Model(inputs, [pooled, pooled]), tmp_path, picture)

    def test_sequences_are_refused(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        model = keras.Model(inputs, keras.layers.Reshape((256, 3))(inputs))
        with refused(WeightsError, "output_of_another_shape", got="(None, 256, 3)"):
            self.describe(model, tmp_path, picture)

    def test_numbers_that_are_not_finite_are_refused(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        broken = keras.layers.Rescaling(float("nan"))(inputs)
        model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(broken))
        with refused(WeightsError, "numbers_not_finite"):
            self.describe(model, tmp_path, picture)

    def test_code_in_a_model_is_not_run(self, keras: Any, tmp_path: Path, picture: RGBImage) -> None:
        inputs = keras.Input((16, 16, 3))
        model = keras.Model(inputs, keras.layers.Lambda(lambda pixels: pixels * 2)(inputs))
        with refused(WeightsError, "keras_model_unreadable", path=str(tmp_path / "model.keras")):
            self.describe(model, tmp_path, picture)


def test_damaged_model_is_refused(tiny_model: Path, tmp_path: Path, picture: RGBImage) -> None:
    path = tmp_path / "mobilenet.keras"
    with zipfile.ZipFile(tiny_model) as whole, zipfile.ZipFile(path, "w") as damaged:
        for name in whole.namelist():
            damaged.writestr(name, whole.read(name)[:200] if name.endswith(".h5") else whole.read(name))
    with refused(WeightsError, "keras_model_unreadable", path=str(path)):
        Deep({"weights": path}).describe([picture])


def test_damaged_weights_are_refused(tmp_path: Path, picture: RGBImage) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    with refused(WeightsError, "weights_unreadable", path=str(path), backbone="MobileNetV3Small"):
        Deep({"backbone": "mobilenetv3small", "weights": path}).describe([picture])


@pytest.mark.slow
def test_what_cannot_be_loaded_is_not_tried_for_every_image(
    tmp_path: Path, picture: RGBImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    tried = []
    monkeypatch.setattr(deep_module, "load_network", lambda file: tried.append(file) or load_network(file))
    deep = Deep({"backbone": "mobilenetv3small", "weights": path})
    for _attempt in range(3):
        with refused(WeightsError, "weights_unreadable", path=str(path)):
            deep.describe([picture])
    assert len(tried) == 1
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(6000))  # another file is tried at once
    with refused(WeightsError, "weights_unreadable", path=str(path)):
        deep.describe([picture])
    assert len(tried) == 2
    monkeypatch.setattr(deep_module, "_REFUSED_SECONDS", 0.0)
    deep = Deep({"backbone": "mobilenetv3small", "weights": path})
    for _attempt in range(2):
        with refused(WeightsError, "weights_unreadable", path=str(path)):
            deep.describe([picture])
    assert len(tried) == 4


@pytest.fixture(scope="module")
def small_backbone(keras: Any) -> Any:
    """A real network of keras.applications, untrained."""
    keras.utils.set_random_seed(20)
    return keras.applications.MobileNetV3Small(
        include_top=False, weights=None, pooling="avg", input_shape=(224, 224, 3)
    )


@pytest.mark.slow
def test_weights_of_a_backbone_are_loaded(small_backbone: Any, tmp_path: Path, picture: RGBImage) -> None:
    path = save(small_backbone, tmp_path / "own.weights.h5")
    deep = Deep({"backbone": "MobileNetV3Small", "weights": path})
    assert deep.version == f"1-mobilenetv3small-{fingerprint(path)}"
    assert deep.dim == 576
    activations = np.asarray(small_backbone(fit(picture, 224, 224)[None].astype(np.float32), training=False))
    roots = np.sign(activations) * np.sqrt(np.abs(activations))
    np.testing.assert_allclose(deep.describe([picture]), roots / np.linalg.norm(roots), atol=1e-4)


def test_weights_of_another_network_are_refused(small_backbone: Any, tmp_path: Path, picture: RGBImage) -> None:
    path = save(small_backbone, tmp_path / "own.weights.h5")
    with refused(WeightsError, "weights_unreadable", path=str(path), backbone="MobileNet"):
        Deep({"backbone": "mobilenet", "weights": path}).describe([picture])


def test_weights_with_gaps_are_refused(small_backbone: Any, tmp_path: Path, picture: RGBImage) -> None:
    whole = small_backbone.get_weights()
    small_backbone.set_weights([np.full_like(whole[0], np.nan), *whole[1:]])
    path = save(small_backbone, tmp_path / "own.weights.h5")
    small_backbone.set_weights(whole)
    with refused(WeightsError, "weights_with_gaps", path=str(path), backbone="MobileNetV3Small"):
        Deep({"backbone": "MobileNetV3Small", "weights": path}).describe([picture])


@pytest.mark.data
def test_a_trained_network_knows_what_images_show(data_dir: Path) -> None:
    from PIL import Image

    model = data_dir.parent / "models" / "mobilenet_imagenet_block12.keras"
    deep = Deep({"weights": model})
    assert deep.unavailable() is None
    assert deep.version.startswith("1-model-mobilenet-")
    labels = ["airplanes", "dalmatian", "faces", "lotus", "stop_sign"]
    paths = [path for label in labels for path in sorted((data_dir / "caltech-dev" / label).iterdir())[:4]]
    vectors = deep.describe([np.asarray(Image.open(path).convert("RGB")) for path in paths])
    assert vectors.shape == (20, deep.dim) == (20, 1024)
    scores = np.stack([deep.scores(vector, vectors) for vector in vectors])
    np.fill_diagonal(scores, -1)
    found = [
        paths[best].parent.name == path.parent.name for path, best in zip(paths, scores.argmax(axis=1), strict=True)
    ]
    assert np.mean(found) >= 0.9
