"""Matching: the same answer as brute force, whatever the route; what is missing or forbidden stays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.generations.pca import fit_reduction, reduce_rows
from search.generations.reader import open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import choose_backend
from search.index.base import Capabilities, Found
from search.index.exact import ExactBackend
from search.methods import Method, RerankMethod
from search.methods.base import normalize_rows
from search.methods.color import Color
from search.methods.phash import PHash
from search.methods.ssim import Ssim
from search.query.matching import fit_query, match
from search.query.ranking import Matches, explain
from search.scoring.score import tabulate
from search.scoring.segments import MethodIndex, MethodRows, MethodTables, Segment, Snapshot, fit_tables
from search.types import Result, RGBImage, Scores, Vectors
from tests.search.library import pictures


class Hidden(RerankMethod):
    """Rows of two bytes, alike where both are marked by the first. Keeps count of the rows that it compared."""

    name = "hidden"
    version = "1"
    dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[int] = []

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.uint8]:
        raise NotImplementedError

    def scores(self, query: NDArray[np.uint8], vectors: Vectors) -> Scores:
        self.compared.append(len(vectors))
        return np.asarray(vectors[:, 0] * query[0], np.float32)


METHODS: dict[str, Method] = {"color": Color(), "ssim": Ssim()}
WEIGHTS = {"color": 0.6, "ssim": 0.4}
NUM = 120
NONE = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def vectors() -> dict[str, Vectors]:
    painted = pictures(NUM, np.random.default_rng(20))
    return {name: method.describe(painted) for name, method in METHODS.items()}


def segment(vectors: dict[str, Vectors], rows: slice, present: NDArray[np.bool_] | None = None) -> Segment:
    ids = np.arange(1, NUM + 1)[rows]
    methods = {
        "color": MethodRows("1", vectors["color"][rows], present),
        "ssim": MethodRows("1", vectors["ssim"][rows], None, Ssim().proxy(vectors["ssim"][rows])),
    }
    return Segment(ids, np.ones(len(ids), bool), methods)


def snapshot(*segments: Segment) -> Snapshot:
    whole = segments[0]
    usable = np.arange(len(whole.image_ids))
    tables = {name: fit_tables(whole.methods[name], method, usable, seed=1) for name, method in METHODS.items()}
    return Snapshot(segments, tables)


def ask(found: Snapshot, query: dict[str, NDArray[np.generic]], **options: object) -> Matches:
    values: dict[str, object] = {"k": 10, "rerank_depth": 200, "exact_max": 10**6} | options
    return match(found, query, values.pop("weights", WEIGHTS), METHODS, **values)  # type: ignore[arg-type]


def row(vectors: dict[str, Vectors], place: int) -> dict[str, NDArray[np.generic]]:
    return {name: rows[place] for name, rows in vectors.items()}


def same(results: list[Result], others: list[Result]) -> bool:
    """Tell whether two answers are one but for the rounding of dot products."""
    pairs = zip(results, others, strict=True)
    return all((a.image_id, a.rank) == (b.image_id, b.rank) and abs(a.score - b.score) < 1e-5 for a, b in pairs)


def ids(matches: Matches) -> list[int]:
    return [result.image_id for result in matches.results]


def test_it_works(vectors: dict[str, Vectors]) -> None:
    found = ask(snapshot(segment(vectors, slice(None))), row(vectors, 7))
    assert (found.exact, found.num_candidates, len(found.results)) == (True, NUM, 10)
    best = found.results[0]
    assert (best.image_id, best.rank) == (8, 1)
    assert best.methods["color"].raw == pytest.approx(1, abs=1e-5)
    assert best.methods["ssim"].raw == pytest.approx(1, abs=1e-5)
    assert [result.score for result in found.results] == sorted((r.score for r in found.results), reverse=True)
    for result in found.results:
        assert sum(score.share or 0 for score in result.methods.values()) == pytest.approx(1)
        assert result.score == pytest.approx(
            sum(score.weight * (score.rarity or 0) for score in result.methods.values())
        )
        assert all(score.one_in is not None and score.one_in >= 1 for score in result.methods.values())


def test_it_equals_brute_force_when_all_are_reranked(vectors: dict[str, Vectors]) -> None:
    whole = snapshot(segment(vectors, slice(None)))
    query = row(vectors, 3)
    raw = np.array([METHODS[name].scores(query[name], vectors[name]) for name in METHODS])
    table = tabulate(list(METHODS), raw, whole.calibrations, WEIGHTS)
    expected = explain(table, np.arange(1, NUM + 1), NUM)
    assert same(ask(whole, query, k=NUM).results, expected)


def test_two_segments_answer_as_one(vectors: dict[str, Vectors]) -> None:
    whole = snapshot(segment(vectors, slice(None)))
    parts = Snapshot((segment(vectors, slice(0, 70)), segment(vectors, slice(70, None))), whole.tables)
    for depth in (12, 200):
        alone, together = (ask(found, row(vectors, 90), rerank_depth=depth) for found in (whole, parts))
        assert same(alone.results, together.results)


def test_what_is_reranked_is_scored_by_methods_of_weight_zero_too(vectors: dict[str, Vectors]) -> None:
    found = ask(snapshot(segment(vectors, slice(None))), row(vectors, 7), weights={"color": 1.0, "ssim": 0.0})
    score = found.results[3].methods["ssim"]
    assert score.raw is not None
    assert score.share == 0
    assert found.results[3].score == found.results[3].methods["color"].rarity


def test_ranks_are_those_among_what_is_reranked(vectors: dict[str, Vectors]) -> None:
    found = ask(snapshot(segment(vectors, slice(None))), row(vectors, 7), k=NUM)
    for name in METHODS:
        by_rank = sorted(found.results, key=lambda result: result.methods[name].rank or 0)
        raw = [result.methods[name].raw for result in by_rank]
        assert raw == sorted(raw, reverse=True)
        assert by_rank[0].methods[name].rank == 1


def test_what_a_row_lacks_is_missing_not_zero(vectors: dict[str, Vectors]) -> None:
    present = np.ones(NUM, bool)
    present[50:] = False
    whole = segment(vectors, slice(None), present)
    found = {r.image_id: r for r in ask(snapshot(whole), row(vectors, 7), k=NUM).results}
    assert len(found) == NUM
    lacking = found[60]
    assert lacking.methods["color"].raw is None
    assert lacking.methods["color"].share is None
    assert lacking.methods["ssim"].share == pytest.approx(1)
    assert lacking.score == lacking.methods["ssim"].rarity


def test_what_the_query_lacks_is_missing_everywhere(vectors: dict[str, Vectors]) -> None:
    query = {"ssim": vectors["ssim"][7]}
    found = ask(snapshot(segment(vectors, slice(None))), query)
    assert found.results[0].image_id == 8
    assert all(result.methods["color"].raw is None for result in found.results)


def test_a_method_that_is_no_longer_registered_is_left_out(vectors: dict[str, Vectors]) -> None:
    whole, query = snapshot(segment(vectors, slice(None))), row(vectors, 7)
    assert ask(whole, {**query, "smell": np.ones(3, np.float32)}) == ask(whole, query)


def test_nothing_to_go_by_finds_nothing(vectors: dict[str, Vectors]) -> None:
    whole = snapshot(segment(vectors, slice(None)))
    assert ask(whole, {}).results == []
    assert ask(whole, {"ssim": vectors["ssim"][7]}, weights={"color": 1.0, "ssim": 0.0}).results == []
    empty = Segment(np.empty(0, np.int64), np.empty(0, bool), {})
    assert ask(Snapshot((empty,), {}), row(vectors, 7)) == Matches([], 0, True)


def test_forbidden_images_are_not_found(vectors: dict[str, Vectors]) -> None:
    whole = segment(vectors, slice(None))
    whole.searchable[[7, 20]] = False
    found = ask(snapshot(whole), row(vectors, 7), k=NUM, excluded=[31], allowed=np.arange(1, 61))
    assert sorted(ids(found)) == [i for i in range(1, 61) if i not in (8, 21, 31)]
    assert found.num_candidates == 57


@pytest.mark.parametrize("backend", ["annoy", "cv2"])
def test_the_ann_route_gives_the_exact_answer(vectors: dict[str, Vectors], tmp_path: Path, backend: str) -> None:
    kind = choose_backend("auto") if backend == "annoy" else choose_backend(backend)
    all_ids = np.arange(1, NUM + 1)
    plan = IndexPlan(1, 0, kind, exact_max=10, seed=20, min_recall=0.95)
    sources = [MethodSource(METHODS[name], "1", [(all_ids, rows)]) for name, rows in vectors.items()]
    manifest = assemble(tmp_path, sources, plan, np.empty(0, np.int64), lambda text, share: None)
    assert all(files.index and (files.recall or 0) >= 0.95 for files in manifest.methods.values())
    loaded = open_generation(tmp_path, 1)
    indexed = Snapshot((loaded.segment,), loaded.tables)
    for place in range(0, NUM, 10):
        exact = ask(indexed, row(vectors, place), k=5, rerank_depth=60)
        ann = ask(indexed, row(vectors, place), k=5, rerank_depth=60, exact_max=10)
        assert (exact.exact, ann.exact) == (True, False)
        assert ann.num_candidates < NUM
        assert ids(ann)[:3] == ids(exact)[:3]


def test_a_small_collection_of_a_large_library_is_searched_exactly(vectors: dict[str, Vectors], tmp_path: Path) -> None:
    plan = IndexPlan(1, 0, choose_backend(), exact_max=10, seed=20, min_recall=0.5)
    sources = [MethodSource(METHODS["color"], "1", [(np.arange(1, NUM + 1), vectors["color"])])]
    assemble(tmp_path, sources, plan, np.empty(0, np.int64), lambda text, share: None)
    loaded = open_generation(tmp_path, 1)
    found = ask(Snapshot((loaded.segment,), loaded.tables), row(vectors, 7), exact_max=10, allowed=np.arange(80, 90))
    assert found.exact
    assert sorted(ids(found)) == list(range(80, 90))


def _with_color_index(vectors: dict[str, Vectors], folder: Path) -> Snapshot:
    plan = IndexPlan(1, 0, choose_backend(), exact_max=10, seed=20, min_recall=0.5)
    sources = [MethodSource(METHODS["color"], "1", [(np.arange(1, NUM + 1), vectors["color"])])]
    assemble(folder, sources, plan, np.empty(0, np.int64), lambda text, share: None)
    loaded = open_generation(folder, 1)
    return Snapshot((loaded.segment,), loaded.tables)


@pytest.mark.parametrize("closed", ["half of them", "the nearest"])
def test_where_some_may_not_be_found_the_index_is_asked_for_more(
    vectors: dict[str, Vectors], tmp_path: Path, closed: str
) -> None:
    """The nearest that may be found come, however many lie between them and the query."""
    library, query = _with_color_index(vectors, tmp_path), {"color": vectors["color"][7]}
    order = np.argsort(-(vectors["color"] @ vectors["color"][7]))
    left_out = order[::2] if closed == "half of them" else order[:40]
    searchable = np.ones(NUM, bool)
    searchable[left_out] = False
    library = replace(library, segments=(replace(library.segments[0], searchable=searchable),))
    found = ask(library, query, k=5, rerank_depth=10, exact_max=10, weights={"color": 1.0, "ssim": 0.0})
    exact = ask(library, query, k=5, rerank_depth=NUM, weights={"color": 1.0, "ssim": 0.0})
    assert ids(found) == ids(exact)
    assert set(ids(found)) & set((left_out + 1).tolist()) == set()


def test_where_the_index_yields_too_few_every_row_is_looked_at(vectors: dict[str, Vectors], tmp_path: Path) -> None:
    library, query = _with_color_index(vectors, tmp_path), {"color": vectors["color"][7]}
    order = np.argsort(-(vectors["color"] @ vectors["color"][7]))
    searchable = np.ones(NUM, bool)
    searchable[order[:100]] = False
    library = replace(library, segments=(replace(library.segments[0], searchable=searchable),))
    found = ask(library, query, k=2, rerank_depth=2, exact_max=10, weights={"color": 1.0, "ssim": 0.0})
    assert found.exact
    assert ids(found) == (order[100:102] + 1).tolist()


def test_vectors_of_another_length_are_told_apart(vectors: dict[str, Vectors]) -> None:
    whole = snapshot(segment(vectors, slice(None)))
    query = row(vectors, 1) | {"color": np.ones(3, np.float32), "deep": np.ones(9, np.float32)}
    fitting, other = fit_query(query, whole, METHODS)
    assert other == ["color"]
    assert set(fitting) == {"ssim", "deep"}


def test_a_calibration_of_nothing_still_answers(vectors: dict[str, Vectors]) -> None:
    tables = {name: MethodTables() for name in METHODS}
    found = ask(Snapshot((segment(vectors, slice(0, 2)),), tables), row(vectors, 1))
    assert ids(found) == [2, 1]
    assert [result.score for result in found.results] == [0, 0]


def test_only_a_lone_image_has_no_pair() -> None:
    rows = MethodRows("1", normalize_rows(np.ones((1, 4))))
    tables = fit_tables(rows, Color(), np.array([0]), seed=1)
    assert tables.raw.num_pairs == 0


def hidden_in(vectors: dict[str, Vectors], marked: list[int]) -> tuple[Snapshot, Hidden]:
    """Return a library in which a re-ranking method finds some rows alike, and the method."""
    rows = np.zeros((NUM, 2), np.uint8)
    rows[marked] = 1
    whole, method = segment(vectors, slice(None)), Hidden()
    hidden = MethodRows("1", rows)
    tables = {**snapshot(whole).tables, "hidden": fit_tables(hidden, method, np.arange(NUM), seed=1)}
    method.compared.clear()
    return Snapshot((replace(whole, methods={**whole.methods, "hidden": hidden}),), tables), method


def test_a_reranking_method_lifts_what_the_others_found(vectors: dict[str, Vectors]) -> None:
    query = row(vectors, 7)
    plain = ask(snapshot(segment(vectors, slice(None))), query, k=NUM)
    low = ids(plain)[20] - 1
    library, method = hidden_in(vectors, [7, low])
    weights = {"color": 0.06, "ssim": 0.04, "hidden": 0.9}
    found = match(
        library,
        query | {"hidden": np.ones(2, np.uint8)},
        weights,
        {**METHODS, "hidden": method},
        k=10,
        rerank_depth=40,
        exact_max=10**6,
    )
    assert set(ids(found)[:2]) == {8, low + 1}
    assert method.compared == [40]
    assert found.results[1].methods["hidden"].raw == 1
    assert found.results[5].methods["hidden"].raw == 0


def test_without_a_weight_a_reranking_method_scores_what_is_shown_alone(vectors: dict[str, Vectors]) -> None:
    library, method = hidden_in(vectors, [7, 60])
    weights = WEIGHTS | {"hidden": 0.0}
    query = row(vectors, 7) | {"hidden": np.ones(2, np.uint8)}
    found = match(library, query, weights, {**METHODS, "hidden": method}, k=10, rerank_depth=40, exact_max=10**6)
    assert ids(found) == ids(ask(library, row(vectors, 7)))
    assert method.compared == [10]
    assert all(result.methods["hidden"].raw is not None for result in found.results)


def test_of_many_results_only_those_shown_first_are_scored(vectors: dict[str, Vectors]) -> None:
    library, method = hidden_in(vectors, [7, 60])
    query = {**row(vectors, 7), "hidden": np.ones(2, np.uint8)}
    options: dict[str, Any] = {"k": 30, "rerank_depth": 40, "exact_max": 10**6, "shown": 12}
    found = match(library, query, {**WEIGHTS, "hidden": 0.0}, {**METHODS, "hidden": method}, **options)
    assert len(found.results) == 30
    assert method.compared == [12]
    known = [result.methods["hidden"].raw is not None for result in found.results]
    assert known == [True] * 12 + [False] * 18


def test_others_gather_for_a_reranking_method_alone(vectors: dict[str, Vectors]) -> None:
    library, method = hidden_in(vectors, [7, 60])
    weights = {"color": 0.0, "ssim": 0.0, "hidden": 1.0}
    query = row(vectors, 7) | {"hidden": np.ones(2, np.uint8)}
    found = match(library, query, weights, {**METHODS, "hidden": method}, k=10, rerank_depth=NUM, exact_max=10**6)
    assert ids(found)[:2] == [8, 61]
    without = match(
        library, row(vectors, 7), weights, {**METHODS, "hidden": method}, k=10, rerank_depth=NUM, exact_max=10**6
    )
    assert without.results == []


def test_reduced_rows_give_the_answer_of_full_ones(rng: np.random.Generator) -> None:
    """The scan sees a tenth of the numbers; the best are scored in full, so scores and reasons stay."""
    rows = normalize_rows(
        np.abs(rng.normal(size=(600, 10))) @ np.abs(rng.normal(size=(10, 96))) + 0.02 * rng.random(96)
    )
    found = fit_reduction(rows, np.arange(600), seed=1, min_numbers=0)
    assert found is not None
    reduced = np.concatenate(list(reduce_rows(rows, found.basis)))
    method, usable = Color(), np.arange(600)
    full = MethodRows("1", rows)
    short = MethodRows("1", rows, reduced=reduced, basis=found.basis)
    newer = MethodRows("1", rows[:5])
    ids = np.arange(1, 601)
    answers = []
    for held in (full, short):
        segments = (
            Segment(ids, np.ones(600, bool), {"color": held}),
            Segment(ids[:5] + 1000, np.ones(5, bool), {"color": newer}),
        )
        library = Snapshot(segments, {"color": fit_tables(held, method, usable, seed=1)})
        answers.append(
            match(
                library, {"color": rows[9]}, {"color": 1.0}, {"color": method}, k=20, rerank_depth=400, exact_max=10**6
            )
        )
    assert same(answers[0].results, answers[1].results)
    assert answers[1].results[0].image_id == 10


def test_near_codes_are_candidates_whatever_the_index_finds(tmp_path: Path, rng: np.random.Generator) -> None:
    """An index that finds the wrong rows is made up for by the codes of a method."""
    codes = rng.integers(0, 256, (200, 8), np.uint8)
    codes[150] = codes[3] ^ np.array([1, 0, 2, 0, 0, 4, 0, 0], np.uint8)
    method = PHash()
    plan = IndexPlan(1, 0, choose_backend(), exact_max=10, seed=20, min_recall=0)
    assemble(tmp_path, [MethodSource(method, "1", [(np.arange(200), codes)])], plan, NONE, lambda text, share: None)
    loaded = open_generation(tmp_path, 1)
    blind = MethodIndex(_Blind(np.zeros((200, 64), np.float32)), 0.0)
    segment = replace(loaded.segment, indexes={"phash": blind})
    options: dict[str, Any] = {"k": 3, "rerank_depth": 5, "exact_max": 10, "excluded": [3]}
    query, weights, methods = {"phash": codes[3]}, {"phash": 1.0}, {"phash": method}
    with_codes = match(Snapshot((segment,), loaded.tables), query, weights, methods, **options)
    assert ids(with_codes)[0] == 150
    without = match(Snapshot((replace(segment, hashes={}),), loaded.tables), query, weights, methods, **options)
    assert 150 not in ids(without)


class _Blind(ExactBackend):
    """Returns the first rows, whatever is asked for."""

    capabilities = Capabilities()

    def _nearest(
        self, vectors: NDArray[np.float32], k: int, quality: float, allowed: NDArray[np.bool_] | None
    ) -> Found:
        return np.tile(np.arange(k), (len(vectors), 1)), np.zeros((len(vectors), k), np.float32)
