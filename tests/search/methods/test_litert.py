"""The encoder's `.tflite` files, and those of others, through the deep method."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import MethodUnavailableError, WeightsError
from search.methods import model_files
from search.methods.deep import Deep, fit
from search.methods.model_files import BUILT_IN, find_model_file, fingerprint, with_checksum
from search.types import RGBImage
from tests.codes import refused

ROOT = Path(__file__).resolve().parents[3]


def convert(module: Any, call: Any, folder: Path, name: str = "own.tflite", side: int = 16, channels: int = 3) -> Path:
    """Write a function of pixels as a `.tflite` file of its own making."""
    import tensorflow as tf

    spec = tf.TensorSpec((1, side, side, channels), tf.float32, name="input")
    module.call = tf.function(call, input_signature=[spec], autograph=False)
    tf.saved_model.save(module, str(folder / "saved"), signatures={"serving_default": module.call})
    path = folder / name
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert())
    return path


def describe_black(**options: Any) -> None:
    Deep(options).describe([np.zeros((9, 9, 3), np.uint8)])


def unavailable(**options: Any) -> tuple[str, dict[str, Any]]:
    reason = Deep(options).unavailable()
    assert reason is not None
    return reason.code, reason.params


def test_it_works(tiny_encoder: Path, picture: RGBImage) -> None:
    deep = Deep({"weights": tiny_encoder})
    assert deep.unavailable() is None
    assert deep.version == f"1-encoder-{fingerprint(tiny_encoder)}"
    rows = deep.describe([picture, picture[:, ::-1]])
    assert rows.shape == (2, deep.dim) == (2, 8)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert deep.textbook_similarity(picture, picture) == pytest.approx(1, abs=1e-6)


def test_rows_of_the_encoder_are_not_rooted(tiny_network: Any, tiny_encoder: Path, picture: RGBImage) -> None:
    row = np.asarray(tiny_network(fit(picture, 32, 32)[None].astype(np.float32), training=False)[0])[0]
    expected = row / np.linalg.norm(row)
    assert (expected < 0).any()
    np.testing.assert_allclose(Deep({"weights": tiny_encoder}).describe([picture])[0], expected, atol=2e-3)


def test_eight_bit_files_work_too(tiny_encoder: Path, tiny_int8_encoder: Path, picture: RGBImage) -> None:
    whole, coarse = (Deep({"weights": path}).describe([picture])[0] for path in (tiny_encoder, tiny_int8_encoder))
    assert whole @ coarse > 0.97


def test_the_same_bytes_have_the_same_version_anywhere(tiny_encoder: Path, tmp_path: Path) -> None:
    copy = shutil.copy(tiny_encoder, tmp_path / "copy.tflite")
    assert Deep({"weights": copy}).version == Deep({"weights": tiny_encoder}).version


def test_a_model_of_others_gives_activations(keras: Any, tmp_path: Path, picture: RGBImage) -> None:
    import tensorflow as tf

    path = convert(tf.Module(), lambda pixels: tf.reduce_mean(pixels, (1, 2)), tmp_path)
    with refused(WeightsError, "input_of_another_name", file="own.tflite", got="input", expected="pixels"):
        describe_black(weights=path)
    row = Deep({"weights": path, "preprocessing": "none"}).describe([picture])[0]
    roots = np.sqrt(fit(picture, 16, 16).mean(axis=(0, 1)))
    np.testing.assert_allclose(row, roots / np.linalg.norm(roots), atol=1e-5)


class TestTheBuiltIn:
    @pytest.fixture
    def built_in(self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file in the place of the one that ships."""
        path = tmp_path / "encoder.tflite"
        shutil.copy(tiny_encoder, path)
        monkeypatch.setattr(model_files, "BUILT_IN", path)
        return path

    @pytest.mark.parametrize("name", ["compact", "Compact", "", None])
    def test_is_the_default(self, built_in: Path, name: str | None) -> None:
        assert find_model_file({"backbone": name}).path == built_in
        assert Deep({"backbone": name}).unavailable() is None

    def test_is_missing(self, built_in: Path, picture: RGBImage) -> None:
        built_in.unlink()
        code, params = unavailable()
        assert (code, params) == ("encoder_gone", {"path": str(built_in)})
        assert Deep().version == "1-unavailable"
        because = {"code": code, "params": params}
        with refused(MethodUnavailableError, "method_unavailable", method="deep", because=because):
            Deep().describe([picture])

    def test_was_cut_off(self, built_in: Path) -> None:
        built_in.write_bytes(built_in.read_bytes()[:-100])
        assert unavailable() == ("model_damaged", {"path": str(built_in)})

    def test_weights_without_a_name_are_refused(self, built_in: Path, tmp_path: Path) -> None:
        path = tmp_path / "some.h5"
        path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
        for name in (None, "compact", "lite2"):
            assert unavailable(weights=path, backbone=name) == ("network_not_named", {"path": str(path)})


def test_what_ships_is_whole_and_small(picture: RGBImage) -> None:
    assert Deep().unavailable() is None
    assert BUILT_IN.stat().st_size <= 8e6
    assert Deep().describe([picture]).shape == (1, 256)


