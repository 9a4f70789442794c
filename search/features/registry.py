"""Which methods there are, at which versions, and which rows are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings
from django.db.models import Q, QuerySet

from search.exceptions import MethodUnavailableError, SearchError
from search.methods import METHODS, DerivedMethod, Method, load_method
from search.models import Feature


@lru_cache(maxsize=1)
def methods() -> dict[str, Method]:
    """Return every registered method, made once per process; nothing heavy is loaded before it is used."""
    made = {name: load_method(name, settings.SEARCH_METHOD_OPTIONS.get(name)) for name in METHODS}
    for method in made.values():
        if isinstance(method, DerivedMethod):
            method.origin = made.get(method.source)
    return made


def current_versions() -> dict[str, str]:
    """Return the version of each method that this machine can compute."""
    return {name: method.version for name, method in methods().items() if method.unavailable() is None}


def unavailable_methods() -> dict[str, MethodUnavailableError]:
    """Return why each of the other methods cannot be computed here."""
    reasons = {name: method.unavailable() for name, method in methods().items()}
    return {
        name: MethodUnavailableError("not_available", because=reason)
        for name, reason in reasons.items()
        if reason is not None
    }


def stand_ins() -> dict[str, SearchError]:
    """Return why something else serves than what was chosen, by method."""
    return {name: error for name, method in methods().items() if (error := method.stands_in()) is not None}


def of_versions(versions: Mapping[str, str]) -> QuerySet[Feature]:
    """Select the rows of these methods at these versions."""
    return Feature.objects.filter(at_versions(versions))


def at_versions(versions: Mapping[str, str]) -> Q:
    """Select the rows of these methods at these versions."""
    # An OR of nothing selects everything; this selects nothing.
    wanted = Q(pk__in=[])
    for method, version in versions.items():
        wanted |= Q(method=method, version=version)
    return wanted
