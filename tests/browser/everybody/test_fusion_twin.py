"""The page's arithmetic gives what `search.scoring.fusion` gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from search.methods import METHODS
from search.scoring import fusion

OpenPage = Callable[..., Page]
METHOD_NAMES = list(METHODS)[:4]
NUM_IMAGES = 200
TWIN = """async ([rows, weights, url]) => {
    const { fuse, order, shares } = await import(url);
    const fused = rows.map(rarities => fuse(rarities, weights));
    const ordered = order(fused.map((_, position) => position), position => fused[position].score);
    return {scores: fused.map(each => each.score), shares: fused.map(shares), order: ordered};
}"""


@pytest.mark.parametrize("weights", [[0.3, 0.2, 0.0, 0.5], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0, 0, 0, 0.01]])
def test_scores_shares_and_order_agree(open_page: OpenPage, rng: np.random.Generator, weights: list[float]) -> None:
    rarities = rng.random((len(METHOD_NAMES), NUM_IMAGES))
    rarities[rng.random(rarities.shape) < 0.2] = np.nan
    page = open_page("/search/?image=1")
    url = page.evaluate(
        "performance.getEntriesByType('resource').map(e => e.name).find(name => name.includes('search-fusion'))"
    )
    rows = [
        {name: None if np.isnan(value) else value for name, value in zip(METHOD_NAMES, column, strict=True)}
        for column in rarities.T.tolist()
    ]
    twin = page.evaluate(TWIN, [rows, dict(zip(METHOD_NAMES, weights, strict=True)), url])
    scores = fusion.fuse(rarities, np.array(weights))
    found = np.array([np.nan if score is None else score for score in twin["scores"]])
    np.testing.assert_allclose(found, scores, rtol=1e-12)
    shares = fusion.shares(rarities, np.array(weights))
    for number, name in enumerate(METHOD_NAMES):
        np.testing.assert_allclose([each.get(name, 0) for each in twin["shares"]], shares[number], atol=1e-12)
    ranked = fusion.rank(scores, np.zeros(NUM_IMAGES), np.arange(NUM_IMAGES))
    assert twin["order"][: len(ranked)] == ranked.tolist()
