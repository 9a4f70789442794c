"""Measured by verdicts: pairs that people judged. Images that nobody compared with the query do not count.

An order is judged by what is left of it when only judged images are looked at (condensed lists, Sakai 2007): nobody
knows whether the others belong together, so they are neither right nor wrong.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search.evaluation.judged_pairs import JudgedPairs, judged_pairs
from search.evaluation.metrics import ranked
from search.evaluation.plan import MeasurementPlan
from search.evaluation.rankings import Judge, make_field
from search.evaluation.report import Scoreboard
from search.evaluation.tally import Tally
from search.exceptions import SearchError

VERDICTS = "verdicts"


def measure_by_verdicts(plan: MeasurementPlan) -> Scoreboard:
    """Score every judged pair, and order each image's judged partners.

    Raises
    ------
    SearchError : there is not both a pair judged to belong together and one judged not to, with features
    """
    pairs = judged_pairs(VERDICTS, collection_id=plan.collection_id, seed=settings.ENV.index_seed)
    ids = np.unique(np.concatenate([pairs.first, pairs.second]))
    partners = _partners(pairs, ids)
    field = make_field(plan.snapshot, ids)
    judged = np.concatenate([same for _rows, same in partners.values()]) if partners else np.empty(0, bool)
    # Of one kind alone there is neither an order nor a threshold to judge.
    if not field.rows or not judged.any() or judged.all():
        raise SearchError("verdicts_of_both_kinds_expected")
    judge, tally = Judge(field, plan.weights), Tally()
    queries = plan.draw(np.array(sorted(partners), np.intp))
    for done, row in enumerate(queries.tolist(), start=1):
        plan.progress("queries", done, len(queries))
        _tally_partners(judge, tally, row, *partners[row])
    return Scoreboard(field, tally, num_queries=len(queries), num_pairs=len(judged) // 2, curves_of_pairs=True)


def _partners(pairs: JudgedPairs, ids: NDArray[np.int64]) -> dict[int, tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Return, for each row, its partners' rows and whether they belong together.

    In an order drawn by chance, which equal scores keep: what belongs together was often stored together.
    """
    found: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    order = np.random.default_rng(settings.ENV.index_seed).permutation(len(pairs))
    columns = (np.searchsorted(ids, pairs.first), np.searchsorted(ids, pairs.second), pairs.same)
    for first, second, same in zip(*(column[order].tolist() for column in columns), strict=True):
        # Under both images: either may be the one that is searched for.
        found[first].append((second, same))
        found[second].append((first, same))
    return {
        row: (np.array([other for other, _same in those], np.intp), np.array([same for _other, same in those], bool))
        for row, those in found.items()
    }


def _tally_partners(judge: Judge, tally: Tally, row: int, others: NDArray[np.intp], same: NDArray[np.bool_]) -> None:
    """Take one image's judged partners: their order, where there is something to tell apart, and each pair once."""
    for ranking, scores in judge.of_row(row).items():
        # Each pair stands in the lists of both its images, and counts once.
        found, once = scores[others], others > row
        tally.add_pairs(ranking, found[once], same[once])
        if same.any() and not same.all():
            tally.add_order(ranking, ranked(found, same), int(np.count_nonzero(same)))
