"""The one way in: for the page, the command, the admin and the sample gallery.

Bytes are hashed and stored first, then a row says `pending`, then the decoder child decides: `ready` or `refused`. A
process may be killed between any two of these; `finish_pending` or the same upload again goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, Literal

from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery import originals, passing, registration
from gallery.decoding import Decoder, Inspection, Refused, get_decoder, get_decoders
from gallery.derivatives import SIDES, remove_derivatives, write_derivatives
from gallery.files import original_path
from gallery.models import Collection, Image, Tag
from gallery.registration import Arrival, Placing, Registered

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

__all__ = ["Outcome", "finish_pending", "retry_refused", "store_image", "store_images"]

log = logging.getLogger(__name__)

BATCH_FILES = 32
IN_FLIGHT_SECONDS = 30  # a pending row younger than this is most likely being decoded right now
GIVE_UP_SECONDS = 3600

Verdict = Inspection | Refused | OSError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `reason` is a code of `gallery.reasons`; `image` is None where nothing was kept."""

    kind: Literal["stored", "duplicate", "refused"]
    image: Image | None
    reason: str = ""
    detail: str = ""


def store_image(
    file: BinaryIO | Path,
    *,
    name: str,
    user: User | AnonymousUser | None = None,
    collections: Iterable[Collection | str] = (),
    label: str = "",
    tags: Iterable[Tag | str] = (),
) -> Outcome:
    """Store one file and decode it; whatever the file is, this returns what became of it.

    Parameters
    ----------
    file : open for reading bytes, or where it lies
    name : the name it came under; its suffix must not say another image type than the content
    user : who brought it
    collections, tags : where it belongs; names are looked up, and made where missing
    label : what it shows, for evaluation

    Raises
    ------
    OSError : `file` cannot be read, or the disk fails in another way than being full
    """
    received = _receive(file)
    if isinstance(received, Refused):
        return Outcome("refused", None, received.reason, received.detail)
    where = Placing(user, tuple(collections), tuple(tags))
    return _store([Arrival(received, name, label)], where, _decode_here)[0]


def store_images(
    paths: Iterable[Path],
    *,
    user: User | AnonymousUser | None = None,
    collections: Iterable[Collection | str] = (),
    label_of: Callable[[Path], str] = lambda _path: "",
    tags: Iterable[Tag | str] = (),
    num_decoders: int = 0,
) -> Iterator[tuple[Path, Outcome]]:
    """Store many files, decoding several at a time, with two transactions and one signal for every 32.

    Parameters
    ----------
    paths : where the files lie
    label_of : tells the label of each
    num_decoders : decoder children at work; 0: one for each processor

    Yields
    ------
    path, outcome : in the order given; a file that cannot be read is refused as corrupt, and the detail says why
    """
    where = Placing(user, tuple(collections), tuple(tags))
    decoders = get_decoders(num_decoders)
    rest = iter(paths)
    with ThreadPoolExecutor(len(decoders), thread_name_prefix="intake") as pool:
        while batch := list(islice(rest, BATCH_FILES)):
            yield from zip(batch, _store_batch(batch, where, label_of, pool, decoders), strict=True)


def retry_refused(image: Image) -> Outcome:
    """Decode a refused image again, for instance after a limit was raised."""
    Image.objects.filter(pk=image.pk, status=Image.Status.REFUSED).update(
        status=Image.Status.PENDING, reason="", detail=""
    )
    image.refresh_from_db()
    return _finish([Registered(image, created=False)], _decode_here)[0]


def finish_pending(limit: int = 100) -> int:
    """Decode what processes that were killed left pending, and sweep up their passing files.

    Returns
    -------
    num_finished : images that are ready or refused now, or gone because their bytes never arrived
    """
    passing.sweep()
    untouched = timezone.now() - timedelta(seconds=IN_FLIGHT_SECONDS)
    pending = Image.objects.filter(status=Image.Status.PENDING, uploaded_at__lt=untouched).order_by("pk")[:limit]
    return sum(_finish_leftover(image) for image in pending)


def _finish_leftover(image: Image) -> bool:
    if not original_path(image.sha256).exists():
        image.delete()
        return True
    outcome = _finish([Registered(image, created=False)], _decode_here)[0]
    return outcome.reason != "disk_full"


def _store_batch(
    paths: Sequence[Path],
    where: Placing,
    label_of: Callable[[Path], str],
    pool: ThreadPoolExecutor,
    decoders: Sequence[Decoder],
) -> list[Outcome]:
    idle: SimpleQueue[Decoder] = SimpleQueue()
    for decoder in decoders:
        idle.put(decoder)

    def decode(image: Image) -> Verdict:
        decoder = idle.get()
        try:
            return _decode(image, decoder)
        finally:
            idle.put(decoder)

    received = list(pool.map(_receive_path, paths))
    arrivals = [
        Arrival(file, path.name, label_of(path))
        for path, file in zip(paths, received, strict=True)
        if not isinstance(file, Refused)
    ]
    outcomes = iter(_store(arrivals, where, lambda images: list(pool.map(decode, images))))
    return [
        Outcome("refused", None, file.reason, file.detail) if isinstance(file, Refused) else next(outcomes)
        for file in received
    ]


