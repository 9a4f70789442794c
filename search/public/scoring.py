"""From vectors to raw scores, rarities and one score. Pure: arrays only."""

from search.scoring.calibration import Calibration
from search.scoring.copies import is_edited
from search.scoring.estimate import Scan, estimate
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.scoring.kinds import PairTables
from search.scoring.score import tabulate
from search.scoring.segments import MethodRows, Snapshot, take
from search.types import MethodScore

__all__ = [
    "DEFAULT_WEIGHTS",
    "Calibration",
    "MethodRows",
    "MethodScore",
    "PairTables",
    "Scan",
    "Snapshot",
    "estimate",
    "is_edited",
    "tabulate",
    "take",
]
