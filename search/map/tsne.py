"""t-SNE by openTSNE: a map of rows in which neighbors stay neighbors, and places in it for rows that come later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from search.map.projection import plane_of

PERPLEXITY = 30.0
MIN_ROWS = 4
"""Below so many rows there are no neighborhoods to keep, and the plane of most variance is the map."""
EARLY_STEPS, STEPS, REPORT_STEPS = 250, 500, 50
EARLY_EXAGGERATION = 12
START_SPREAD, JITTER = 1e-4, 1e-6
PLACING_PERPLEXITY = 5.0
PLACING_STEPS, PLACING_EXAGGERATION, PLACING_RATE, PLACING_GRADIENT = 250, 1.5, 0.1, 0.25
THREADS = 1
"""openTSNE's threads wait for each other by spinning: on shared processors two took up to 100 times as long."""

Progress = Callable[[float], None]
"""Told which share of the work is done, 0..1."""


def nearest(
    queries: NDArray[np.float32], rows: NDArray[np.float32], k: int, *, itself: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the rows nearest to queries, exactly, by Euclidean distance.

    Parameters
    ----------
    queries : ndarray of shape (q, dim), float32
    rows : ndarray of shape (n, dim), float32
    k : neighbors wanted, at most n
    itself : False: query i is row i, which is not its own neighbor; then k is at most n - 1

    Returns
    -------
    neighbors : ndarray of shape (q, k), int64: row numbers, nearest first
    distances : ndarray of shape (q, k), float64
    """
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows)
    distances, neighbors = index.kneighbors(queries if itself else None)
    return neighbors, np.asarray(distances, np.float64)


def fit_tsne(rows: NDArray[np.float32], seed: int, progress: Progress = lambda _share: None) -> NDArray[np.float32]:
    """Lay rows out in two dimensions so that near rows stay near.

    Parameters
    ----------
    rows : ndarray of shape (n, k), float32, finite: coordinates along principal directions, strongest first; their
        first two are where the layout starts, so that its large shape is that of the data
    seed : of the small shifts that part equal rows
    progress : told how far it is

    Returns
    -------
    points : ndarray of shape (n, 2), float32; for fewer than 4 rows the first two columns

    References
    ----------
    van der Maaten, L. and Hinton, G. (2008). Visualizing data using t-SNE. Poličar, P. et al. (2024). openTSNE. For
    start and learning rate: Kobak, D. and Berens, P. (2019). The art of using t-SNE for single-cell transcriptomics.
    """
    if len(rows) < MIN_ROWS:
        return plane_of(rows)
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    num_neighbors = min(len(rows) - 1, int(3 * perplexity))
    index = PrecomputedNeighbors(*nearest(rows, rows, num_neighbors, itself=False))
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=THREADS)
    embedding = TSNEEmbedding(_start(rows, seed), affinities, n_jobs=THREADS, random_state=seed)
    progress(0.1)
    for steps, exaggeration, first in ((EARLY_STEPS, EARLY_EXAGGERATION, 0), (STEPS, None, EARLY_STEPS)):

        def observe(step: int, _error: float, _points: object, first: int = first) -> None:
            progress(0.1 + 0.9 * (first + step) / (EARLY_STEPS + STEPS))

        embedding = embedding.optimize(
            steps, exaggeration=exaggeration, momentum=0.8, callbacks=observe, callbacks_every_iters=REPORT_STEPS
        )
    return np.asarray(embedding, np.float32)


def place_tsne(
    rows: NDArray[np.float32], reference: NDArray[np.float32], points: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Find places for new rows in a finished layout, which stays as it is.

    Each new row starts in the middle of its nearest neighbors and is then drawn to them and pushed from the others by
    t-SNE's own forces; new rows do not see each other, so a row's place does not depend on what came with it.

    Parameters
    ----------
    rows : ndarray of shape (q, k), float32: the new rows, along the directions of the layout
    reference : ndarray of shape (n, k), float32: the rows laid out
    points : ndarray of shape (n, 2), float32: their places

    Returns
    -------
    places : ndarray of shape (q, 2), float32

    References
    ----------
    Poličar, P., Stražar, M. and Zupan, B. (2021). Embedding to reference t-SNE space.
    """
    if not len(rows):
        return np.empty((0, 2), np.float32)
    if len(reference) < MIN_ROWS:
        return plane_of(rows)
    from openTSNE.affinity import PrecomputedAffinities, joint_probabilities_nn
    from openTSNE.tsne import PartialTSNEEmbedding, TSNEEmbedding
    from scipy.sparse import csr_matrix

    num_neighbors = min(len(reference), int(3 * PLACING_PERPLEXITY))
    neighbors, distances = nearest(rows, reference, num_neighbors)
    attraction = joint_probabilities_nn(
        neighbors,
        distances,
        [min(PLACING_PERPLEXITY, num_neighbors / 3)],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=len(reference),
        n_jobs=THREADS,
    )
    middle = (points.max(axis=0) + points.min(axis=0)) / 2  # openTSNE moves a layout to its middle
    nothing = PrecomputedAffinities(csr_matrix((len(points), len(points))), normalize=False)
    layout = TSNEEmbedding(points - middle, nothing, n_jobs=THREADS)
    start = np.median(points[neighbors], axis=1) - middle
    # The grid of its other method stops rows inside the layout: with it one in ten fewer ended beside their like.
    partial = PartialTSNEEmbedding(start, layout, attraction, n_jobs=THREADS, negative_gradient_method="bh")
    partial.optimize(
        PLACING_STEPS,
        inplace=True,
        exaggeration=PLACING_EXAGGERATION,
        learning_rate=PLACING_RATE,
        momentum=0.8,
        max_grad_norm=PLACING_GRADIENT,
        max_step_norm=None,
    )
    return np.asarray(partial + middle, np.float32)


def _start(rows: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Return the first two columns, made small, and shifted a little so that equal rows can part."""
    plane = plane_of(rows).astype(np.float64)
    spread = float(plane[:, 0].std()) or 1.0
    plane *= START_SPREAD / spread
    shift: NDArray[np.float64] = np.random.default_rng(seed).normal(0, JITTER, plane.shape)
    return plane + shift
