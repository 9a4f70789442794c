"""Training data of weights: labelled queries of this library, with every method's rarities.

Three kinds of knowledge: labels (images of one label belong together), copies edited here (the right answer is the
image that they were made of), and pairs that people judged. All of it is bounded: large libraries are sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from django.conf import settings

from gallery.models import Image
from search.evaluation import judged_pairs
from search.exceptions import SearchError
from search.generations.snapshot import current_snapshot
from search.methods import METHODS
from search.weights.learning import LabelledQuery
from search.weights.training_data.from_copies import gather_copies
from search.weights.training_data.from_labels import gather_labels
from search.weights.training_data.from_verdicts import gather_pairs
from search.weights.training_data.scored_queries import Progress, QueryPool, ScoredQueries, TrainingData

__all__ = ["COPIES", "LABELS", "Progress", "TrainingData", "check_sources", "gather", "source_names"]

LABELS, COPIES = judged_pairs.LABELS, "copies"
GATHERERS: dict[str, Callable[[QueryPool], ScoredQueries]] = {LABELS: gather_labels, COPIES: gather_copies}


def source_names() -> list[str]:
    """Return what can be learned from."""
    return [*GATHERERS, *(name for name in judged_pairs.source_names() if name not in GATHERERS)]


def check_sources(sources: Iterable[str]) -> list[str]:
    """Return the sources, each once.

    Raises
    ------
    SearchError : none is named, or one that is not known
    """
    wanted = list(dict.fromkeys(sources))
    unknown = [name for name in wanted if name not in source_names()]
    if unknown or not wanted:
        raise SearchError("no_such_source", name=", ".join(unknown), expected=source_names())
    return wanted


def gather(sources: Iterable[str], collection_id: int | None, max_queries: int, progress: Progress) -> TrainingData:
    """Gather queries of every kind named from the library.

    Parameters
    ----------
    sources : some of `source_names()`
    collection_id : images of this collection only; None = all
    max_queries : most queries of one set
    progress : called with how far it is

    Raises
    ------
    SearchError : a source is not known, or has too little to learn from
    """
    wanted = check_sources(sources)
    images = Image.objects.shown().order_by("pk")
    if collection_id is not None:
        images = images.filter(collections=collection_id)
    generator = np.random.default_rng(settings.ENV.index_seed)
    pool = QueryPool(images, collection_id, max_queries, current_snapshot(), generator, progress)
    found = [GATHERERS.get(name, lambda pool, name=name: gather_pairs(pool, name))(pool) for name in wanted]
    # One vector of weights has to rank all sets, so a method that is missing from one of them is left out.
    common = set.intersection(*(part.names for part in found))
    names = [name for name in METHODS if name in common]
    if not names:
        raise SearchError("no_method_described")
    sets = {
        key: [
            LabelledQuery(np.stack([query.rarities[name] for name in names]), query.relevant, query.group)
            for query in each
        ]
        for part in found
        for key, each in part.sets.items()
    }
    versions = {name: found[0].field.version_of(name) for name in names}
    # Sources share most of their images; the sum would count them twice.
    num_images = max(len(part.field.image_ids) for part in found)
    return TrainingData(names, sets, versions, pool.snapshot.generation_id, num_images)
