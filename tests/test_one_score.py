"""One pair has one score: on the search page and the compare page, in review queues, duplicate scans and the lab.

Raw scores are float32. A dot product of unit vectors is a sum of up to 1280 products, and matrix products, blocks and
single rows sum them in different orders: they may differ by ROUNDING, and by no more. What follows from the raw scores
never falls with them, but may rise steeply: in a small library a rarity leaps where a single pair was. So a fused score
must lie between those of raw scores that are ROUNDING lower and ROUNDING higher, which is exact, and stays so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gallery.models import Collection, Image
from gallery.signals import images_removed
from review.duplicates.find import evidence
from review.duplicates.find.measure import METHODS as DUPLICATE_METHODS
from review.duplicates.find.measure import measure
from review.duplicates.find.pairs import Pairs
from search.evaluation.rankings import FUSED, Judge, make_field
from search.features import registry
from search.generations import collection_calibration, library_kinds
from search.generations import snapshot as generations_snapshot
from search.generations.build import build
from search.generations.snapshot import current_snapshot
from search.methods import METHODS
from search.methods.base import normalize_rows
from search.query.answer import search
from search.query.many_pairs import fused_scores
from search.query.pair_scores import PairScore, score_pair
from search.query.request import GalleryImage, SearchRequest
from search.scoring.fusion import check_weights, fuse
from search.scoring.kinds import KindPlaces
from search.scoring.score import tabulate
from search.scoring.segments import Snapshot
from search.types import Vectors
from search.weights.training_data.scored_queries import rarities_of
from tests.search.library import add_features, add_images, describe, pictures

pytestmark = pytest.mark.django_db
ROUNDING = 1e-6
SLACK = 2e-7
"""Rarities that weights are learned from are float32; the lab adds a 10⁻⁹th of the raw scores to part ties."""
OLDER, NEWER = 16, 6
WEIGHTS = st.dictionaries(st.sampled_from(list(METHODS)), st.sampled_from([0.0, 0.15, 0.4, 1.0]), min_size=1)
PLACES = st.integers(0, OLDER + NEWER - 1)
FIXED = hypothesis_settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)


@dataclass(frozen=True)
class Library:
    """Images of a generation, newer ones, two of them hidden, and a collection with random pairs of its own."""

    ids: list[int]
    hidden: frozenset[int]
    collection: Collection

    def snapshot(self, collection: Collection | None) -> Snapshot:
        found = current_snapshot()
        if collection is None:
            return found
        members = np.array(collection.images.values_list("pk", flat=True), np.int64)
        return collection_calibration.within(found, collection.pk, members)[0]


def add_some(num: int, rng: np.random.Generator) -> list[int]:
    """Add images, some of which lack methods, and one of which is flat and so without keypoints."""
    painted = [np.full((48, 48, 3), 90, np.uint8), *pictures(num - 1, rng)]
    ids = add_images(num)
    vectors: dict[str, Vectors] = dict(describe(painted, rng, ["color", "ssim", "texture", "phash", "local"]))
    for name in ("deep", "siamese"):  # as networks would describe them: any unit vectors
        vectors[name] = normalize_rows(rng.normal(size=(num, registry.methods()[name].dim)))
    for name, rows in vectors.items():
        num_lacking = 1 if name == "color" else num // 5
        lacking = rng.choice(np.arange(1, num), num_lacking, replace=False)
        kept = np.setdiff1d(np.arange(num), lacking).tolist()
        add_features([ids[place] for place in kept], {name: rows[kept]})
    return ids


@pytest.fixture
def library(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> Iterator[Library]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    monkeypatch.setattr(collection_calibration, "MIN_IMAGES", 8)
    generations_snapshot.forget()
    ids = add_some(OLDER, rng)
    # Sixteen images are too few to look for kinds among them; wherever kinds lie, all are to agree on them.
    places = KindPlaces(
        normalize_rows(rng.normal(size=(3, registry.methods()["deep"].dim))), np.arange(-1, 2, dtype=np.int8), 1
    )
    monkeypatch.setattr(library_kinds, "find_kinds", lambda *_asked: places)
    build()
    ids += add_some(NEWER, rng)
    current_snapshot()  # a process that has read the newer ones before one of them is hidden
    hidden = [ids[3], ids[OLDER + 1]]
    Image.objects.filter(pk__in=hidden).update(hidden=True)
    images_removed.send(sender=Image, image_ids=hidden)
    collection = Collection.objects.create(name="some")
    collection.images.set(Image.objects.filter(pk__in=ids[2:]))
    yield Library(ids, frozenset(hidden), collection)
    generations_snapshot.forget()


def bounds(pair: PairScore, snapshot: Snapshot, weights: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the fused scores of raw scores that are ROUNDING lower and higher than those of a pair."""
    names = list(pair.methods)
    raw = np.array([[pair.methods[name].raw] for name in names], np.float64)
    around = np.concatenate([raw - ROUNDING, raw + ROUNDING], axis=1)
    first, second = (snapshot.kinds_of(np.array([pk, pk])) for pk in (pair.first_id, pair.second_id))
    tables = snapshot.pair_tables(first, second)
    low, high = tabulate(names, around.astype(np.float32), tables, weights).fused.tolist()
    return None if np.isnan(low) else (low - SLACK, high + SLACK)


