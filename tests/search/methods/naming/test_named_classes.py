"""Images and words side by side: by hand-worked numbers, and by the space that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.exceptions import DimensionMismatchError, WeightsError
from search.methods.base import normalize_rows
from search.methods.naming import find_space
from search.methods.naming.named_classes import load_space, name_mixture, read_source, softmax
from search.methods.naming.space import FOLDER
from search.training.naming.space import fit_space, length_of, main_directions, write_space
from tests.search.methods.conftest import random_names, random_network


def test_probabilities() -> None:
    np.testing.assert_allclose(softmax(np.log([[1.0, 3.0], [2.0, 2.0]])), [[0.25, 0.75], [0.5, 0.5]])


def test_names_are_mixed_by_the_probabilities_of_the_likeliest() -> None:
    names = np.eye(3, dtype=np.float32)
    logits = 2 * np.log(np.array([[1, 3, 1e-9]], np.float32))  # at a temperature of 2
    np.testing.assert_allclose(name_mixture(logits, names), [[0.25, 0.75, 0]], atol=1e-6)


def test_main_directions() -> None:
    rows = np.array([[3, 0, 0], [0, 1, 0]], np.float32)
    np.testing.assert_allclose(np.abs(main_directions(rows, 1)), [[1], [0], [0]], atol=1e-6)


def test_the_typical_length_follows_from_the_logits() -> None:
    assert length_of(random_network("any", 8)) == pytest.approx(5)


def test_it_works() -> None:
    source = read_source(next(FOLDER.glob("names-*.npz")))
    space = find_space(source)
    rows = space.place(["a dog at night", "黑夜里的狗", "dog", "a red car"])
    assert rows.shape == (4, space.dim)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    same, other = rows[0] @ rows[1], rows[0] @ rows[3]
    assert same > other + 0.2
    assert rows[1] @ rows[2] > other + 0.2
    np.testing.assert_allclose(
        rows,
        np.concatenate(
            [space.place([t]) for t in ("a dog at night", "黑夜里的狗")] + [space.place(["dog", "a red car"])]
        ),
        atol=1e-5,
    )
    background = space.background()
    assert background.shape[1] == space.dim
    np.testing.assert_allclose(np.linalg.norm(background, axis=1), 1, atol=1e-5)


def test_a_picture_of_a_class_is_found_by_its_name(tmp_path: Path) -> None:
    network = random_network("any", 8)
    path = tmp_path / "names-any.npz"
    write_space(fit_space(network, random_names, ["dog"], 20, path), path)
    space = load_space(path)
    rows = space.rows(normalize_rows(network.weights))
    looks = space.arrays["classes"]
    best = np.argmax(rows[:, -looks.shape[1] :] @ normalize_rows(looks).T, axis=1)
    assert np.mean(best == np.arange(1000)) > 0.95


def test_a_space_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "names-any.npz"
    fitted = fit_space(random_network("1-any", 8), random_names, ["dog", "cat"], 20, path)
    write_space(fitted, path)
    read = load_space(path)
    assert (read.source, read.scale, read.dim) == (fitted.source, fitted.scale, fitted.dim)
    for name, array in fitted.arrays.items():
        np.testing.assert_array_equal(read.arrays[name], array)
    np.testing.assert_allclose(read.background(), fitted.phrases, atol=1e-3)
    assert find_space("1-any", tmp_path).version == read.version


def test_rows_of_another_length_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "names-any.npz"
    write_space(fit_space(random_network("any", 8), random_names, ["dog"], 20, path), path)
    with pytest.raises(DimensionMismatchError) as caught:
        load_space(path).rows(np.ones((2, 9), np.float32))
    assert caught.value.code == "rows_of_another_length"


def test_a_network_without_a_space_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        find_space("1-encoder", tmp_path)
    assert (caught.value.code, caught.value.params) == ("names_nothing", {"source": "1-encoder"})


def test_a_damaged_space_is_named(tmp_path: Path) -> None:
    whole = next(FOLDER.glob("names-*.npz")).read_bytes()
    path = tmp_path / "names-torn.npz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError) as caught:
        find_space("any", tmp_path)
    assert caught.value.code == "names_damaged"


def test_the_spaces_that_ship_are_small() -> None:
    for path in FOLDER.glob("names-*.npz"):
        assert path.stat().st_size <= 2_000_000
