"""The ANN index against exact search, on a library that is indexed."""

from __future__ import annotations

import numpy as np
import pytest
from django.conf import LazySettings

from search.evaluation.index_recall import measure_index
from search.evaluation.plan import MeasurementPlan
from search.generations import build, snapshot
from tests.search.evaluation.test_reliability import no_report
from tests.search.library import add_library


@pytest.mark.django_db
def test_it_works(settings: LazySettings, rng: np.random.Generator) -> None:
    settings.ENV = settings.ENV.model_copy(update={"exact_search_max_images": 10})
    add_library(80, rng)
    build.build()
    found = measure_index(MeasurementPlan(snapshot.current_snapshot(), {}, None, 10, no_report))
    assert found is not None
    assert (found["neighbors"], found["queries"]) == (20, 50)
    assert set(found["methods"]) == {"color", "ssim", "texture"}
    for each in (found["fused"], *found["methods"].values()):
        assert 0.9 <= each["recall"] <= 1
        assert each["exact_ms"] > 0
        assert each["index_ms"] > 0


@pytest.mark.django_db
def test_exact_search_has_nothing_to_lose(rng: np.random.Generator) -> None:
    add_library(5, rng)
    build.build()
    assert measure_index(MeasurementPlan(snapshot.current_snapshot(), {}, None, 10, no_report)) is None
