"""What apps above offer to search: badges on results, and judged pairs."""

from search.evaluation.judged_pairs import LABELS, JudgedPairs, judged_pairs
from search.evaluation.judged_pairs import register as register_judged_pairs
from search.query.badges import Badge
from search.query.badges import register as register_badges

__all__ = ["LABELS", "Badge", "JudgedPairs", "judged_pairs", "register_badges", "register_judged_pairs"]
