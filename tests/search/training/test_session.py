from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import TrainingError
from search.training.recipe import Recipe
from search.training.session import Batch, Session, spread
from tests.codes import refused

ROOT = Path(__file__).resolve().parents[3]
RECIPE = Recipe(widths=(8, 12), depth=1, stem=4, batch=8)


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def make_batch(side: int = 32) -> Batch:
    rng = np.random.default_rng(5)
    pixels = rng.uniform(0, 255, (8, side, side, 3)).astype(np.float32)
    return pixels, unit(rng.normal(size=(8, 8))), unit(rng.normal(size=(8, 4, 4, 8)))


@pytest.fixture(scope="module")
def trained(uncompiled: None) -> Session:
    session = Session(RECIPE, 8)
    for _step in range(4):
        session.learn(make_batch(), 1e-2)
    return session


def test_it_works(uncompiled: None) -> None:
    session = Session(RECIPE, 8)
    session.learn(make_batch(), 1e-2)
    first = session.figures()
    assert set(first) == {"loss", "wholes", "likeness", "places"}
    assert first["loss"] == pytest.approx(first["wholes"] + 4 * first["likeness"] + 0.5 * first["places"], rel=1e-5)
    for _step in range(6):
        session.learn(make_batch(), 1e-2)
    assert session.figures()["loss"] < first["loss"]
    assert session.figures() == {}


def test_losses_by_hand(keras: Any) -> None:
    """Two rows at a right angle whose targets are equal: cosines 1 and 0, one similarity of 0 instead of 1."""
    from search.training.distiller import Distiller

    inputs = keras.Input((2,))
    distiller = Distiller(keras.Model(inputs, inputs), 4.0, 0.5)
    rows = np.array([[3, 0], [0, 5]], np.float32)
    target = np.array([[1, 0], [1, 0]], np.float32)
    places = np.zeros((2, 1, 1, 2), np.float32)
    places[..., 0] = 2
    loss = distiller.compute_loss(y=(target, -places / 2), y_pred=(rows, places))
    assert [float(mean.result()) for mean in distiller.means] == pytest.approx([0.5, 0.5, 2.0])
    assert float(loss) == pytest.approx(0.5 + 4 * 0.5 + 0.5 * 2.0)


def test_maps_of_other_sizes_are_compared(uncompiled: None) -> None:
    session = Session(RECIPE, 8)
    session.learn(make_batch(side=48), 1e-3)  # 6 x 6 places against 4 x 4 targets
    assert np.isfinite(session.figures()["places"])


def test_sixteen_bits_learn_too(uncompiled: None, tmp_path: Path) -> None:
    import keras

    session = Session(replace(RECIPE, precision="bfloat16"), 8)
    assert keras.config.dtype_policy().name == "float32"  # what others build stays as it was
    assert {weights.dtype for weights in session.encoder.weights} == {"float32"}
    assert {output.dtype for output in session.encoder.outputs} == {"bfloat16"}
    session.learn(make_batch(), 1e-2)
    first = session.figures()["loss"]
    for _step in range(10):
        session.learn(make_batch(), 1e-2)
    assert session.figures()["loss"] < first
    assert session.embed(np.zeros((2, 32, 32, 3), np.uint8)).dtype == np.float32
    session.save(tmp_path / "it.npz", {"step": 11})
    assert Session(RECIPE, 8).restore(tmp_path / "it.npz") == {"step": 11}


@pytest.mark.slow
def test_restored_it_goes_on_the_same(trained: Session, tmp_path: Path) -> None:
    trained.save(tmp_path / "it.npz", {"step": 12, "curve": [{"loss": 0.5}]})
    again = Session(RECIPE, 8)
    assert again.restore(tmp_path / "it.npz") == {"step": 12, "curve": [{"loss": 0.5}]}
    for session in (trained, again):
        session.learn(make_batch(), 1e-3)
    for one, other in zip(trained.encoder.get_weights(), again.encoder.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_allclose(
        trained.embed(np.zeros((2, 32, 32, 3), np.uint8)), again.embed(np.zeros((2, 32, 32, 3), np.uint8)), atol=1e-5
    )


def test_lending_the_mean_changes_nothing(trained: Session) -> None:
    before = [each.copy() for each in trained.encoder.get_weights()]
    with trained.averaged() as encoder:
        assert any(not np.array_equal(one, other) for one, other in zip(before, encoder.get_weights(), strict=True))
    for one, other in zip(before, trained.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_have_length_one(trained: Session) -> None:
    rows = trained.embed(np.random.default_rng(1).integers(0, 256, (130, 32, 32, 3), np.uint8))
    assert rows.shape == (130, 8)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_cut_checkpoint_is_refused(trained: Session, tmp_path: Path) -> None:
    path = tmp_path / "it.npz"
    trained.save(path, {})
    path.write_bytes(path.read_bytes()[:-2000])
    with refused(TrainingError, "checkpoint_unusable", path=str(path)):
        trained.restore(path)


def test_a_checkpoint_of_another_network_is_refused(trained: Session, tmp_path: Path) -> None:
    path = tmp_path / "it.npz"
    trained.save(path, {})
    other = Session(Recipe(widths=(8, 16), depth=1, stem=4), 8)
    before = other.encoder.get_weights()
    with refused(TrainingError, "checkpoint_unusable", cause={"code": "of_another_network", "params": {}}):
        other.restore(path)
    for one, two in zip(before, other.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_targets_are_spread_by_hand() -> None:
    """Two places become four, their centers at 0 (held), 1/4, 3/4 and 1 (held) between those of the two."""
    places = np.zeros((1, 2, 2, 2), np.float32)
    places[:, :, 0, 0] = places[:, :, 1, 1] = 1
    found = spread(places, 4)
    np.testing.assert_allclose(found[0, 0], unit(np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])), atol=1e-6)
    np.testing.assert_array_equal(found[0, 0], found[0, 3])
    assert spread(places, 2) is places
    np.testing.assert_allclose(spread(found, 2)[0, 0], unit(np.array([[0.9, 0.13], [0.13, 0.9]])), atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_backend_trains_it(backend: str) -> None:
    """Compiled, as in use, and with pictures that grow."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    program = f"""
import numpy as np
from search.training.recipe import use_backend
use_backend("{backend}")
from tests.search.training.test_session import RECIPE, make_batch
from search.training.session import Session
session = Session(RECIPE, 8)
session.learn(make_batch(), 1e-2)
first = session.figures()["loss"]
for _step in range(15):
    session.learn(make_batch(), 1e-2)
assert session.figures()["loss"] < first
with session.averaged():
    pass
for side in (48, 64):
    session.learn(make_batch(side), 1e-2)
assert np.isfinite(session.figures()["loss"])
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