def _receive(file: BinaryIO | Path) -> originals.Received | Refused:
    limit: int = settings.ENV.max_upload_bytes
    try:
        return originals.receive(file, limit)
    except originals.TooLargeError as error:
        return Refused("too_large", str(error))
    except OSError as error:
        if originals.is_disk_full(error):
            return Refused("disk_full")
        raise


def _receive_path(path: Path) -> originals.Received | Refused:
    try:
        return _receive(path)
    except OSError as error:
        return Refused("corrupt", _("The file cannot be read: %(error)s") % {"error": error.strerror})


def _decode(image: Image, decoder: Decoder) -> Verdict:
    """Decode an image and write its copies; touches no database, so that threads can do it."""
    try:
        inspection = decoder.inspect(original_path(image.sha256), SIDES, name=image.original_name)
        write_derivatives(image.sha256, inspection.derivatives)
    except (Refused, OSError) as verdict:
        return verdict
    return inspection


def _decode_here(images: list[Image]) -> list[Verdict]:
    return [_decode(image, get_decoder()) for image in images]


def _store(
    arrivals: Sequence[Arrival], where: Placing, decode: Callable[[list[Image]], list[Verdict]]
) -> list[Outcome]:
    if not arrivals:
        return []
    try:
        registered = registration.register(arrivals, where)
    except (OSError, OperationalError) as error:
        if not originals.is_disk_full(error):
            raise
        return [Outcome("refused", None, "disk_full") for _arrival in arrivals]
    return _finish(registered, decode)


def _finish(registered: Sequence[Registered], decode: Callable[[list[Image]], list[Verdict]]) -> list[Outcome]:
    """Decode what is unfinished and settle it; one outcome per registration, in their order."""
    unfinished: dict[int, Registered] = {}
    for item in registered:
        if item.unfinished:
            unfinished.setdefault(item.image.pk, item)
    verdicts = decode([item.image for item in unfinished.values()])
    decided: list[tuple[Image, Inspection | Refused]] = []
    outcomes: dict[int, Outcome] = {}
    for item, verdict in zip(unfinished.values(), verdicts, strict=True):
        if isinstance(verdict, OSError):
            outcomes[item.image.pk] = _give_up(item, verdict)
        else:
            decided.append((item.image, verdict))
    outcomes |= _settle(decided, unfinished)
    return [_outcome(item, outcomes, first=unfinished.pop(item.image.pk, None) is item) for item in registered]


def _outcome(item: Registered, outcomes: dict[int, Outcome], *, first: bool) -> Outcome:
    """Tell what became of one registration; the same bytes twice in a batch are decided by the first."""
    outcome = outcomes.get(item.image.pk, Outcome("duplicate", item.image))
    return Outcome("duplicate", item.image) if outcome.kind == "stored" and not first else outcome


def _settle(decided: Sequence[tuple[Image, Inspection | Refused]], items: dict[int, Registered]) -> dict[int, Outcome]:
    try:
        settled = registration.settle(decided) if decided else set()
    except OperationalError as error:
        if not originals.is_disk_full(error):
            raise
        return {image.pk: _refuse_for_space(items[image.pk]) for image, _verdict in decided}
    return {image.pk: _settled_outcome(image, by_us=image.pk in settled) for image, _verdict in decided}


def _settled_outcome(image: Image, *, by_us: bool) -> Outcome:
    if not by_us:
        try:
            image.refresh_from_db()
        except Image.DoesNotExist:
            remove_derivatives(image.sha256)
            return Outcome("refused", None, "internal_retry_exhausted", _("The image was deleted meanwhile."))
    if image.status == Image.Status.REFUSED:
        return Outcome("refused", image, image.reason, image.detail)
    return Outcome("stored" if by_us else "duplicate", image)


def _give_up(item: Registered, error: OSError) -> Outcome:
    """Decide about an image whose files could not be read or written: for good only if waiting will not help."""
    if originals.is_disk_full(error):
        return _refuse_for_space(item)
    log.error("Image %s could not be decoded: %s", item.image.pk, error)
    image, reason = item.image, "internal_retry_exhausted"
    missing = isinstance(error, FileNotFoundError)
    detail = _("The original file is missing; upload it again.") if missing else str(error.strerror)
    if missing or timezone.now() - image.uploaded_at > timedelta(seconds=GIVE_UP_SECONDS):
        registration.settle([(image, Refused(reason, detail))])
    return Outcome("refused", image, reason, detail)


def _refuse_for_space(item: Registered) -> Outcome:
    """Take back a file that just came; what was known before stays pending until there is space."""
    if item.created:
        remove_derivatives(item.image.sha256)
        originals.remove(item.image.sha256)  # first: it makes room for the transaction
        try:
            item.image.delete()
        except OperationalError:
            log.error("Image %s has no file any more; it goes when there is space again.", item.image.pk)
    return Outcome("refused", None, "disk_full")
