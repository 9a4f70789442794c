from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import TrainingError
from search.methods.base import normalize_rows
from search.methods.deep import Deep, fit
from search.methods.model_files import fingerprint
from search.methods.pretrained.packages import PACKAGES
from search.methods.pretrained.preparation import identity
from search.training import teacher as module
from search.training.teacher import PLACES, Teacher, find_teacher, fit_whitening
from search.types import RGBImage
from tests.codes import refused


def test_it_works(keras: Any, tiny_model: Path, picture: RGBImage) -> None:
    teacher = Teacher(str(tiny_model), {})
    assert (teacher.size, teacher.channels) == ((32, 32), 8)
    assert teacher.title == f"model-mobilenet-{fingerprint(tiny_model)}"
    pooled, places = teacher.look([picture, picture[:, ::-1]])
    assert pooled.shape == (2, 8)
    assert places.shape == (2, PLACES, PLACES, 8)
    model = keras.saving.load_model(tiny_model, compile=False)
    prepared = fit(picture, 32, 32)[None].astype(np.float32) / 127.5 - 1
    np.testing.assert_allclose(pooled[0] ** 2, model(prepared, training=False)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_network_of_a_package_teaches(picture: RGBImage, tmp_path: Path) -> None:
    """The squares of what it says are the rows of the content method with the same network."""
    teacher = Teacher("EfficientNet-Lite0", {})
    assert (teacher.size, teacher.channels) == ((224, 224), 1280)
    assert teacher.title == f"lite0-{identity(PACKAGES['lite0'])}"
    images = [picture, picture[:60, :60]]
    pooled, places = teacher.look(images)
    assert places.shape == (2, PLACES, PLACES, 1280)
    rows = Deep({"backbone": "lite0", "models_dir": tmp_path}).describe(images)
    np.testing.assert_allclose(normalize_rows(pooled**2), rows, atol=1e-4)


def test_places_lie_where_they_are_seen(keras: Any, tiny_model: Path) -> None:
    """A picture whose left half is black and whose right half is white has equal rows and unequal columns."""
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 16:] = 255
    _pooled, places = Teacher(str(tiny_model), {}).look([image])
    inner = places[0, 1:3]
    np.testing.assert_allclose(inner[0], inner[1], atol=1e-4)
    assert abs(places[0, 1, 0] - places[0, 1, 3]).max() > 0.05


def test_area_means() -> None:
    np.testing.assert_allclose(module._area_means(4), np.eye(4))
    np.testing.assert_allclose(module._area_means(8)[1], [0, 0, 0.5, 0.5, 0, 0, 0, 0])
    np.testing.assert_allclose(module._area_means(2), [[1, 0], [1, 0], [0, 1], [0, 1]])
    np.testing.assert_allclose(module._area_means(7).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(module._area_means(7)[0], np.array([4, 3, 0, 0, 0, 0, 0]) / 7, rtol=1e-6)


class TestWhitening:
    def test_directions_are_evened_in_part(self, rng: np.random.Generator) -> None:
        """Standard deviations of 1:4 become 1:2: each is divided by its own square root."""
        rows = np.concatenate([np.full((4000, 1), 10.0), rng.normal(size=(4000, 2)) * [0.4, 0.1]], axis=1)
        found = fit_whitening(rows.astype(np.float32), 2)
        spread = ((rows / np.linalg.norm(rows, axis=1, keepdims=True) - found.mean) @ found.directions).std(axis=0)
        assert spread[0] / spread[1] == pytest.approx(2, rel=0.1)

    def test_targets_have_length_one(self, rng: np.random.Generator) -> None:
        pooled = rng.random((50, 12)).astype(np.float32)
        found = fit_whitening(pooled, 5)
        assert found.directions.shape == (12, 5)
        assert 0 < found.kept < 1
        for shaped in (pooled, pooled.reshape(5, 5, 2, 12)):
            targets = found.apply(shaped)
            assert targets.shape == (*shaped.shape[:-1], 5)
            np.testing.assert_allclose(np.linalg.norm(targets, axis=-1), 1, atol=1e-5)

    def test_no_more_directions_than_can_be(self, rng: np.random.Generator) -> None:
        assert fit_whitening(rng.random((50, 12)).astype(np.float32), 256).directions.shape == (12, 12)
        assert fit_whitening(rng.random((6, 12)).astype(np.float32), 256).directions.shape == (12, 5)

    def test_constant_features_stay_finite(self) -> None:
        found = fit_whitening(np.ones((20, 4), np.float32), 4)
        assert np.isfinite(found.apply(np.ones((3, 4), np.float32))).all()


class TestRefused:
    def test_no_weights(self, tmp_path: Path) -> None:
        because = {"code": "no_weights", "params": {"backbone": "ResNet50"}}
        with refused(TrainingError, "no_teacher", because=because):
            find_teacher("resnet50", {"weights_dir": tmp_path})

    def test_a_package_that_is_absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PACKAGES, "lite0", replace(PACKAGES["lite0"], distribution="no-such-package"))
        because = {"code": "package_absent", "params": {"network": "lite0", "package": "no-such-package"}}
        with refused(TrainingError, "no_teacher", because=because):
            find_teacher("lite0", {})

    def test_a_package_that_is_damaged(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PACKAGES, "lite0", replace(PACKAGES["lite0"], sha256="0" * 64))
        with pytest.raises(TrainingError) as caught:
            Teacher("lite0", {})
        assert (caught.value.code, caught.value.params["because"]["code"]) == ("teacher_unusable", "package_damaged")

    def test_unknown_network(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError) as caught:
            find_teacher("resnet51", {"weights_dir": tmp_path})
        assert (caught.value.code, caught.value.params["because"]["code"]) == ("no_teacher", "unknown_backbone")

    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError) as caught:
            find_teacher(str(tmp_path / "gone.keras"), {})
        assert (caught.value.code, caught.value.params["because"]["code"]) == ("no_teacher", "model_file_unreadable")

    def test_what_to_do_is_said_once(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingError) as caught:
            find_teacher("resnet50", {"weights_dir": tmp_path})
        assert str(caught.value).count(";") == 1

    def test_the_encoder_itself(self, tiny_encoder: Path) -> None:
        with refused(TrainingError, "cannot_teach", name=str(tiny_encoder)):
            find_teacher(str(tiny_encoder), {})

    def test_damaged(self, keras: Any, tiny_model: Path, tmp_path: Path) -> None:
        path = tmp_path / "mobilenet.keras"
        content = tiny_model.read_bytes()
        place = content.index(b"\x89HDF")
        path.write_bytes(content[: place + 200] + bytes(len(content[place + 200 :]) - 2000) + content[-2000:])
        with pytest.raises(TrainingError) as caught:
            Teacher(str(path), {})
        assert caught.value.code == "teacher_unusable"
        assert caught.value.params["because"]["code"] == "keras_model_unreadable"

    def test_nothing_is_pooled(self, keras: Any, tmp_path: Path) -> None:
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.Flatten()(inputs)))
        path = tmp_path / "dense.keras"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(path)
        with refused(TrainingError, "teacher_not_averaged", file="dense.keras"):
            Teacher(str(path), {"preprocessing": "none"})
