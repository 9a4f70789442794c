"""What a search would say of pairs of images, and the snapshot of the library that it is said of."""

from search.generations.collection_calibration import within as within_collection
from search.generations.snapshot import current_snapshot
from search.query.many_pairs import fused_scores, raw_scores
from search.query.pair_scores import PairScore, score_pair, score_pairs

__all__ = [
    "PairScore",
    "current_snapshot",
    "fused_scores",
    "raw_scores",
    "score_pair",
    "score_pairs",
    "within_collection",
]