def agrees(score: float | None, limits: tuple[float, float] | None) -> bool:
    if limits is None or score is None or np.isnan(score):
        return limits is None and (score is None or bool(np.isnan(score)))
    return limits[0] <= score <= limits[1]


@FIXED
@given(WEIGHTS.filter(lambda weights: any(weights.values())), PLACES, PLACES, st.booleans())
def test_it_is_one_score_everywhere(
    library: Library, weights: dict[str, float], one: int, other: int, own_pairs: bool
) -> None:
    assume(one != other)
    first, second = library.ids[one], library.ids[other]
    collection = library.collection if own_pairs else None
    snapshot, every = library.snapshot(collection), check_weights(weights)
    compared = score_pair(first, second, weights, collection_id=collection and collection.pk)
    limits = bounds(compared, snapshot, every)
    assert agrees(compared.score, limits)
    if library.hidden & {first, second}:
        return  # hidden images are compared when somebody asks for them, and found by nothing

    # Review queues
    queued = fused_scores(snapshot, np.array([first]), np.array([second]), every, lambda _done, _total: None)
    assert agrees(float(queued[0]), limits)

    # The lab, and what weights are learned from
    field = make_field(snapshot, np.array([pk for pk in library.ids if pk not in library.hidden]))
    row, place = (int(np.flatnonzero(field.image_ids == pk)[0]) for pk in (first, second))
    judged = Judge(field, {"drawn": every}).of_row(row).get((FUSED, "drawn"))
    assert agrees(None if judged is None else float(judged[place]), limits)
    said = rarities_of(field, field.vectors_of(row))
    learned = fuse(np.array([said[name][[place]] for name in said]), np.array([every[name] for name in said]))
    assert agrees(float(learned[0]), limits)

    # The search page: it finds what any method that gathers candidates knows
    request = SearchRequest((GalleryImage(first),), collection=collection, weights=weights)
    results = {result.image_id: result for result in search(request).found.results}
    gathers = [name for name, weight in every.items() if weight > 0 and not METHODS[name].reranks]
    if second not in results:
        outside = own_pairs and second not in library.ids[2:]
        assert outside or all(compared.methods[name].missing for name in gathers)
        return
    assert agrees(results[second].score, limits)
    for name, said_of in results[second].methods.items():
        assert said_of.raw == pytest.approx(compared.methods[name].raw, abs=ROUNDING)


@FIXED
@given(PLACES, PLACES, st.booleans())
def test_duplicate_scans_score_as_the_compare_page_does(
    library: Library, one: int, other: int, own_pairs: bool
) -> None:
    assume(one != other)
    pairs = Pairs.listed([(library.ids[one], library.ids[other])])
    first, second = int(pairs.first[0]), int(pairs.second[0])
    assume(not library.hidden & {first, second})
    collection = library.collection if own_pairs else None
    snapshot = library.snapshot(collection)
    compared = score_pair(first, second, evidence.WEIGHTS, collection_id=collection and collection.pk)
    raw = dict(zip(DUPLICATE_METHODS, measure(snapshot, pairs), strict=True))
    kinds = (snapshot.kinds_of(np.array([pk])) for pk in (first, second))
    found = evidence.judge(raw, snapshot.pair_tables(*kinds), 1)
    limits = bounds(compared, snapshot, check_weights(evidence.WEIGHTS))
    assert agrees(float(found.score[0]), limits or (0, 0))
    for name, scores in raw.items():
        known = compared.methods[name].raw
        assert scores[0] == pytest.approx(np.nan if known is None else known, abs=ROUNDING, nan_ok=True)


def test_the_library_has_what_makes_scores_differ(library: Library) -> None:
    snapshot = library.snapshot(None)
    assert len(snapshot.segments) == 2
    for segment in snapshot.segments:
        assert len(np.unique(snapshot.kinds_of(segment.image_ids))) > 1
    assert snapshot.calibrations != library.snapshot(library.collection).calibrations
    assert all(not segment.searchable.all() for segment in snapshot.segments)
    flat = snapshot.vectors_of(library.ids[OLDER])
    assert flat is not None
    assert registry.methods()["local"].abstains(flat["local"])
    held = [snapshot.vectors_of(pk) for pk in library.ids if pk not in library.hidden]
    assert any(each is not None and len(each) < len(METHODS) for each in held)
