"""Merging images that are one picture: the keeper takes what it lacks from the others, which go to the trash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from gallery.audit_events import Action, log_act, logged_at_end
from gallery.batches import batches, lock_rows
from gallery.curation import visibility
from gallery.models import Attribute, Image
from jobs.errors import CodedError

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

FIELDS = ("title", "label", "caption")


class MergeError(CodedError):
    """These images cannot be merged; the code says why."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge gives to the keeper: enough to show it beforehand, and to undo it."""

    keeper_id: int
    other_ids: tuple[int, ...]  # those that go to the trash
    tag_ids: tuple[int, ...] = ()
    collection_ids: tuple[int, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)  # name -> value
    fields: Mapping[str, str] = field(default_factory=dict)  # title, label, caption
    common: bool = False  # the keeper joins the common library, where one of the others was

    def as_state(self) -> dict[str, Any]:
        """Return this as JSON can hold it; `Merged.from_state` reads it again."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Merged:
        """Return the merge that `as_state` wrote down."""
        ids = {name: tuple(state[name]) for name in ("other_ids", "tag_ids", "collection_ids")}
        return cls(**{**state, **ids})


def plan(keeper_id: int, other_ids: Iterable[int]) -> Merged:
    """Return what a merge would do, without doing it.

    Parameters
    ----------
    keeper_id : the image that stays
    other_ids : the images that it stands for; where several have what it lacks, the first of them gives it

    Raises
    ------
    MergeError : there is no keeper, it is in the trash or among the others, or none of the others can go
    """
    return _plan(*_read(keeper_id, other_ids))


def merge(keeper_id: int, other_ids: Iterable[int], user: User | AnonymousUser | None) -> Merged:
    """Give the keeper the tags, collections, attributes and texts that it lacks; move the others to the trash.

    Parameters
    ----------
    keeper_id : the image that stays
    other_ids : the images that it stands for from now on; where several have what it lacks, the first gives it
    user : who does it; that they curate all of them is the caller's to ask

    Raises
    ------
    MergeError : nothing is changed; see `plan`
    """
    with logged_at_end():
        keeper, others = _read(keeper_id, other_ids, lock=True)
        merged = _plan(keeper, others)
        _give(keeper, merged)
        visibility.trash(merged.other_ids, user, merged_into=keeper)
        log_act(
            user,
            Action.MERGE,
            keeper.sha256,
            sha256=[image.sha256 for image in others],
            merged=merged.as_state(),
            left=_left(others, merged),
        )
    return merged


def unmerge(merged: Merged, user: User | AnonymousUser | None) -> int:
    """Take back what the keeper got, where it still has it, and restore the others; return how many came back."""
    with logged_at_end():
        lock_rows(Image.objects.all(), [merged.keeper_id, *merged.other_ids])  # `restore` alone would come too late
        keeper = Image.objects.filter(pk=merged.keeper_id).first()
        if keeper:
            _take_back(keeper, merged)
        # Those restored since, or merged into something else, are no longer this merge's to bring back.
        own = Image.objects.filter(pk__in=merged.other_ids, merged_into_id=merged.keeper_id)
        num_restored = visibility.restore(own.values_list("pk", flat=True), user)
        if keeper:
            log_act(user, Action.EDIT, keeper.sha256, unmerged=merged.as_state(), restored=num_restored)
    return num_restored


def _read(keeper_id: int, other_ids: Iterable[int], *, lock: bool = False) -> tuple[Image, list[Image]]:
    wanted = list(dict.fromkeys(other_ids))
    images = Image.objects.select_for_update() if lock else Image.objects.all()
    # By rising id like every other act on images, so that two of them never wait for each other.
    images = images.prefetch_related("tags", "collections", "attributes").order_by("pk")
    found = {image.pk: image for part in batches(sorted({keeper_id, *wanted})) for image in images.filter(pk__in=part)}
    keeper = found.get(keeper_id)
    # Asked under the lock as well: while people choose, others hide, trash and merge the same images.
    if keeper is None or keeper.trashed_at or keeper.status != Image.Status.READY:
        raise MergeError("keeper_gone")
    if keeper_id in wanted:
        raise MergeError("keeper_among_others")
    others = [found[pk] for pk in wanted if pk in found and found[pk].trashed_at is None]
    others = [image for image in others if image.status != Image.Status.PENDING]
    if not others:
        raise MergeError("others_gone")
    return keeper, others


def _plan(keeper: Image, others: Sequence[Image]) -> Merged:
    return Merged(
        keeper_id=keeper.pk,
        other_ids=tuple(image.pk for image in others),
        tag_ids=_lacking(keeper, others, "tags"),
        collection_ids=_lacking(keeper, others, "collections"),
        attributes=_first_of(others, _attributes, lacking=_attributes(keeper)),
        fields=_first_of(others, _texts, lacking=_texts(keeper)),
        common=not keeper.common and any(image.common for image in others),
    )


def _lacking(keeper: Image, others: Sequence[Image], relation: str) -> tuple[int, ...]:
    own = {each.pk for each in getattr(keeper, relation).all()}
    return tuple(sorted({each.pk for image in others for each in getattr(image, relation).all()} - own))


def _attributes(image: Image) -> dict[str, str]:
    return {attribute.name: attribute.value for attribute in image.attributes.all()}


def _texts(image: Image) -> dict[str, str]:
    return {name: text for name in FIELDS if (text := getattr(image, name))}


def _first_of(
    others: Sequence[Image], read: Callable[[Image], dict[str, str]], *, lacking: Mapping[str, str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for image in others:
        found = read(image) | found  # what an earlier one said stays
    return {name: value for name, value in found.items() if name not in lacking}


def _give(keeper: Image, merged: Merged) -> None:
    keeper.tags.add(*merged.tag_ids)
    keeper.collections.add(*merged.collection_ids)
    Attribute.objects.bulk_create(
        [Attribute(image=keeper, name=name, value=value) for name, value in merged.attributes.items()]
    )
    values = dict(merged.fields) | ({"common": True} if merged.common else {})
    if values:
        Image.objects.filter(pk=keeper.pk).update(**values)  # not save(): this also tells who may see what


def _take_back(keeper: Image, merged: Merged) -> None:
    keeper.tags.remove(*merged.tag_ids)
    keeper.collections.remove(*merged.collection_ids)
    for name, value in merged.attributes.items():
        keeper.attributes.filter(name=name, value=value).delete()
    for name, text in merged.fields.items():
        Image.objects.filter(pk=keeper.pk, **{name: text}).update(**{name: ""})
    if merged.common:
        Image.objects.filter(pk=keeper.pk).update(common=False)


def _left(others: Sequence[Image], merged: Merged) -> dict[str, dict[str, dict[str, str]]]:
    """Return what the others said and the keeper did not take, by their sums: the record has it when they are gone."""
    left = {}
    for image in others:
        texts = {name: text for name, text in _texts(image).items() if merged.fields.get(name) != text}
        attributes = {name: text for name, text in _attributes(image).items() if merged.attributes.get(name) != text}
        if texts or attributes:
            left[image.sha256] = {"texts": texts, "attributes": attributes}
    return left
