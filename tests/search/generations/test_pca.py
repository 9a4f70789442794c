"""Reduction: a small basis keeps dot products, and as much of the nearest rows as is promised."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from search.generations import pca
from search.generations.pca import fit_reduction, measure_recall, principal_directions, reduce_rows
from search.generations.recall import kth_scores
from search.methods.base import normalize_rows


def flat_cloud(rng: np.random.Generator, num_rows: int, dim: int, latent: int, noise: float) -> NDArray[np.float32]:
    """Return rows about a mean away from the origin that vary along a few directions, and a little along all."""
    axes = rng.normal(size=(latent, dim))
    points = 2 * rng.normal(size=dim) + rng.normal(size=(num_rows, latent)) @ axes
    return normalize_rows(points + noise * rng.normal(size=(num_rows, dim)))


@pytest.fixture(autouse=True)
def few_rows_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "MIN_NUMBERS", 0)


def test_it_works(rng: np.random.Generator) -> None:
    vectors = flat_cloud(rng, 1500, 64, 10, 0.05)
    found = fit_reduction(vectors, np.arange(1500), seed=1)
    assert found is not None
    assert found.basis.shape[0] == 64
    assert 5 <= found.basis.shape[1] <= 16
    assert 0.95 <= found.variance <= 1
    assert found.recall >= 0.995
    reduced = np.concatenate(list(reduce_rows(vectors, found.basis)))
    assert reduced.shape == (1500, found.basis.shape[1])
    assert reduced.dtype == np.float32
    assert np.abs(reduced @ reduced[:50].T - vectors @ vectors[:50].T).mean() < 0.03


def test_wide_rows_are_cut_to_256_numbers(rng: np.random.Generator) -> None:
    """Their variance is spread over more directions, as that of a network's activations is."""
    vectors = normalize_rows(rng.normal(size=(1000, 400)) * np.linspace(2, 1, 400))
    _directions, kept = principal_directions(vectors)
    assert kept[255] < 0.9
    found = fit_reduction(vectors, np.arange(1000), seed=1)
    assert found is not None
    assert found.basis.shape == (400, 256)
    assert found.variance == pytest.approx(kept[255], abs=1e-6)
    assert found.recall >= 0.995


def test_the_basis_is_orthonormal_and_starts_along_the_mean(rng: np.random.Generator) -> None:
    sample = flat_cloud(rng, 300, 20, 4, 0.1)
    directions, kept = principal_directions(sample)
    np.testing.assert_allclose(directions.T @ directions, np.eye(20), atol=1e-5)
    mean = sample.mean(axis=0)
    np.testing.assert_allclose(directions[:, 0] @ mean, np.linalg.norm(mean), rtol=1e-5)
    assert (np.diff(kept) >= -1e-9).all()
    assert kept[-1] == pytest.approx(1)


def test_all_directions_together_change_nothing(rng: np.random.Generator) -> None:
    sample = flat_cloud(rng, 100, 12, 3, 0.1)
    directions, _ = principal_directions(sample)
    np.testing.assert_allclose((sample @ directions) @ (sample @ directions).T, sample @ sample.T, atol=1e-5)


def test_what_is_kept_is_the_share_of_the_variance(rng: np.random.Generator) -> None:
    sample = np.array([[2, 0, 0], [2, 3, 0], [2, -3, 0], [2, 0, 1], [2, 0, -1]], np.float32)
    directions, kept = principal_directions(sample)
    np.testing.assert_allclose(np.abs(directions), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(kept, [0, 18 / 20, 1], atol=1e-6)


def test_rows_that_are_all_one_lose_nothing() -> None:
    sample = normalize_rows(np.ones((5, 4)))
    directions, kept = principal_directions(sample)
    np.testing.assert_allclose(directions.T @ directions, np.eye(4), atol=1e-6)
    np.testing.assert_allclose(np.abs(sample @ directions[:, 0]), 1, atol=1e-6)
    assert (kept == 1).all()


def test_the_basis_grows_until_enough_is_found(rng: np.random.Generator) -> None:
    """Nearest rows that lie within the last few percent of the variance are not given up."""
    centers = normalize_rows(rng.normal(size=(100, 6))) @ rng.normal(size=(6, 96))
    vectors = normalize_rows(np.repeat(centers, 20, axis=0) + 0.3 * rng.normal(size=(2000, 96)))
    directions, _kept = principal_directions(vectors)
    queries = np.arange(0, 2000, 20)
    floors = kth_scores(vectors, queries, 20)
    small = measure_recall(vectors, np.ascontiguousarray(directions[:, :4]), queries, floors, candidates=21)
    large = measure_recall(vectors, np.ascontiguousarray(directions[:, :60]), queries, floors, candidates=21)
    assert small < large < 1
    assert measure_recall(vectors, directions, queries, floors, candidates=40) == 1


def test_a_larger_basis_is_taken_where_the_first_finds_too_little(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = flat_cloud(rng, 1000, 64, 10, 0.05)
    first = fit_reduction(vectors, np.arange(1000), seed=1)
    assert first is not None
    told = iter([0.9, 0.99, 1.0])
    monkeypatch.setattr(pca, "measure_recall", lambda *_: next(told))
    second = fit_reduction(vectors, np.arange(1000), seed=1)
    assert second is not None
    assert second.basis.shape[1] > 1.25 * first.basis.shape[1]
    assert second.recall == 1


def test_rows_that_fill_the_space_stay_as_they_are(rng: np.random.Generator) -> None:
    assert fit_reduction(normalize_rows(rng.normal(size=(1000, 32))), np.arange(1000), seed=1) is None


def test_few_rows_stay_as_they_are(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = flat_cloud(rng, 127, 64, 5, 0.01)
    assert fit_reduction(vectors, np.arange(127), seed=1) is None
    monkeypatch.setattr(pca, "MIN_NUMBERS", 2**20)
    assert fit_reduction(flat_cloud(rng, 1000, 64, 5, 0.01), np.arange(1000), seed=1) is None


def test_rows_that_hold_nothing_take_no_part(rng: np.random.Generator) -> None:
    vectors = flat_cloud(rng, 800, 32, 4, 0.02)
    rows = np.arange(0, 800, 2)
    blank = vectors.copy()
    blank[1::2] = 0
    alone, among = fit_reduction(vectors[rows], np.arange(400), seed=1), fit_reduction(blank, rows, seed=1)
    assert alone is not None
    assert among is not None
    np.testing.assert_allclose(np.abs(alone.basis), np.abs(among.basis), atol=1e-4)
