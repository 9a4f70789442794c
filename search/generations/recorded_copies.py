"""Copies of one picture that the database knows of."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gallery.batches import batches
from gallery.models import Image
from search.evaluation.judged_pairs import LABELS, judged_pairs, source_names

IDS_PER_QUERY = 2000


def recorded_copies(image_ids: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Return pairs of images with the same pixels, or that people judged to be the same; see `KnownCopies`."""
    place_of = {int(image_id): place for place, image_id in enumerate(image_ids)}
    first_with: dict[str, int] = {}
    found = []
    for part in batches(sorted(place_of), IDS_PER_QUERY):
        rows = Image.objects.filter(pk__in=part).exclude(pixels_sha256="").order_by("pk")
        for image_id, pixels in rows.values_list("pk", "pixels_sha256"):
            place = place_of[image_id]
            if (first := first_with.setdefault(pixels, place)) != place:
                found.append((first, place))
    for source in source_names():
        if source == LABELS:  # of one label are pictures of one thing, not copies of one picture
            continue
        judged = judged_pairs(source)
        pairs = zip(judged.first[judged.same].tolist(), judged.second[judged.same].tolist(), strict=True)
        found += [(place_of[one], place_of[other]) for one, other in pairs if one in place_of and other in place_of]
    return found
