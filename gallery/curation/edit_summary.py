"""What an edit does, in words: for the preview of many images, and for what somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from gallery.curation.bulk_edit import Moves, changed_ids
from gallery.curation.editable_fields import Value
from gallery.models import Collection, Image

NUM_SAMPLES = 6


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One field of an edit: what it becomes, and of how many images."""

    name: str
    becomes: str
    num_changed: int
    num_same: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One image that changes, with what changes: (name, before, after)."""

    image: Image
    changes: list[tuple[str, str, str]]


def lines(moves: Moves, num_images: int) -> list[SummaryLine]:
    """Return what an edit of so many images changes, field by field."""
    names = collection_names(moves)
    found = []
    for key, groups in moves.items():
        afters = {after for _before, after in groups}
        becomes = value_words(key, afters.pop()) if len(afters) == 1 else _("each its own, see below")
        num_changed = sum(map(len, groups.values()))
        found.append(SummaryLine(field_words(key, names), becomes, num_changed, num_images - num_changed))
    return found


def samples(moves: Moves) -> list[Sample]:
    """Return the first images that change, with what changes."""
    names = collection_names(moves)
    chosen = changed_ids(moves)[:NUM_SAMPLES]
    images = Image.objects.in_bulk(chosen)
    changes: dict[int, list[tuple[str, str, str]]] = {pk: [] for pk in chosen}
    for key, groups in moves.items():
        for (before, after), image_ids in groups.items():
            for pk in changes.keys() & set(image_ids):
                change = (field_words(key, names), value_words(key, before), value_words(key, after))
                changes[pk].append(change)
    return [Sample(images[pk], changes[pk]) for pk in chosen if pk in images]


def collection_names(keys: Iterable[str]) -> Mapping[str, str]:
    """Return the names of the collections among the fields; one query."""
    ids = [int(key.partition(":")[2]) for key in keys if key.startswith("collection:")]
    return {f"collection:{pk}": name for pk, name in Collection.objects.filter(pk__in=ids).values_list("pk", "name")}


def field_words(key: str, names: Mapping[str, str]) -> str:
    """Return what people call a field."""
    kind, _colon, name = key.partition(":")
    if kind == "tag":
        return _("Tag “%(name)s”") % {"name": name}
    if kind == "collection":
        return _("Collection “%(name)s”") % {"name": names.get(key, name)}
    if kind == "attribute":
        return _("Attribute “%(name)s”") % {"name": name}
    return {"title": _("Title"), "label": _("Label"), "caption": _("Caption"), "common": _("Common library")}[key]


def value_words(key: str, value: Value) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return (_("in it") if value else _("not in it")) if not key.startswith("tag:") else _tag_words(value)
    return value or _("none")


def _tag_words(value: bool) -> str:
    return _("has it") if value else _("does not have it")
