"""Measured by edited copies: copies of images, edited as people edit them, are the queries.

No labels are needed. Each copy is described as an upload would be, and ranked against all images; the one it was made
of is the right answer. There are two sets: single edits (*copies*), and changes that leave less of a picture, or put it
among others (*remixes*). What a remix shows beside its original is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from gallery.models import Image
from search.evaluation.augmentations import EDITS, edit
from search.evaluation.metrics import RankingMeter, Relevance, ranked
from search.evaluation.plan import REFERENCE_MAX_IMAGES, MeasurementPlan
from search.evaluation.rankings import Field, Judge, Ranking, make_field
from search.evaluation.reference_baseline import ReferenceColors, read_pixels, read_reference_colors
from search.evaluation.remixes import AMONG_OTHERS, OTHERS, REMIXES, remix
from search.evaluation.report import Scoreboard
from search.evaluation.tally import Document, Tally, by_part
from search.exceptions import SearchError
from search.features import registry
from search.features.extraction import describe_images
from search.methods import Method
from search.types import RGBImage


@dataclass(frozen=True, slots=True)
class CopySet:
    """The kinds of copies of one measurement.

    Attributes
    ----------
    names : of the kinds
    make : takes a name, an image, a seed and other images, and returns a copy
    among_others : kinds that show the other images as well
    """

    names: Collection[str]
    make: Callable[[str, RGBImage, int, Sequence[RGBImage]], RGBImage]
    among_others: Collection[str] = ()


EDITED = CopySet(EDITS, lambda name, image, seed, _others: edit(name, image, seed))
REMIXED = CopySet(REMIXES, remix, AMONG_OTHERS)


def measure_by_copies(plan: MeasurementPlan, kinds: CopySet = EDITED) -> Scoreboard:
    """Make copies of images of a collection, or of the whole library, and look for their originals.

    Raises
    ------
    SearchError : fewer than two images have features, or no method that described them is available here
    """
    images = Image.objects.shown().order_by("pk")
    if plan.collection_id is not None:
        images = images.filter(collections=plan.collection_id)
    listed = np.array(list(images.values_list("pk", "sha256", "pixels_sha256")), object).reshape(-1, 3)
    listed = np.random.default_rng(settings.ENV.index_seed).permutation(listed)  # so that ties fall by chance
    field = make_field(plan.snapshot, listed[:, 0].astype(np.int64))
    used = usable_methods(field)
    if len(listed) < 2 or not used:
        raise SearchError("too_few_to_copy")
    hashes, pixels_of = listed[:, 1].tolist(), listed[:, 2].astype(np.str_)
    colors = read_reference_colors(hashes, plan.progress) if len(listed) <= REFERENCE_MAX_IMAGES else None
    trial = _CopyTrial(field, used, Judge(field, plan.weights, colors), colors, kinds)
    # An original that no method has described cannot be found, whatever the copy.
    queries = plan.draw(np.flatnonzero(np.any([present for _vectors, present in field.rows.values()], axis=0)))
    for done, row in enumerate(queries.tolist()):
        plan.progress("copies", done, len(queries))
        if (pixels := read_pixels(hashes[row])) is not None:
            others = _others(hashes, row) if kinds.among_others else {}
            trial.look_for(row, pixels, partial(_twins, pixels_of), others)
    if not trial.tally.num_queries:
        raise SearchError("no_original_decoded")
    return Scoreboard(
        field,
        trial.tally,
        num_queries=trial.tally.num_queries,
        num_originals=trial.num_originals,
        edits=trial.edits(),
        left_out=[name for name in field.rows if name not in used],
        curves_of_pairs=True,
    )


def measure_by_remixes(plan: MeasurementPlan) -> Scoreboard:
    """Do the same with copies that leave less of a picture; see `measure_by_copies`."""
    return measure_by_copies(plan, REMIXED)


def _others(hashes: Sequence[str], row: int) -> dict[int, RGBImage]:
    """Return other images for an image to be put among, drawn by chance, by their rows; fewer where there are none."""
    found: dict[int, RGBImage] = {}
    # By the row, so that an image stands among the same others whichever images were drawn; a few more than needed,
    # since some may not be decoded.
    for other in np.random.default_rng([settings.ENV.index_seed, row]).permutation(len(hashes))[: 4 * OTHERS].tolist():
        if other != row and len(found) < OTHERS and (pixels := read_pixels(hashes[other])) is not None:
            found[other] = pixels
    return found


def _twins(pixels_of: NDArray[np.str_], row: int) -> NDArray[np.bool_]:
    """Tell which images have the pixels of one of them, itself included."""
    return np.asarray((pixels_of == pixels_of[row]) & (pixels_of != ""))


def usable_methods(field: Field) -> dict[str, Method]:
    """Return the methods that can describe copies here in the version in which the images were described."""
    versions = registry.current_versions()
    return {name: registry.methods()[name] for name in field.rows if field.version_of(name) == versions.get(name)}


class _CopyTrial:
    """Looks for the originals of copies, and keeps what came of it."""

    def __init__(
        self,
        field: Field,
        used: Mapping[str, Method],
        judge: Judge,
        colors: ReferenceColors | None,
        kinds: CopySet,
    ) -> None:
        self.tally = Tally()
        self.num_originals = 0
        self._field, self._used, self._judge, self._colors, self._kinds = field, used, judge, colors, kinds
        self._meters: dict[tuple[Ranking, str], RankingMeter] = {}

    def look_for(
        self,
        row: int,
        pixels: RGBImage,
        twins_of: Callable[[int], NDArray[np.bool_]],
        others: Mapping[int, RGBImage],
    ) -> None:
        """Make every kind of copy of one image and look for it; what else a copy shows is no answer, nor wrong."""
        self.num_originals += 1
        # Of the image, so that measuring again makes the same copies.
        seed = int(self._field.image_ids[row])
        shown = list(others.values())
        names = [name for name in self._kinds.names if name not in self._kinds.among_others or len(shown) >= OTHERS]
        copies = [self._kinds.make(name, pixels, seed, shown) for name in names]
        vectors = describe_images(copies, self._used)
        relevant = np.arange(len(self._field.image_ids)) == row
        twins = twins_of(row) & ~relevant
        beside = twins | np.any([twins_of(other) for other in others], axis=0) if others else twins
        beside = np.asarray(beside & ~relevant)
        for place, (name, copy) in enumerate(zip(names, copies, strict=True)):
            reference = None if self._colors is None else self._colors.scores_of(copy)
            scores = self._judge.rankings({method: rows[place] for method, rows in vectors.items()}, reference)
            for found in scores.values():
                # NaN is not found: whoever finds what else the picture shows is neither right nor wrong.
                found[beside if name in self._kinds.among_others else twins] = np.nan
            self.tally.add(scores, relevant)
            self._note(name, scores, relevant)

    def _note(self, name: str, scores: Mapping[Ranking, NDArray[np.floating]], relevant: Relevance) -> None:
        for ranking, found in scores.items():
            meter = self._meters.setdefault((ranking, name), RankingMeter())
            meter.add(ranked(found, relevant), 1)

    def edits(self) -> Document:
        """Return recall@1 and mAP of each ranking, by edit."""
        found: dict[Ranking, dict[str, Any]] = {}
        for (ranking, name), meter in self._meters.items():
            figures = meter.figures().as_dict()
            found.setdefault(ranking, {})[name] = {"recall_at_1": figures["p_at_1"], "map": figures["map"]}
        return by_part(found)
