"""Queries by judged pairs: which of these pairs belong together?

A verdict says nothing about images that nobody looked at, so what is ranked are the judged pairs themselves.
"""

from __future__ import annotations

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from search.evaluation.judged_pairs import JudgedPairs, judged_pairs
from search.evaluation.rankings import Field, make_field
from search.exceptions import SearchError
from search.weights.training_data.scored_queries import QueryPool, ScoredQueries, ScoredQuery, rarities_of

MAX_PAIRS = 20_000
NUM_BLOCKS = 20
"""Rankings that the pairs are dealt out to, so that some can be held out."""
MIN_PAIRS = 10
"""Pairs that belong together, and pairs that do not, below which nothing is learned."""


def gather_pairs(pool: QueryPool, source: str) -> ScoredQueries:
    """Ask which of the judged pairs of a source belong together.

    Raises
    ------
    SearchError : too few pairs of either kind have features
    """
    pairs = judged_pairs(source, collection_id=pool.collection_id, limit=MAX_PAIRS, seed=settings.ENV.index_seed)
    image_ids = np.unique(np.concatenate([pairs.first, pairs.second]))
    field = make_field(pool.snapshot, image_ids)
    hubs = choose_hubs(pairs)
    partners = np.where(hubs == pairs.first, pairs.second, pairs.first)
    rarities = _ask_all(pool, source, field, np.searchsorted(image_ids, hubs), np.searchsorted(image_ids, partners))
    known = np.zeros(len(pairs), bool)
    for values in rarities.values():
        known |= ~np.isnan(values)
    num_same, num_other = np.count_nonzero(pairs.same & known), np.count_nonzero(~pairs.same & known)
    if min(num_same, num_other) < MIN_PAIRS:
        about = {"least": MIN_PAIRS, "same": int(num_same), "different": int(num_other)}
        raise SearchError("too_few_judged_pairs", source=source, **about)
    blocks = deal_out(hubs, pairs.same, known, pool.generator)
    queries = [
        ScoredQuery(
            {name: values[blocks == block] for name, values in rarities.items()},
            pairs.same[blocks == block],
            f"{source} {block}",
        )
        for block in range(int(blocks.max()) + 1)
    ]
    return ScoredQueries(field, set(field.rows), {source: queries})


def _ask_all(
    pool: QueryPool, source: str, field: Field, hubs: NDArray[np.intp], partners: NDArray[np.intp]
) -> dict[str, NDArray[np.float32]]:
    """Return each method's rarity of every pair, asking for all partners of a hub at once."""
    found = {name: np.full(len(hubs), np.nan, np.float32) for name in field.rows}
    distinct = np.unique(hubs)
    for done, hub in enumerate(distinct.tolist()):
        pool.progress(source, done, len(distinct))
        mine = np.flatnonzero(hubs == hub)
        for name, values in rarities_of(field, field.vectors_of(hub), partners[mine]).items():
            found[name][mine] = values
    return found


def choose_hubs(pairs: JudgedPairs) -> NDArray[np.int64]:
    """Return of each pair the image that stands in more of the pairs: mostly what somebody searched for.

    Returns
    -------
    hubs : ndarray of shape (n,), image ids
    """
    values, counts = np.unique(np.concatenate([pairs.first, pairs.second]), return_counts=True)
    count_first = counts[np.searchsorted(values, pairs.first)] if len(pairs) else np.zeros(0, np.int64)
    count_second = counts[np.searchsorted(values, pairs.second)] if len(pairs) else np.zeros(0, np.int64)
    return np.where(count_first >= count_second, pairs.first, pairs.second)


def deal_out(
    hubs: NDArray[np.int64], same: NDArray[np.bool_], known: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Deal pairs out to blocks, all pairs of a hub to one block, so that a pair is never on both sides of a split.

    Hubs with the most pairs come first, each to the block with the fewest pairs of its rarer kind; so every block gets
    both kinds where that is possible.

    Returns
    -------
    blocks : ndarray of shape (n,), 0..; -1 for pairs of which no method knows anything
    """
    blocks = np.full(len(hubs), -1, np.int64)
    distinct, places = np.unique(hubs[known], return_inverse=True)
    num_same = np.bincount(places, same[known], minlength=len(distinct))
    num_other = np.bincount(places, ~same[known], minlength=len(distinct))
    # Fewer blocks where pairs are few, so that each can get some of either kind.
    num_blocks = int(min(NUM_BLOCKS, len(distinct), num_same.sum() // 2, num_other.sum() // 2))
    filled = np.zeros((max(num_blocks, 1), 2))
    # Both kinds count alike, however few pairs there are of one of them.
    share = np.array([1 / max(num_same.sum(), 1), 1 / max(num_other.sum(), 1)])
    shuffled = generator.permutation(len(distinct))
    # Shuffled before the stable sort: hubs with equally many pairs are dealt out by chance.
    order = shuffled[np.argsort(-(num_same + num_other)[shuffled], kind="stable")]
    block_of = np.zeros(len(distinct), np.int64)
    for hub in order.tolist():
        added = np.array([num_same[hub], num_other[hub]])
        block_of[hub] = np.argmin(((filled * share) @ (added * share)) + 1e-9 * filled.sum(axis=1))
        filled[block_of[hub]] += added
    blocks[known] = block_of[places]
    return blocks
