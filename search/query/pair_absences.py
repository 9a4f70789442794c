"""Why methods have nothing to say about pairs of images: as codes, and in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.errors import CodedError
from jobs.rows import JobState
from search.exceptions import QueryError
from search.features import registry
from search.models import Feature
from search.types import Missing, Vectors

Held = Mapping[str, tuple[Vectors, NDArray[np.bool_]]]
"""By method: vectors of shape (ids, dim), and which of the ids have one."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Why one method has nothing to say about one pair.

    Attributes
    ----------
    code : the kind of reason
    reason : what the method, or whoever described the image, reported, or what the code comes to
    image_id : of the image that lacks a vector; None: it is not about one image
    """

    code: Missing
    reason: CodedError
    image_id: int | None = None

    def whole(self) -> CodedError:
        """Return the reason together with the image that it is about."""
        if self.image_id is None:
            return self.reason
        return QueryError("about_image", id=self.image_id, because=self.reason)


class Absences:
    """Finds out why methods say nothing; the database is asked once, and only if one of them is silent."""

    def __init__(
        self, versions: Mapping[str, str], held: Held, ids: NDArray[np.int64], silent: Collection[str]
    ) -> None:
        """Read what is known of the features that are lacking.

        Parameters
        ----------
        versions : that are searched by, by method
        held : vectors of the images
        ids : ndarray of the images
        silent : methods that say nothing about at least one pair
        """
        self._held, self._ids, self._versions = held, ids.tolist(), versions
        self._unavailable = registry.unavailable_methods()
        self._rows = self._read(silent) if silent else {}

    def of(self, name: str, first: int, second: int) -> Absence:
        """Return why a method says nothing about the images at two places."""
        if name in self._unavailable:
            return Absence(Missing.UNAVAILABLE, self._unavailable[name])
        # The first image that lacks a vector is reason enough for a reader.
        for place in (first, second):
            if name not in self._held or not self._held[name][1][place]:
                return self._lacking(name, place)
        # Both have one, so the method itself has nothing to say, or there are no random pairs to judge its score by.
        abstains = registry.methods()[name].abstains(self._held[name][0][first])
        if abstains:
            return Absence(Missing.ABSTAINS, abstains)
        return Absence(Missing.NO_CALIBRATION, QueryError("no_pairs_to_judge_by"))

    def _read(self, silent: Collection[str]) -> dict[tuple[int, str], tuple[str, str, CodedError]]:
        """Return version, state and reason of the features of these methods that could have been compared."""
        # By rising key: of several versions the newest comes last, and its row stays in the dictionary.
        rows = Feature.objects.filter(image__in=self._ids, method__in=silent).order_by("pk")
        listed = rows.values_list("image_id", "method", "version", "state", "error_code", "error_params")
        return {
            (image_id, method): (version, state, QueryError(code, **(params or {})))
            for image_id, method, version, state, code, params in listed
        }

    def _lacking(self, name: str, place: int) -> Absence:
        """Return why an image has no vector of a method."""
        image_id = self._ids[place]
        version, state, reason = self._rows.get((image_id, name), ("", "", QueryError()))
        if state == JobState.FAILED:
            return Absence(Missing.FAILED, reason, image_id)
        if state == JobState.READY and version != self._versions.get(name):
            return Absence(Missing.OTHER_VERSION, QueryError("of_other_version"), image_id)
        return Absence(Missing.NOT_COMPUTED, QueryError("not_computed_yet"), image_id)
