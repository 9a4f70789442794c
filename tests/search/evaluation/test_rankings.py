"""Rankings of one query: what each method says, and the fusions of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.evaluation import rankings as judging
from search.evaluation.rankings import REFERENCE_WEIGHTS, Field, Judge, fusions, make_field
from search.features import registry
from search.methods.base import Method, RerankMethod, normalize_rows
from search.scoring.calibration import fit, rarity_of
from search.scoring.fusion import fuse
from search.scoring.segments import MethodRows, MethodTables, Segment, Snapshot
from search.types import RGBImage, Scores, Vectors


class Near(Method):
    """Compares unit vectors."""

    name = "color"
    version = "1"  # type: ignore[assignment]
    dim = 4  # type: ignore[assignment]

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        raise NotImplementedError


class Again(RerankMethod):
    """Counts how often it is asked, and says what the only number of the row says."""

    name = "ssim"
    version = "1"  # type: ignore[assignment]
    dim = 1  # type: ignore[assignment]
    seen = 0

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        raise NotImplementedError

    def scores(self, query: NDArray[Any], vectors: Vectors) -> Scores:
        self.seen += len(vectors)
        return np.asarray(vectors[:, 0], np.float32)


@pytest.fixture
def field(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Field:
    """Fifty images, of which the last lacks the second method."""
    near = normalize_rows(rng.normal(size=(50, 4)))
    again = rng.random((50, 1)).astype(np.float32) + 0.1
    present = np.arange(50) < 49
    rows = {"color": MethodRows("1", near), "ssim": MethodRows("1", again, present)}
    segment = Segment(np.arange(100, 150), np.ones(50, bool), rows)
    tables = {name: MethodTables(fit(rng.random(500).astype(np.float32))) for name in rows}
    known = {"color": Near(), "ssim": Again()}
    monkeypatch.setattr(registry, "methods", lambda: known)
    return make_field(Snapshot((segment,), tables), np.arange(149, 99, -1))


def test_it_works(field: Field) -> None:
    judge = Judge(field, {"default": {"color": 0.3, "ssim": 0.7}, "equal": {"color": 1.0, "ssim": 1.0}})
    found = judge.of_row(7)
    fused = {("fused", name) for name in ("default", "equal", "proven")}
    assert set(found) == {("methods", "color"), ("methods", "ssim"), *fused}
    np.testing.assert_allclose(found["fused", "proven"], found["fused", "default"] / 2)  # nothing is proven
    near = field.rows["color"][0]
    assert found["methods", "color"] == pytest.approx(near @ near[7])
    tables = field.snapshot.tables
    rarities = np.array([rarity_of(tables[name].raw.decades_of(found["methods", name])) for name in ("color", "ssim")])
    assert found["fused", "default"] == pytest.approx(fuse(rarities, np.array([0.3, 0.7])), abs=1e-6)


def test_rows_are_those_of_the_images_asked_for(field: Field) -> None:
    assert field.image_ids[0] == 149
    assert not field.rows["ssim"][1][0]  # the image that lacks the method
    assert field.vectors_of(0).keys() == {"color"}
    assert field.version_of("color") == "1"


def test_what_a_method_lacks_is_missing_not_zero(field: Field) -> None:
    found = Judge(field, {"default": {"color": 0.0, "ssim": 1.0}}).of_row(3)
    assert np.isnan(found["methods", "ssim"][0])
    assert np.isnan(found["fused", "default"][0])
    assert not np.isnan(found["fused", "default"][1:]).any()


def test_rankings_that_say_nothing_are_left_out(field: Field) -> None:
    found = Judge(field, {"default": {"color": 0.0, "ssim": 1.0}}).of_row(0)
    assert set(found) == {("methods", "color")}


def test_re_ranking_methods_see_the_best_only(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "RERANK_DEPTH", 10)
    found = Judge(field, {"default": {"color": 1.0, "ssim": 1.0}}).of_row(5)
    near = found["methods", "color"]
    decades = field.snapshot.tables["color"].raw.decades_of(near.astype(np.float32))
    reranked = np.argsort(-decades, kind="stable")[:10]
    again = found["methods", "ssim"]
    assert np.count_nonzero(again[1:] > 0) <= 10
    assert (again[reranked[reranked != 0]] > 0).all()
    method = registry.methods()["ssim"]
    assert isinstance(method, Again)
    assert method.seen == 10


def test_equal_fused_scores_are_told_apart_by_the_raw_ones(field: Field) -> None:
    judge = Judge(field, {"default": {"color": 1.0}})
    found = judge.of_row(5)
    rarities = rarity_of(field.snapshot.tables["color"].raw.decades_of(found["methods", "color"]))
    lowest = np.flatnonzero(rarities == rarities.min())
    assert len(lowest) > 2
    order = np.argsort(found["methods", "color"][lowest])
    assert (np.diff(found["fused", "default"][lowest][order]) > 0).all()


def test_raw_sums_take_the_plain_histogram_for_color(field: Field) -> None:
    reference = np.linspace(-1, 1, 50, dtype=np.float32)
    found = Judge(field, {"default": {"color": 1.0, "ssim": 0.0}}).rankings(field.vectors_of(5), reference)
    assert found["reference", "guide_color"] == pytest.approx(reference)
    color, ssim = REFERENCE_WEIGHTS["color"], REFERENCE_WEIGHTS["ssim"]
    structure = found["methods", "ssim"]
    mixed = (color * reference + ssim * structure) / (color + ssim)
    expected = np.where(np.isnan(structure), reference, mixed)
    assert found["reference", "raw_sum"] == pytest.approx(expected, abs=1e-6)


def test_the_weights_of_the_textbook_are_measured_on_rarities_too(field: Field) -> None:
    judge = Judge(field, {"same": REFERENCE_WEIGHTS})
    found = judge.rankings(field.vectors_of(5), np.linspace(-1, 1, 50, dtype=np.float32))
    assert found["reference", "guide_sum"] == pytest.approx(found["fused", "same"], abs=1e-3)


def test_fusions_are_named() -> None:
    assert list(fusions(None))[:2] == ["default", "equal"]
    found = fusions({"color": 0.25})
    assert found["learned"]["color"] == 0.25
    assert found["learned"]["deep"] == 0
    assert "copyright" in found
    assert "general" not in found
