"""Editing many images at once: what would change, the change itself, and its way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gallery.audit_events import Action, log_act, logged_at_end, subject_of
from gallery.batches import batches, lock_rows
from gallery.curation.editable_fields import Value, editable_field
from gallery.curation.title_patterns import fill
from gallery.models import Image

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Moves = dict[str, dict[tuple[Value, Value], list[int]]]
"""What changes: key of a field -> (value before, value after) -> ids of images."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What many images are to become.

    Attributes
    ----------
    values : key of an editable field (see `gallery.curation.editable_fields`) -> the value that all get
    title_pattern : the title that each gets, see `gallery.curation.title_patterns`; empty: titles stay
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    title_pattern: str = ""

    def __bool__(self) -> bool:
        return bool(self.values or self.title_pattern)


def plan(image_ids: Iterable[int], edit: Edit) -> Moves:
    """Return what an edit would change, without changing it; images that are so already are left out.

    Raises
    ------
    gallery.curation.title_patterns.PatternError : a title would be too long
    """
    moves: Moves = {}
    for part, wanted in _wanted(sorted(set(image_ids)), edit):
        for key, values in wanted.items():
            now = editable_field(key).read(part)
            for pk, after in values.items():
                if pk in now and now[pk] != after:
                    moves.setdefault(key, {}).setdefault((now[pk], after), []).append(pk)
    return moves


def apply(image_ids: Iterable[int], edit: Edit, user: User | AnonymousUser | None) -> Moves:
    """Change images, tell of it once, and return what changed: enough for `revert`.

    Raises
    ------
    gallery.curation.title_patterns.PatternError : nothing is changed
    """
    with logged_at_end():
        ids = lock_rows(Image.objects.all(), image_ids)
        # Planned again under the locks: what the preview showed may not be true any more.
        moves = plan(ids, edit)
        _write(moves)
        _tell(moves, user)
    return moves


def revert(moves: Moves, user: User | AnonymousUser | None) -> Moves:
    """Take an edit back wherever its value still stands; what was changed again since stays as it is.

    Returns
    -------
    back : what this changed
    """
    back: Moves = {}
    with logged_at_end():
        there = set(lock_rows(Image.objects.all(), changed_ids(moves)))
        for key, groups in moves.items():
            pairs = {pk: pair for pair, image_ids in groups.items() for pk in image_ids}
            for part in batches(sorted(pairs.keys() & there)):
                now = editable_field(key).read(part)
                for pk, value in now.items():
                    before, after = pairs[pk]
                    if value == after:
                        back.setdefault(key, {}).setdefault((after, before), []).append(pk)
        _write(back)
        _tell(back, user)
    return back


def changed_ids(moves: Moves) -> list[int]:
    """Return the ids of all images that change in any way, rising."""
    return sorted({pk for groups in moves.values() for image_ids in groups.values() for pk in image_ids})


def out_of_sight(moves: Moves) -> list[int]:
    """Return the ids of images that only admins would see then: in no collection and not in the common library."""
    placing = {key: groups for key, groups in moves.items() if key == "common" or key.startswith("collection:")}
    # Also right once the moves are made, as when they are undone: making them again changes nothing.
    after = {
        key: {pk: value for (_before, value), image_ids in groups.items() for pk in image_ids}
        for key, groups in placing.items()
    }
    found: list[int] = []
    # Only those that leave some place can be lost.
    for part in batches(sorted({pk for values in after.values() for pk, value in values.items() if not value})):
        holders = _holders(part)
        for key, values in after.items():
            for pk in values.keys() & holders.keys():
                holders[pk] = holders[pk] | {key} if values[pk] else holders[pk] - {key}
        found += [pk for pk in part if not holders[pk]]
    return found


def _holders(image_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return, for each image, the keys of the fields that let people see it."""
    common = Image.objects.filter(pk__in=image_ids, common=True).values_list("pk", flat=True)
    holders: dict[int, set[str]] = {pk: set() for pk in image_ids} | {pk: {"common"} for pk in common}
    links = Image.collections.through._default_manager.filter(image__in=image_ids)
    for pk, collection_id in links.values_list("image_id", "collection_id"):
        holders[pk].add(f"collection:{collection_id}")
    return holders


def as_state(moves: Moves) -> dict[str, Any]:
    """Return moves as JSON can hold them; `from_state` reads them again."""
    # JSON has no pairs for keys, so each group becomes a list of three.
    return {key: [[*pair, ids] for pair, ids in groups.items()] for key, groups in moves.items()}


def from_state(state: Mapping[str, Any]) -> Moves:
    """Return the moves that `as_state` wrote down."""
    return {key: {(before, after): ids for before, after, ids in groups} for key, groups in state.items()}


def _wanted(image_ids: Sequence[int], edit: Edit) -> Iterator[tuple[Sequence[int], dict[str, dict[int, Value]]]]:
    """Yield batches of ids, with the value that each image should have in each field."""
    number = 0
    for part in batches(image_ids):
        wanted: dict[str, dict[int, Value]] = {key: dict.fromkeys(part, value) for key, value in edit.values.items()}
        if edit.title_pattern:
            images = Image.objects.filter(pk__in=part).order_by("pk")
            wanted["title"] = {
                image.pk: fill(edit.title_pattern, image, number + position)
                for position, image in enumerate(images, start=1)
            }
        number += len(part)
        yield part, wanted


def _write(moves: Moves) -> None:
    for key, groups in sorted(moves.items()):  # two edits that make the same tags wait for each other's names
        values = {pk: after for (_before, after), image_ids in groups.items() for pk in image_ids}
        for part in batches(sorted(values)):
            editable_field(key).write({pk: values[pk] for pk in part})


def _tell(moves: Moves, user: User | AnonymousUser | None) -> None:
    """Tell of what changed; images are named by their place in one list of their sums, which may be long."""
    ids = changed_ids(moves)
    if not ids:
        return
    sums = {pk: sha256 for part in batches(ids) for pk, sha256 in _sums(part)}
    place = {pk: position for position, pk in enumerate(ids)}
    changes = {
        key: [
            {"before": before, "after": after, "images": [place[pk] for pk in image_ids]}
            for (before, after), image_ids in groups.items()
        ]
        for key, groups in moves.items()
    }
    hashes = [sums[pk] for pk in ids]
    log_act(user, Action.EDIT, subject_of(hashes), sha256=hashes, changes=changes)


def _sums(image_ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    yield from Image.objects.filter(pk__in=image_ids).values_list("pk", "sha256")
