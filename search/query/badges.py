"""Badges on hits: what apps above search have to say about a hit beside its score.

Search shows badges without knowing what they are about: apps that have some register themselves under a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gallery.models import Image

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


@dataclass(frozen=True, slots=True)
class Badge:
    """A word on a hit.

    Attributes
    ----------
    text : the word
    title : a sentence that explains it
    tone : "good", "bad", "warn" or empty: the color of the chip; the word says the same
    apart : the hit is known not to be what is looked for, so that it may be marked or left out
    """

    text: str
    title: str
    tone: str = ""
    apart: bool = False


class BadgeSource(Protocol):
    """Who has marks: by image id, for those of the hits that have one. Two database queries at most."""

    def __call__(
        self, viewer: User | AnonymousUser, query: Image, hits: Mapping[int, Image]
    ) -> Mapping[int, Badge]: ...


# By name: a source that is registered twice, as when an app is loaded again, is still asked once.
_sources: dict[str, BadgeSource] = {}


def register(name: str, source: BadgeSource) -> None:
    """Make a source known under a name."""
    _sources[name] = source


def badges_of(viewer: User | AnonymousUser, query: Image | None, hits: Mapping[int, Image]) -> dict[int, list[Badge]]:
    """Return the marks of hits, by image id.

    Parameters
    ----------
    viewer : who searches
    query : the image of the gallery that is searched for; None: it is not in the gallery, so nothing is known of it
    hits : by image id
    """
    found: dict[int, list[Badge]] = {}
    if query is None or not hits:
        return found
    for source in _sources.values():
        for image_id, mark in source(viewer, query, hits).items():
            found.setdefault(image_id, []).append(mark)
    return found
