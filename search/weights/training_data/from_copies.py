"""Queries by edited copies: each copy should find the image that it was made of. No labels are needed.

Copies are edited once; strong and battered copies by several edits, one after the other, as pictures are that went
through many hands. The more a picture was edited, the more methods it takes to know it again, so one set alone would
say little of what fusion is worth.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from search.evaluation.augmentations import EDITS, edit
from search.evaluation.by_copies import usable_methods
from search.evaluation.rankings import Field, make_field
from search.evaluation.reference_baseline import read_pixels
from search.exceptions import SearchError
from search.features.extraction import describe_images
from search.methods import Method
from search.types import RGBImage
from search.weights.training_data.scored_queries import POOL_IMAGES, QueryPool, ScoredQueries, ScoredQuery, score_query

COPIES = "copies"
NUM_EDITS = {COPIES: 1, "strong_copies": 4, "battered_copies": 8}
"""How many different edits a copy of each set went through."""
COPIES_PER_IMAGE = 3
"""Copies of each set."""
MIN_IMAGES = 10


def gather_copies(pool: QueryPool) -> ScoredQueries:
    """Make copies of images and ask for their originals.

    Raises
    ------
    SearchError : fewer than MIN_IMAGES images have features of methods that work here
    """
    listed = np.array(list(pool.images.values_list("pk", "sha256", "pixels_sha256")), object).reshape(-1, 3)
    if len(listed) > POOL_IMAGES:
        listed = listed[np.sort(pool.generator.choice(len(listed), POOL_IMAGES, replace=False))]
    field = make_field(pool.snapshot, listed[:, 0].astype(np.int64))
    used = usable_methods(field)
    described = np.zeros(len(listed), bool)
    for name in used:
        described |= field.rows[name][1]
    num_described = int(np.count_nonzero(described))
    if num_described < MIN_IMAGES:
        raise SearchError("too_few_to_learn_from_copies", least=MIN_IMAGES, num=num_described)
    # Two at least, because each original is a group and one group is held out.
    count = min(num_described, max(2, pool.max_queries // COPIES_PER_IMAGE))
    originals = np.sort(pool.generator.choice(np.flatnonzero(described), count, replace=False))
    trial = _Trial(field, used, ~described, listed[:, 2].astype(np.str_))
    for done, row in enumerate(originals.tolist()):
        pool.progress(COPIES, done, len(originals))
        if (pixels := read_pixels(listed[row, 1])) is not None:
            trial.look_for(row, pixels)
    return ScoredQueries(field, set(used), trial.sets)


class _Trial:
    """Asks for the originals of copies."""

    def __init__(
        self, field: Field, used: Mapping[str, Method], left_out: NDArray[np.bool_], pixels_of: NDArray[np.str_]
    ) -> None:
        self.sets: dict[str, list[ScoredQuery]] = {name: [] for name in NUM_EDITS}
        self._field, self._used, self._left_out, self._pixels_of = field, used, left_out, pixels_of

    def look_for(self, row: int, pixels: RGBImage) -> None:
        """Make copies of an image and ask for it; images of the same pixels are no answer, nor wrong."""
        image_id = int(self._field.image_ids[row])
        copies = make_copies(pixels, image_id)
        # All copies in one call: some networks run a batch much faster than single images.
        vectors = describe_images([copy for each in copies.values() for copy in each], self._used)
        relevant = np.arange(len(self._pixels_of)) == row
        twins = (self._pixels_of == self._pixels_of[row]) & (self._pixels_of != "") & ~relevant
        place = 0
        for name, each in copies.items():
            for _copy in each:
                query = {method: rows[place] for method, rows in vectors.items()}
                left_out = self._left_out | twins
                self.sets[name].append(score_query(self._field, query, left_out, relevant, str(image_id)))
                place += 1


def make_copies(pixels: RGBImage, seed: int) -> dict[str, list[RGBImage]]:
    """Return COPIES_PER_IMAGE copies of an image for each set of `NUM_EDITS`, the same for the same seed."""
    generator = np.random.default_rng(seed)
    return {
        name: [_edited(pixels, num_edits, generator) for _number in range(COPIES_PER_IMAGE)]
        for name, num_edits in NUM_EDITS.items()
    }


def _edited(pixels: RGBImage, num_edits: int, generator: np.random.Generator) -> RGBImage:
    """Return a copy after that many different edits drawn by chance."""
    for name in generator.choice(list(EDITS), num_edits, replace=False):
        pixels = edit(str(name), pixels, int(generator.integers(2**31)))
    return pixels
