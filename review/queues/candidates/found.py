"""What goes into a queue, whichever way it is found: pairs of images in the order in which they are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from numpy.typing import NDArray

from gallery.models import Image, ImageQuerySet
from gallery.people.roles import Role

COMPARING, SCORING = "comparing", "scoring"
"""Phases of gathering, in their order; quick ways have none."""


@dataclass(frozen=True, slots=True)
class FoundPairs:
    """Pairs in the order in which they are to be read.

    Attributes
    ----------
    first, second : ndarrays of shape (n,), image ids
    scores : ndarray of shape (n,), 0..1: fused
    weights : by method: what the scores were fused with
    num_left_out : pairs that would have been taken, but were judged already or wait in another queue
    about : more of what was found, to be shown with the queue
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float64]
    weights: Mapping[str, float]
    num_left_out: int
    about: Mapping[str, Any] = field(default_factory=dict)


def images_for(user: User | None, collection_id: int | None) -> ImageQuerySet:
    """Return the images about which this person may have others decide."""
    images = Image.objects.shown()
    if user is not None:
        images = images.with_role(user, Role.REVIEWER)
    return images if collection_id is None else images.filter(collections=collection_id)
