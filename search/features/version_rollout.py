"""Which version of a method serves: the one in the generation in use, until its successor is complete.

A new version starts from nothing. Were it used at once, the method would find nothing until every image is computed
again; so the rows of the version before it stay, in the database and in every generation built meanwhile, and the first
build after the new version is complete makes the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from numpy.typing import NDArray

from gallery.models import Image
from jobs.rows import JobState
from search.exceptions import DimensionMismatchError
from search.features import leases, registry
from search.methods import Method
from search.models import Feature, Generation

LOST = Q(state=JobState.FAILED) | Q(error_code=leases.ORIGINAL_UNAVAILABLE)  # rows that are ready have no such code
SETTLED = LOST | Q(state=JobState.READY)
MAX_LOST = 0.1
"""Share of the images that a version described which the next one may fail to describe and still take over."""


def served_versions(active: Generation | None) -> dict[str, str]:
    """Return the versions to search by: those of the generation in use, and the current ones of other methods."""
    return registry.current_versions() | _known(active)


def next_versions(active: Generation | None) -> dict[str, str]:
    """Return the versions that a generation built now holds: the current ones where they are complete.

    A method that has become unavailable here keeps its version, as does one whose new version is not complete.
    """
    current, known = registry.current_versions(), _known(active)
    kept = {name: old for name, old in known.items() if not _succeeded(name, old, current)}
    return current | kept


def pending_successions(active: Generation) -> dict[str, str]:
    """Return the current versions of the methods that are still searched by an earlier one."""
    known = _known(active)
    return {name: new for name, new in registry.current_versions().items() if known.get(name, new) != new}


def is_complete(method: str, old: str, new: str) -> bool:
    """Tell whether a version has all that an older one has: each shown image of that is ready or lost in the new.

    A version in which more than MAX_LOST of them are lost, because they failed or their originals cannot be opened, is
    not complete: something is wrong, and a search by it would find little of what the older one finds.
    """
    before = _shown(method, old).filter(state=JobState.READY)
    waiting = _shown(method, new).exclude(SETTLED)
    if waiting.filter(Exists(before.filter(image=OuterRef("image")))).exists():
        return False  # the usual case, found quickly along the index
    settled = _shown(method, new).filter(SETTLED, image=OuterRef("image"))
    if before.filter(~Exists(settled)).exists():
        return False
    lost = before.filter(Exists(settled.filter(LOST))).count()
    return lost <= MAX_LOST * before.count()


def can_compare(method: Method, vector: NDArray[Any]) -> bool:
    """Tell whether a method, as it is today, can compare rows like this one of an earlier version."""
    try:
        # Tried on one row: lengths are not told by versions, and a method may read rows of earlier ones.
        method.scores(vector, vector[None])
    except (DimensionMismatchError, ValueError):
        return False
    return True


def _known(active: Generation | None) -> dict[str, str]:
    """Return the versions in a generation, of methods that are still registered."""
    if active is None:
        return {}
    return {name: version for name, version in active.versions.items() if name in registry.methods()}


def _succeeded(name: str, old: str, current: Mapping[str, str]) -> bool:
    new = current.get(name)
    return new is not None and (new == old or is_complete(name, old, new))


def _shown(method: str, version: str) -> QuerySet[Feature]:
    """Select a version's rows of the images that can be found."""
    shown = {"image__status": Image.Status.READY, "image__hidden": False, "image__trashed_at": None}
    return Feature.objects.filter(method=method, version=version, **shown)
