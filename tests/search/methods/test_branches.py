"""Files of siamese networks, and what NumPy makes of them, against Keras."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, WeightsError
from search.methods.branches import BITS, HEAD, KOCH, Branch, adopt, files, find, koch, load, peek, save
from search.types import RGBImage
from tests.codes import refused


@pytest.fixture
def head(rng: np.random.Generator) -> Branch:
    """A head on rows of eight numbers."""
    arrays = {"weights": rng.normal(size=(8, BITS)).astype(np.float32), "bias": np.zeros(BITS, np.float32)}
    return Branch(HEAD, arrays, "1-tiny", {"seed": 20})


@pytest.fixture(autouse=True)
def _no_built_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path / "builtin")


def test_it_works(head: Branch, tmp_path: Path) -> None:
    path = save(head, tmp_path)
    adopt(tmp_path, "1-tiny", path)
    found = load(find(tmp_path, "1-tiny"))
    assert (found.architecture, found.source, found.about) == (HEAD, "1-tiny", {"seed": 20})
    np.testing.assert_array_equal(found.arrays["weights"], head.arrays["weights"].astype(np.float16))
    assert found.arrays["weights"].dtype == np.float32
    assert peek(path).source == "1-tiny"


def test_the_name_tells_the_content(head: Branch, tmp_path: Path) -> None:
    assert save(head, tmp_path) == save(head, tmp_path)
    assert save(Branch(HEAD, head.arrays, "1-other"), tmp_path) != save(head, tmp_path)
    assert save(head, tmp_path, "mine.npz").name == "mine.npz"


def test_rows_are_those_of_the_layer(rng: np.random.Generator) -> None:
    weights = np.zeros((2, BITS), np.float32)
    weights[0, 0] = weights[1, 1] = 1
    branch = Branch(HEAD, {"weights": weights, "bias": np.zeros(BITS, np.float32)})
    rows = branch.rows(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_allclose(rows[0, :3], [0.6, 0.8, 0], atol=1e-7)
    np.testing.assert_allclose(rows[1], BITS**-0.5)  # nothing to tell
    assert rows.dtype == np.float32


def test_rows_of_another_length_are_refused(head: Branch) -> None:
    with refused(DimensionMismatchError, "rows_of_another_length", expected=8, shape="(3, 9)"):
        head.rows(np.zeros((3, 9), np.float32))


@pytest.mark.parametrize(
    ("architecture", "arrays", "code", "about"),
    [
        ("twin", {}, "unknown_architecture", {"got": "twin", "expected": ["head", "guide"]}),
        (HEAD, {}, "array_of_another_shape", {"array": "weights", "expected": "(0, 128)", "got": "None"}),
        (HEAD, {"weights": np.zeros((8, 3))}, "array_of_another_shape", {"array": "weights", "got": "(8, 3)"}),
        (HEAD, {"weights": np.full((8, BITS), np.nan)}, "array_not_finite", {"array": "weights"}),
        (KOCH, {"weights": np.zeros((8, BITS))}, "array_of_another_shape", {"array": "kernel0"}),
    ],
)
def test_other_arrays_are_refused(
    architecture: str, arrays: dict[str, NDArray[Any]], code: str, about: dict[str, Any]
) -> None:
    with refused(WeightsError, code, **about):
        Branch(architecture, arrays | {"bias": np.zeros(BITS)})


def test_the_adopted_network_comes_before_the_built_in_one(head: Branch, tmp_path: Path) -> None:
    built_in = save(head, files.FOLDER, "siamese-tiny.npz")
    folder = tmp_path / "trained"
    assert find(folder, "1-tiny") == find(None, "1-tiny") == built_in
    other = save(Branch(HEAD, {**head.arrays, "bias": np.ones(BITS, np.float32)}, "1-tiny"), folder)
    adopt(folder, "1-tiny", other)
    assert find(folder, "1-tiny") == other


def test_adoption_for_one_content_network_leaves_the_others(head: Branch, tmp_path: Path) -> None:
    path = save(head, tmp_path)
    adopt(tmp_path, "1-tiny", path)
    other = save(Branch(HEAD, head.arrays, "1-other"), tmp_path)
    adopt(tmp_path, "1-other", other)
    assert (find(tmp_path, "1-tiny"), find(tmp_path, "1-other")) == (path, other)


def test_a_head_of_another_content_network_is_not_adopted(head: Branch, tmp_path: Path) -> None:
    with refused(WeightsError, "siamese_of_another_content", source="1-tiny", content="1-resnet50"):
        adopt(tmp_path, "1-resnet50", save(head, tmp_path))
    assert not (tmp_path / files.ADOPTED).exists()


def test_where_none_fits_it_says_what_to_do(head: Branch, tmp_path: Path) -> None:
    save(head, files.FOLDER, "siamese-tiny.npz")
    with refused(WeightsError, "siamese_missing", content="1-resnet50"):
        find(tmp_path, "1-resnet50")


def test_each_content_network_gets_the_head_that_fits_it(head: Branch) -> None:
    tiny = save(head, files.FOLDER, "siamese-tiny.npz")
    other = save(Branch(HEAD, head.arrays, "1-other"), files.FOLDER, "siamese-other.npz")
    assert (find(None, "1-tiny"), find(None, "1-other")) == (tiny, other)


def test_a_damaged_head_stands_in_no_other_networks_way(head: Branch) -> None:
    tiny = save(head, files.FOLDER, "siamese-tiny.npz")
    damaged = files.FOLDER / "siamese-damaged.npz"
    damaged.write_bytes(tiny.read_bytes()[:-30])
    assert find(None, "1-tiny") == tiny
    with refused(WeightsError, "siamese_damaged", path=str(damaged)):
        find(None, "1-other")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_file_is_refused(head: Branch, tmp_path: Path, keep: float) -> None:
    path = save(head, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if keep < 1 else int(keep)])
    for read in (peek, load):
        with refused(WeightsError, "siamese_damaged", path=str(path)):
            read(path)


def test_a_file_with_a_turned_bit_is_refused(head: Branch, tmp_path: Path) -> None:
    path = save(head, tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with refused(WeightsError, "siamese_damaged", path=str(path)):
        peek(path)


@pytest.mark.parametrize("about", [b"", b"[]", b'{"format": 2}', b'{"format": 1, "architecture": "head"}'])
def test_a_foreign_archive_is_refused(tmp_path: Path, about: bytes) -> None:
    path = tmp_path / "foreign.npz"
    np.savez(path, about=np.frombuffer(about, np.uint8), weights=np.zeros(3))
    with refused(WeightsError, "siamese_damaged", path=str(path)):
        peek(path)


def test_a_pickled_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pickled.npz"
    np.savez(path, about=np.array([{"format": 1}], object))
    with refused(WeightsError, "siamese_damaged", path=str(path)):
        peek(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with refused(WeightsError, "siamese_unreadable", path=str(tmp_path / "gone.npz")):
        load(tmp_path / "gone.npz")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "siamese_list_unreadable"),
        ("[]", "siamese_list_damaged"),
        (json.dumps({"1-tiny": 3}), "siamese_list_damaged"),
    ],
)
def test_a_damaged_list_of_adopted_networks_is_refused(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / files.ADOPTED
    path.write_text(content)
    with refused(WeightsError, code, path=str(path)):
        find(tmp_path, "1-tiny")


def test_pictures_of_the_textbook_are_gray_squares(picture: RGBImage) -> None:
    pictures = koch.prepare([picture, picture[:, :30]])
    assert pictures.shape == (2, 105, 105)
    assert pictures.dtype == np.uint8
    assert koch.prepare([]).shape == (0, 105, 105)
    with pytest.raises(ValueError, match="image 0:"):
        koch.prepare([picture[:, :, 0]])


def test_shapes_are_those_of_the_paper() -> None:
    assert koch.SHAPES["kernel1"] == (7, 7, 64, 128)
    assert koch.SHAPES["dense"] == (9216, 4096)


@pytest.mark.slow
def test_the_textbooks_network_gives_what_keras_gives(keras: Any, rng: np.random.Generator) -> None:
    from search.training.siamese import build_koch

    keras.utils.set_random_seed(3)
    model = build_koch()
    arrays = dict(zip(koch.SHAPES, model.get_weights(), strict=True))
    assert {name: array.shape for name, array in arrays.items()} == koch.SHAPES
    pictures = rng.integers(0, 256, (2, 105, 105), np.uint8)
    expected = np.asarray(model(pictures[..., None].astype(np.float32)))
    np.testing.assert_allclose(koch.activations(arrays, pictures), expected, atol=1e-5)
    branch = Branch(KOCH, arrays | {"weights": np.ones((koch.UNITS, BITS)), "bias": np.zeros(BITS)})
    assert branch.rows(pictures).shape == (2, BITS)


def test_other_pictures_are_refused() -> None:
    with refused(DimensionMismatchError, "gray_pictures_expected", side=105, shape="(1, 100, 105)"):
        koch.activations({}, np.zeros((1, 100, 105), np.uint8))
