"""Where results show what the query shows: the motions that re-ranking methods find, for the results that are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.methods import Method, RerankMethod
from search.scoring.segments import Snapshot, take
from search.types import Result, Verification

MAX_VERIFIED = 60
"""Results of one answer whose motion is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class VerifiedMotions:
    """The motions between one query and its results; see `search.types.Motions`.

    Attributes
    ----------
    vectors : of the query, by method
    snapshot : that the results came from
    methods : by name
    known : motions that were found already, by image
    """

    vectors: Mapping[str, NDArray[Any]]
    snapshot: Snapshot
    methods: Mapping[str, Method]
    known: Mapping[int, Verification] = field(default_factory=dict)

    def of(self, results: Iterable[Result]) -> dict[int, Verification]:
        """Find the motion of each result; those that no re-ranking method gave a score above 0 cost nothing.

        Returns
        -------
        motions : by image, of the results that have one
        """
        shown = list(results)
        found = {result.image_id: self.known[result.image_id] for result in shown if result.image_id in self.known}
        for name, method in self.methods.items():
            if not isinstance(method, RerankMethod) or name not in self.vectors:
                continue
            # None: the method said nothing; 0: no keypoints agree. There is no motion to look for either way.
            ids = [result.image_id for result in shown if result.methods[name].raw and result.image_id not in found]
            ids = ids[:MAX_VERIFIED]
            held = take(self.snapshot, name, np.array(ids, np.int64)) if ids else None
            if held is None:
                continue
            for image_id, row, present in zip(ids, *held, strict=True):
                motion = method.verify(self.vectors[name], row) if present else None
                if motion is not None:
                    found[image_id] = motion
        return found


@dataclass(frozen=True, slots=True, eq=False)
class MotionsByExample:
    """The motions between several examples and their results: those of the example that the method answers to.

    Attributes
    ----------
    examples : the motions of each example, by its number
    """

    examples: Mapping[int, VerifiedMotions]

    def of(self, results: Iterable[Result]) -> dict[int, Verification]:
        """See `search.types.Motions`."""
        shown = list(results)
        found: dict[int, Verification] = {}
        for number, motions in self.examples.items():
            reranking = [name for name, method in motions.methods.items() if method.reranks]
            own = [each for each in shown if any(_answers(each, name, number) for name in reranking)]
            found |= motions.of(own)
        return found


def _answers(result: Result, method: str, number: int) -> bool:
    """Tell whether a method found a result by this example."""
    pooled = result.methods[method].pooled
    return pooled is not None and pooled.example == number
