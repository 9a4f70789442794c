"""Why methods have nothing to say about pairs of images: as codes, and in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from jobs.errors import sentence
from jobs.rows import JobState
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
    image_id : of the image that lacks a vector; None: it is not about one image
    detail : what the method, or whoever described the image, reported; empty where the code says all
    """

    code: Missing
    image_id: int | None = None
    detail: str = ""

    def words(self) -> str:
        """Return the reason in the reader's language."""
        known = {
            Missing.NOT_COMPUTED: _("not computed yet"),
            Missing.OTHER_VERSION: _("computed by another version of the method than the one that is searched by"),
            Missing.NO_CALIBRATION: _("no random pairs to judge it by yet"),
        }
        reason = known.get(self.code, self.detail)
        if self.image_id is None:
            return reason
        return _("image %(id)d: %(reason)s") % {"id": self.image_id, "reason": reason}


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
            return Absence(Missing.UNAVAILABLE, detail=str(self._unavailable[name]))
        # The first image that lacks a vector is reason enough for a reader.
        for place in (first, second):
            if name not in self._held or not self._held[name][1][place]:
                return self._lacking(name, place)
        # Both have one, so the method itself has nothing to say, or there are no random pairs to judge its score by.
        abstains = registry.methods()[name].abstains(self._held[name][0][first])
        return Absence(Missing.ABSTAINS, detail=str(abstains)) if abstains else Absence(Missing.NO_CALIBRATION)

    def _read(self, silent: Collection[str]) -> dict[tuple[int, str], tuple[str, str, str]]:
        """Return version, state and reason of the features of these methods that could have been compared."""
        # By rising key: of several versions the newest comes last, and its row stays in the dictionary.
        rows = Feature.objects.filter(image__in=self._ids, method__in=silent).order_by("pk")
        listed = rows.values_list("image_id", "method", "version", "state", "error_code", "error_params")
        return {
            (image_id, method): (version, state, sentence(code, params))
            for image_id, method, version, state, code, params in listed
        }

    def _lacking(self, name: str, place: int) -> Absence:
        """Return why an image has no vector of a method."""
        image_id = self._ids[place]
        version, state, reason = self._rows.get((image_id, name), ("", "", ""))
        if state == JobState.FAILED:
            return Absence(Missing.FAILED, image_id, reason)
        other = state == JobState.READY and version != self._versions.get(name)
        return Absence(Missing.OTHER_VERSION if other else Missing.NOT_COMPUTED, image_id)
