"""The scored queries that every kind of training data is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.models import ImageQuerySet
from search.evaluation.rankings import Field
from search.features import registry
from search.scoring.segments import Snapshot
from search.weights.learning import LabelledQuery

POOL_IMAGES = 2000
"""Images among which is searched; of larger libraries so many are drawn."""
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many of how many are done."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Queries by name of the set, all with the rarities of the same methods in the same order."""

    names: list[str]
    sets: dict[str, list[LabelledQuery]]
    versions: dict[str, str]
    generation_id: int | None
    num_images: int


@dataclass(frozen=True, slots=True)
class QueryPool:
    """What queries are drawn from: images in the order of their numbers, and how many queries are enough."""

    images: ImageQuerySet
    collection_id: int | None
    max_queries: int
    snapshot: Snapshot
    generator: np.random.Generator
    progress: Progress


@dataclass(frozen=True, slots=True)
class ScoredQuery:
    """A query and its candidates, as `search.weights.learning.LabelledQuery`, with the rarities held by method."""

    rarities: Mapping[str, NDArray[np.float32]]
    relevant: NDArray[np.bool_]
    group: str


@dataclass(frozen=True, slots=True)
class ScoredQueries:
    """The queries of one source, by set, and the methods that scored all of them."""

    field: Field
    names: set[str]
    sets: dict[str, list[ScoredQuery]]


def rarities_of(
    field: Field, vectors: Mapping[str, NDArray[Any]], rows: NDArray[np.intp] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Return each method's rarities of some of a field's images for one query; NaN where it has nothing to say.

    Parameters
    ----------
    field : the images
    vectors : one row of shape (dim,) per method; a method not named has nothing to say
    rows : of the field; None: all of them

    Returns
    -------
    rarities : by method, ndarrays of shape (len(rows),)
    """
    table = field.score(vectors, {name: registry.methods()[name] for name in field.rows}, rows)
    # Half the memory: learning holds thousands of queries of up to 2,000 candidates.
    return dict(zip(table.names, table.rarity.astype(np.float32), strict=True))


def score_query(
    field: Field,
    vectors: Mapping[str, NDArray[Any]],
    left_out: NDArray[np.bool_],
    relevant: NDArray[np.bool_],
    group: str,
) -> ScoredQuery:
    """Ask for the images of a field but some, of which it is known which are right."""
    kept = ~left_out
    rarities = {name: values[kept] for name, values in rarities_of(field, vectors).items()}
    return ScoredQuery(rarities, relevant[kept], group)
