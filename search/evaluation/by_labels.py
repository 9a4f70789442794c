"""Measured by labels: every image that shares its label with another is a query, its label's images the answers."""

from __future__ import annotations

import numpy as np
from django.conf import settings

from gallery.models import Image
from search.evaluation.metrics import answerable
from search.evaluation.plan import REFERENCE_MAX_IMAGES, MeasurementPlan
from search.evaluation.rankings import Judge, make_field
from search.evaluation.reference_baseline import read_reference_colors
from search.evaluation.report import Scoreboard
from search.evaluation.tally import Tally
from search.exceptions import SearchError


def measure_by_labels(plan: MeasurementPlan) -> Scoreboard:
    """Query with the labelled images of a collection, or of the whole library, and judge by the labels.

    Raises
    ------
    SearchError : no two images with features share a label
    """
    images = Image.objects.shown().exclude(label="").order_by("pk")
    if plan.collection_id is not None:
        images = images.filter(collections=plan.collection_id)
    listed = np.array(list(images.values_list("pk", "label", "sha256")), object).reshape(-1, 3)
    # Shuffled, because equal scores keep the order of the rows, and images of one label were often stored together.
    listed = np.random.default_rng(settings.ENV.index_seed).permutation(listed)
    labels = listed[:, 1].astype(np.str_)
    field = make_field(plan.snapshot, listed[:, 0].astype(np.int64))
    queries = answerable(labels)
    if not field.rows or not len(queries):
        raise SearchError("no_label_shared")
    colors = (
        read_reference_colors(listed[:, 2].tolist(), plan.progress) if len(listed) <= REFERENCE_MAX_IMAGES else None
    )
    judge, tally = Judge(field, plan.weights, colors), Tally()
    queries = plan.draw(queries)
    for done, row in enumerate(queries.tolist(), start=1):
        plan.progress("queries", done, len(queries))
        tally.add(judge.of_row(row), np.asarray(labels == labels[row]), row)
    return Scoreboard(field, tally, num_queries=len(queries), num_labels=len(np.unique(labels)), curves_of_pairs=False)
