"""The rows of arriving files: made before decoding, settled after it. All writes are short transactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from gallery.audit_events import Action, log_act, logged_at_end, subject_of
from gallery.curation import visibility
from gallery.decoding import Inspection, Refused
from gallery.models import Collection, Image, Membership, RepeatUpload, Tag
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from gallery.signals import images_stored, visibility_changed
from gallery.storage import originals
from gallery.storage.incoming import Received

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_NAME = 255
MAX_LABEL = 120
MAX_COLLECTION, MAX_TAG = 120, 80
MAX_DETAIL = 300
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where arriving images belong; names are looked up, and made where missing.

    Collections that are made so are private if asked, and who brings the images is their curator then. None as the
    user stands for the site itself.
    """

    user: User | AnonymousUser | None = None
    collections: Sequence[Collection | str] = ()
    tags: Sequence[Tag | str] = ()
    private: bool = False

    @property
    def user_id(self) -> int | None:
        """Return the id of a person who is logged in."""
        return self.user.pk if self.user is not None and self.user.is_authenticated else None

    def find_collections(self) -> list[Collection]:
        """Return the collections."""
        # In one order: two uploads that make the same ones wait for each other's names.
        names = sorted(item for item in self.collections if isinstance(item, str))
        made = {name: self._named(name[:MAX_COLLECTION]) for name in names}
        return [made[item] if isinstance(item, str) else item for item in self.collections]

    def reaches_all(self, collections: Sequence[Collection]) -> bool:
        """Tell whether the images belong to the common library, too: from those who may add to that."""
        public = not collections or any(not collection.private for collection in collections)
        return public and (self.user is None or permissions_of(self.user).may(Role.CONTRIBUTOR))

    def _named(self, name: str) -> Collection:
        collection, created = Collection.objects.get_or_create(name=name, defaults={"private": self.private})
        if created:
            if self.private and self.user_id is not None:
                Membership.objects.create(collection=collection, user_id=self.user_id, role=Role.CURATOR)
            log_act(self.user, Action.COLLECTION, name, made=True, private=self.private)
        return collection

    def tag_ids(self) -> list[int]:
        """Return the ids of the tags."""
        return [
            (Tag.objects.get_or_create(name=item[:MAX_TAG])[0] if isinstance(item, str) else item).pk
            for item in sorted(self.tags, key=str)
        ]


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A received file, the name it came under and its label."""

    received: Received
    name: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """The row of an arrival.

    `created`: this arrival made it; otherwise the bytes were known. `opened`: who brought them could not know of it
    before, and now can. `restored`: the image was in the trash.
    """

    image: Image
    created: bool
    opened: bool = False
    restored: bool = False

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
    # The suffix is never cut off: it says which type the file claims to be.
    return stem[: MAX_NAME - len(suffix) - 1] + dot + suffix if 0 < len(suffix) < 10 else visible[:MAX_NAME]


def register(arrivals: Sequence[IncomingFile], where: Destination) -> list[Registered]:
    """Keep the files and make their rows, or find the rows of bytes known before.

    What was refused before and comes again is tried again, under its new name. Known images join the collections
    and get the tags as well, and the label if they have none; that they came again is noted. Those that were closed to
    who brings them are like new ones: they come into the common library too, unless all the collections are private.
    What people bring comes out of the trash; commands, which may be run again over the same folder, leave it there.

    Raises
    ------
    OSError, django.db.Error : no file without a row is left behind
    """
    files = {arrival.received.sha256: arrival.received for arrival in arrivals}
    created: set[str] = set()
    opened: set[str] = set()
    restored: set[str] = set()
    try:
        # Locked before the transaction, which would keep SQLite's only writer waiting as well, and freed after its
        # commit, so that whoever deletes the same bytes next sees our rows.
        with originals.exclusive(), logged_at_end():
            rows = _find(files)
            created = files.keys() - rows.keys()
            # Bytes before rows: dying now leaves a harmless file; a row without one would look like a lost disk.
            originals.keep([file for sha256, file in files.items() if sha256 in created or _wants_bytes(rows[sha256])])
            opened = _closed(rows, where)
            restored = _take_out_of_trash(rows, where)
            known = {sha256 for sha256, row in rows.items() if row.status != Image.Status.REFUSED}
            collections = where.find_collections()
            common = where.reaches_all(collections)
            rows |= _create([each for each in arrivals if each.received.sha256 in created], where, common=common)
            for arrival in arrivals:
                _merge_repeat(rows[arrival.received.sha256], arrival)
            _note_repeats(arrivals, rows, known, where)
            if opened and common:
                Image.objects.filter(sha256__in=opened).update(common=True)
            _place(rows.values(), collections, where)
            if collections and len(rows) > len(created):  # new ones cannot be found yet
                visibility_changed.send(sender=Image)
            _tell(arrivals, created, collections, where)
    except BaseException:
        for sha256 in created:
            originals.remove(sha256)  # only what this call brought; its rows are rolled back
        raise
    finally:
        for arrival in arrivals:
            arrival.received.discard()  # what was kept has been moved away already
    registered = []
    for arrival in arrivals:
        sha256 = arrival.received.sha256
        registered.append(Registered(rows[sha256], sha256 in created, sha256 in opened, sha256 in restored))
        opened.discard(sha256)  # the same file once more in the same batch is known
        restored.discard(sha256)
    return registered


def _wants_bytes(image: Image) -> bool:
    """Tell whether the original of a known image is missing, or may be."""
    return image.status != Image.Status.READY or not originals.is_at_hand(image.sha256)


def _find(hashes: Iterable[str]) -> dict[str, Image]:
    """Return the rows of bytes that are known, locked by rising id like by every act on images."""
    known = Image.objects.select_for_update().order_by("pk")
    return {image.sha256: image for image in known.filter(sha256__in=set(hashes))}


def _closed(rows: Mapping[str, Image], where: Destination) -> set[str]:
    """Return the hashes of known images that who brings them may not know of."""
    if where.user is None or not rows:
        return set()
    return set(Image.objects.closed_to(where.user).filter(sha256__in=list(rows)).values_list("sha256", flat=True))


def _take_out_of_trash(rows: Mapping[str, Image], where: Destination) -> set[str]:
    """Restore known images that somebody brings again; return their hashes."""
    trashed = {sha256: row for sha256, row in rows.items() if row.trashed_at}
    if where.user is None or not trashed:
        return set()
    visibility.restore([row.pk for row in trashed.values()], where.user)
    for row in trashed.values():
        row.trashed_at = row.trashed_by = row.merged_into = None  # read before the update, and settled later by these
    return set(trashed)


def _tell(
    arrivals: Sequence[IncomingFile], created: set[str], collections: Sequence[Collection], where: Destination
) -> None:
    """Tell of an upload; commands that find a folder as it was have done nothing."""
    if not created and where.user is None:
        return
    names = {arrival.received.sha256: clean_name(arrival.name) for arrival in arrivals}
    known = sorted(names.keys() - created)
    about: dict[str, Any] = {"sha256": sorted(created), "known": known, "names": names}
    if collections:
        about["collections"] = [collection.name for collection in collections]
    log_act(where.user, Action.UPLOAD, subject_of(sorted(names)), **about)


def _note_repeats(
    arrivals: Iterable[IncomingFile], rows: Mapping[str, Image], known: set[str], where: Destination
) -> None:
    """Keep the names under which bytes came that were known, or came before in the same batch.

    Commands may be run again over the same folder; what they find as it was is no news.
    """
    repeats, seen = [], set(known)
    for arrival in arrivals:
        sha256, name = arrival.received.sha256, clean_name(arrival.name)
        image = rows[sha256]
        if sha256 in seen and (where.user is not None or name != image.original_name):
            repeats.append(RepeatUpload(image=image, original_name=name, uploaded_by_id=where.user_id))
        seen.add(sha256)
    RepeatUpload.objects.bulk_create(repeats)


def _create(arrivals: Iterable[IncomingFile], where: Destination, *, common: bool) -> dict[str, Image]:
    images: dict[str, Image] = {}
    for arrival in arrivals:
        received = arrival.received
        image = Image(
            sha256=received.sha256,
            num_bytes=received.num_bytes,
            original_name=clean_name(arrival.name),
            label=arrival.label[:MAX_LABEL],
            uploaded_by_id=where.user_id,
            common=common,
        )
        images.setdefault(received.sha256, image)  # the first name counts, later ones are repeats
    Image.objects.bulk_create(images.values())
    return images


def _merge_repeat(image: Image, arrival: IncomingFile) -> None:
    """Bring a known row up to date with what comes with the same bytes."""
    changed = []
    if image.status == Image.Status.REFUSED:
        image.status, image.reason, image.detail = Image.Status.PENDING, "", ""
        image.original_name = clean_name(arrival.name)  # the old one's suffix may have been what was wrong
        changed += ["status", "reason", "detail", "original_name"]
    if arrival.label and not image.label:
        image.label = arrival.label[:MAX_LABEL]
        changed.append("label")
    if changed:
        image.save(update_fields=changed)


def _place(images: Iterable[Image], collections: Sequence[Collection], where: Destination) -> None:
    image_ids = [image.pk for image in images]
    # Rows of the links themselves: `add()` asks for each image, in a transaction that all others wait for.
    in_collections, with_tags = Image.collections.through, Image.tags.through
    in_collections._default_manager.bulk_create(
        [in_collections(image_id=pk, collection_id=each.pk) for each in collections for pk in image_ids],
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
        for image, verdict in sorted(verdicts, key=lambda each: each[0].pk):  # the order of all locks on images
            _apply(image, verdict)
            values = {field: getattr(image, field) for field in SETTLED_FIELDS}
            # A condition of the update, as the reconciler may have decoded the same file at the same time.
            if Image.objects.filter(pk=image.pk, status=Image.Status.PENDING).update(**values):
                settled.add(image.pk)
                if image.status == Image.Status.READY and image.trashed_at is None:
                    ready.append(image.pk)
        if ready:
            images_stored.send(sender=Image, image_ids=ready)
    return settled


SETTLED_FIELDS = (
    "status",
    "reason",
    "detail",
    "retry_at",
    "format",
    "width",
    "height",
    "num_frames",
    "pixels_sha256",
    "tone",
)


def put_off(image: Image, until: datetime, reason: str = "") -> None:
    """Leave an image pending whose files cannot be read or written now, and say why and when they are tried again."""
    image.retry_at, image.reason = until, reason
    pending = Image.objects.filter(pk=image.pk, status=Image.Status.PENDING)
    pending.update(retry_at=image.retry_at, reason=image.reason)


def _apply(image: Image, verdict: Inspection | Refused) -> None:
    image.retry_at = None
    if isinstance(verdict, Refused):
        image.status, image.reason, image.detail = Image.Status.REFUSED, verdict.reason, verdict.detail[:MAX_DETAIL]
        return
    image.status, image.reason, image.detail = Image.Status.READY, "", ""
    image.format, image.num_frames = verdict.format, verdict.num_frames
    image.width, image.height = verdict.width, verdict.height
    image.pixels_sha256, image.tone = verdict.pixels_sha256, verdict.tone
