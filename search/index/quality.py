"""How thoroughly an index is searched, or built: one number, from which each backend derives its own settings.

0 is as fast as the backend can be with any use, 1 as thorough as still pays: beyond that, comparing all rows takes
less time. In between, equal steps multiply the work by equal factors, and the recall measured rises.
"""

from __future__ import annotations

import math

DEFAULT_QUALITY = 0.5
DEPTH = 400
"""Rows that a search asks an index for. Whoever asks for more has more of the index looked at, in proportion."""
COST_RATIO = 8
"""A row looked at by an index costs about as much as eight rows of a scan."""


def between(least: float, most: float, quality: float) -> float:
    """Return the number that lies at a quality on a geometric scale; `least` where `most` is less."""
    # Geometric: by equal sums, the first step alone would lead from a thousand nodes to a hundred thousand.
    return float(least * (max(most, least) / least) ** quality)


def quality_of(least: float, most: float, value: float) -> float:
    """Return the quality at which `between` gives a value, or the nearest."""
    if value <= least or most <= least:
        return 0.0
    return min(math.log(value / least) / math.log(most / least), 1.0)