def test_tensorflow_is_not_needed(tiny_encoder: Path) -> None:
    program = f"""
import sys
import numpy as np
from search.methods import load_method
row = load_method("deep", {{"weights": {str(tiny_encoder)!r}}}).describe([np.zeros((9, 9, 3), np.uint8)])
assert row.shape == (1, 8), row
print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "ai_edge_litert.interpreter" in done.stdout.split()
    assert set(done.stdout.split()) & {"tensorflow", "keras", "django"} == set()


def test_a_worker_that_is_ready_has_not_loaded_tensorflow() -> None:
    program = """
import sys
import django
django.setup()
from search.features import extraction, registry
extraction.warm_up()
assert "deep" in registry.current_versions()
print(*sorted(sys.modules))
"""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True, env=environment
    )
    assert "ai_edge_litert.interpreter" in done.stdout.split()
    assert set(done.stdout.split()) & {"tensorflow", "keras"} == set()


def test_without_litert_it_is_unavailable(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert unavailable(weights=tiny_encoder) == ("package_missing", {"package": "ai_edge_litert"})


def test_the_checksum_stands_behind_the_content() -> None:
    assert with_checksum(b"abc") == b"abc" + b"likeness sha256:" + hashlib.sha256(b"abc").digest()


class TestRefused:
    def test_one_changed_byte(self, tiny_encoder: Path, tmp_path: Path) -> None:
        content = bytearray(tiny_encoder.read_bytes())
        content[len(content) // 2] ^= 1
        path = tmp_path / "changed.tflite"
        path.write_bytes(content)
        assert unavailable(weights=path) == ("model_damaged", {"path": str(path)})

    @pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
    def test_cut_off(self, tiny_encoder: Path, tmp_path: Path, kept: float) -> None:
        content = tiny_encoder.read_bytes()
        path = tmp_path / "cut.tflite"
        path.write_bytes(content[: int(len(content) * kept)])
        with refused(WeightsError, "litert_model_unreadable", path=str(path)):
            describe_black(weights=path)

    @pytest.mark.parametrize("content", [b"", b"TFL3", b"\x89HDF\r\n\x1a\n" + bytes(100), b"<html>not found</html>"])
    def test_something_else(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "page.tflite"
        path.write_bytes(content)
        assert unavailable(weights=path) == ("other_file", {"path": str(path), "kind": "tflite"})

    def test_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "gone.tflite"
        about = {"path": str(path), "cause": os.strerror(errno.ENOENT)}
        assert unavailable(weights=path) == ("model_file_unreadable", about)

    def test_a_preprocessing(self, tiny_encoder: Path) -> None:
        said = unavailable(weights=tiny_encoder, preprocessing="resnet")
        assert said == ("preprocessing_not_taken", {"got": "resnet"})

    def test_other_pixels(self, keras: Any, tmp_path: Path) -> None:
        import tensorflow as tf

        path = convert(tf.Module(), lambda pixels: tf.reduce_mean(pixels, (1, 2)), tmp_path, channels=1)
        with refused(WeightsError, "takes_no_fixed_image", file=path.name, got="[1, 16, 16, 1]"):
            describe_black(weights=path)

    def test_maps(self, keras: Any, tmp_path: Path) -> None:
        import tensorflow as tf

        path = convert(tf.Module(), lambda pixels: tf.nn.relu(pixels), tmp_path)
        with refused(WeightsError, "output_of_another_shape", file=path.name, got="[1, 16, 16, 3]"):
            describe_black(weights=path)

    def test_two_outputs(self, keras: Any, tmp_path: Path) -> None:
        import tensorflow as tf

        path = convert(tf.Module(), lambda pixels: (tf.reduce_mean(pixels, (1, 2)), pixels), tmp_path)
        with refused(WeightsError, "not_one_input_and_output", inputs=1, outputs=2):
            describe_black(weights=path)

    def test_numbers_that_are_not_finite(self, keras: Any, tmp_path: Path) -> None:
        import tensorflow as tf

        path = convert(tf.Module(), lambda pixels: tf.reduce_mean(tf.math.log(-1 - pixels), (1, 2)), tmp_path)
        with refused(WeightsError, "numbers_not_finite"):
            describe_black(weights=path, preprocessing="none")


def quantized(kind: type, scale: float, zero: int) -> dict[str, Any]:
    return {"dtype": kind, "quantization": (scale, zero)}


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (quantized(np.uint8, 0.0, 0), [0, 100, 255]),
        (quantized(np.uint8, 1.0, 0), [0, 100, 255]),
        (quantized(np.int8, 1.0, -128), [-128, -28, 127]),
        (quantized(np.int8, 2.0, 0), [0, 50, 127]),
        (quantized(np.float32, 0.0, 0), [0, 100, 255]),
    ],
)
def test_pixels_take_the_type_of_the_input(tensor: dict[str, Any], expected: list[int]) -> None:
    from search.methods.engines import litert

    pixels: NDArray[np.uint8] = np.array([0, 100, 255], np.uint8)
    found = litert._quantize(pixels, tensor)
    assert found.dtype == tensor["dtype"]
    assert found.tolist() == expected
