"""Measured by verdicts: what a method that cannot tell images apart is worth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gallery.models import Image
from review.verdicts.record import record
from search.evaluation.by_verdicts import measure_by_verdicts
from search.evaluation.plan import MeasurementPlan
from search.evaluation.rankings import fusions
from search.generations import snapshot
from search.generations.snapshot import current_snapshot
from search.methods.base import normalize_rows
from tests.search.library import add_features, add_images
from tests.search.plug_ins import Gray

pytestmark = pytest.mark.django_db
NUM = 20


def test_equal_scores_are_not_put_in_the_order_in_which_images_came(plug_in_methods: Callable[..., None]) -> None:
    plug_in_methods(Gray)
    snapshot.forget()
    ids = add_images(1 + 2 * NUM)
    add_features(ids, {"gray": normalize_rows(np.ones((len(ids), 8)))})
    hub, *others = Image.objects.order_by("pk").values_list("sha256", flat=True)
    for place, other in enumerate(others):
        record(hub, other, "same" if place < NUM else "different", author_name="ada")
    plan = MeasurementPlan(current_snapshot(), fusions(None), None, 100, lambda _what, _done, _all: None)
    figures = measure_by_verdicts(plan).as_document()["methods"]["gray"]
    assert 0.3 < figures["map"] < 0.7
    assert figures["pair_auc"] == 0.5
