"""The rows of arriving files: made before decoding, settled after it. All writes are short transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from gallery import originals
from gallery.decoding import Inspection, Refused
from gallery.models import Collection, Image, Tag
from gallery.originals import Received
from gallery.signals import images_stored

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_NAME = 255
MAX_LABEL = 120
MAX_COLLECTION, MAX_TAG = 120, 80
MAX_DETAIL = 300
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Placing:
    """Where arriving images belong; names are looked up, and made where missing."""

    user: User | AnonymousUser | None = None
    collections: Sequence[Collection | str] = ()
    tags: Sequence[Tag | str] = ()

    @property
    def user_id(self) -> int | None:
        """Return the id of a person who is logged in."""
        return self.user.pk if self.user is not None and self.user.is_authenticated else None

    def collection_ids(self) -> list[int]:
        """Return the ids of the collections."""
        return [
            (Collection.objects.get_or_create(name=item[:MAX_COLLECTION])[0] if isinstance(item, str) else item).pk
            for item in self.collections
        ]

    def tag_ids(self) -> list[int]:
        """Return the ids of the tags."""
        return [
            (Tag.objects.get_or_create(name=item[:MAX_TAG])[0] if isinstance(item, str) else item).pk
            for item in self.tags
        ]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A received file, the name it came under and its label."""

    received: Received
    name: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """The row of an arrival. `created`: this arrival made it; otherwise the bytes were known."""

    image: Image
    created: bool

    @property
    def unfinished(self) -> bool:
        """Tell whether the image still has to be decoded."""
        return self.image.status == Image.Status.PENDING


def clean_name(name: str) -> str:
    """Return a file name without folders and invisible characters, short enough to be stored."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(character for character in base if character.isprintable()).strip()
    if len(visible) <= MAX_NAME:
        return visible or UNNAMED
    stem, dot, suffix = visible.rpartition(".")
    return stem[: MAX_NAME - len(suffix) - 1] + dot + suffix if 0 < len(suffix) < 10 else visible[:MAX_NAME]


def register(arrivals: Sequence[Arrival], where: Placing) -> list[Registered]:
    """Keep the files and make their rows, or find the rows of bytes known before.

    What was refused before and comes again is tried again, under its new name. Known images join the collections
    and get the tags as well, and the label if they have none.

    Raises
    ------
    OSError, django.db.Error : no file without a row is left behind
    """
    files = {arrival.received.sha256: arrival.received for arrival in arrivals}
    created: set[str] = set()
    try:
        with originals.exclusive(), transaction.atomic():
            rows = _find(files)
            created = files.keys() - rows.keys()
            originals.keep([file for sha256, file in files.items() if sha256 in created or _wants_bytes(rows[sha256])])
            rows |= _create([arrival for arrival in arrivals if arrival.received.sha256 in created], where)
            for arrival in arrivals:
                _welcome(rows[arrival.received.sha256], arrival)
            _place([row.pk for row in rows.values()], where)
    except BaseException:
        for sha256 in created:
            originals.remove(sha256)
        raise
    finally:
        for arrival in arrivals:
            arrival.received.discard()
    hashes = [arrival.received.sha256 for arrival in arrivals]
    return [Registered(rows[sha256], sha256 in created) for sha256 in hashes]


def _wants_bytes(image: Image) -> bool:
    """Tell whether the original of a known image may have gone missing."""
    return image.status != Image.Status.READY


def _find(hashes: Iterable[str]) -> dict[str, Image]:
    return {image.sha256: image for image in Image.objects.filter(sha256__in=set(hashes))}


def _create(arrivals: Iterable[Arrival], where: Placing) -> dict[str, Image]:
    images: dict[str, Image] = {}
    for arrival in arrivals:
        received = arrival.received
        image = Image(
            sha256=received.sha256,
            num_bytes=received.num_bytes,
            original_name=clean_name(arrival.name),
            label=arrival.label[:MAX_LABEL],
            uploaded_by_id=where.user_id,
        )
        images.setdefault(received.sha256, image)
    Image.objects.bulk_create(images.values())
    return images


def _welcome(image: Image, arrival: Arrival) -> None:
    """Bring a known row up to date with what comes with the same bytes."""
    changed = []
    if image.status == Image.Status.REFUSED:
        image.status, image.reason, image.detail = Image.Status.PENDING, "", ""
        image.original_name = clean_name(arrival.name)
        changed += ["status", "reason", "detail", "original_name"]
    if arrival.label and not image.label:
        image.label = arrival.label[:MAX_LABEL]
        changed.append("label")
    if changed:
        image.save(update_fields=changed)


def _place(image_ids: Sequence[int], where: Placing) -> None:
    in_collections, with_tags = Image.collections.through, Image.tags.through
    in_collections._default_manager.bulk_create(
        [in_collections(image_id=pk, collection_id=item) for item in where.collection_ids() for pk in image_ids],
        ignore_conflicts=True,
    )
    with_tags._default_manager.bulk_create(
        [with_tags(image_id=pk, tag_id=item) for item in where.tag_ids() for pk in image_ids], ignore_conflicts=True
    )


def settle(verdicts: Sequence[tuple[Image, Inspection | Refused]]) -> set[int]:
    """Write what decoding found, and announce the ready images in the same transaction.

    Returns
    -------
    settled : ids of the rows that this call settled; the others were settled by another process meanwhile
    """
    settled: set[int] = set()
    ready: list[int] = []
    with transaction.atomic():
        for image, verdict in verdicts:
            _apply(image, verdict)
            values = {field: getattr(image, field) for field in SETTLED_FIELDS}
            if Image.objects.filter(pk=image.pk, status=Image.Status.PENDING).update(**values):
                settled.add(image.pk)
                if image.status == Image.Status.READY:
                    ready.append(image.pk)
        if ready:
            images_stored.send(sender=Image, image_ids=ready)
    return settled


SETTLED_FIELDS = (
    "status",
    "reason",
    "detail",
    "format",
    "width",
    "height",
    "num_frames",
    "pixels_sha256",
    "tone",
)


def _apply(image: Image, verdict: Inspection | Refused) -> None:
    if isinstance(verdict, Refused):
        image.status, image.reason, image.detail = Image.Status.REFUSED, verdict.reason, verdict.detail[:MAX_DETAIL]
        return
    image.status, image.reason, image.detail = Image.Status.READY, "", ""
    image.format, image.num_frames = verdict.format, verdict.num_frames
    image.width, image.height = verdict.width, verdict.height
    image.pixels_sha256, image.tone = verdict.pixels_sha256, verdict.tone
