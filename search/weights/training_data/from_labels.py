"""Queries by labels: each image should find the others of its label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.evaluation.judged_pairs import LABELS
from search.evaluation.rankings import make_field
from search.exceptions import SearchError
from search.weights.training_data.scored_queries import POOL_IMAGES, QueryPool, ScoredQueries, ScoredQuery, score_query

IMAGES_PER_LABEL = 40
"""Images of one label that are used; of larger ones so many are drawn, so that none crowds out the others."""


def gather_labels(pool: QueryPool) -> ScoredQueries:
    """Ask for the images of a label by those of the label.

    Raises
    ------
    SearchError : fewer than two labels have two images with features each
    """
    listed = np.array(list(pool.images.exclude(label="").values_list("pk", "label")), object).reshape(-1, 2)
    places = draw_places(listed[:, 1].astype(np.str_), pool.generator)
    field = make_field(pool.snapshot, listed[places, 0].astype(np.int64))
    labels = listed[places, 1].astype(np.str_)
    described = np.zeros(len(labels), bool)
    for _vectors, present in field.rows.values():
        described |= present
    _values, groups, counts = np.unique(labels[described], return_inverse=True, return_counts=True)
    if (num_shared := int(np.count_nonzero(counts > 1))) < 2:
        raise SearchError("too_few_labels", num=num_shared)
    rows = np.flatnonzero(described)[counts[groups] > 1]
    if len(rows) > pool.max_queries:
        rows = np.sort(pool.generator.choice(rows, pool.max_queries, replace=False))
    queries: list[ScoredQuery] = []
    for done, row in enumerate(rows.tolist()):
        pool.progress(LABELS, done, len(rows))
        # What no method has described can be found by no weights.
        left_out = ~described | (np.arange(len(labels)) == row)
        queries.append(score_query(field, field.vectors_of(row), left_out, labels == labels[row], str(labels[row])))
    return ScoredQueries(field, set(field.rows), {LABELS: queries})


def draw_places(labels: NDArray[np.str_], generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw the images to use: whole labels in any order, at most IMAGES_PER_LABEL of each, until POOL_IMAGES are there.

    Labels of a single image come last: no query is made of them, they only stand among the wrong answers.

    Returns
    -------
    places : ndarray, ascending
    """
    chosen: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    num_chosen = 0
    values, counts = np.unique(labels, return_counts=True)
    parts = (values[counts > 1], values[counts == 1])
    for label in np.concatenate([generator.permutation(part) for part in parts]):
        members = np.flatnonzero(labels == label)
        if len(members) > IMAGES_PER_LABEL:
            members = generator.choice(members, IMAGES_PER_LABEL, replace=False)
        # A label comes whole or not at all: of half a label, right answers would be missing.
        if num_chosen + len(members) > POOL_IMAGES:
            break
        chosen.append(members)
        num_chosen += len(members)
    return np.sort(np.concatenate(chosen))
