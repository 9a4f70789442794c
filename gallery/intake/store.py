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
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.decoding import Decoder, Refused, get_decoder, get_decoders
from gallery.intake.decode_and_settle import (
    UNAVAILABLE,
    Admission,
    Decode,
    NoSpace,
    Outcome,
    Verdict,
    admit,
    admit_registered,
    decode_image,
)
from gallery.intake.rows import Destination, IncomingFile, Registered
from gallery.models import Collection, Image, Tag
from gallery.storage import incoming, originals
from gallery.storage.incoming import Received
from jobs.files import is_disk_full

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

__all__ = ["Outcome", "finish_pending", "retry_refused", "store_image", "store_images"]

log = logging.getLogger(__name__)

BATCH_FILES = 32  # a transaction and its journal for each file cost more than to decode it
IN_FLIGHT_SECONDS = 30  # a pending row younger than this is most likely being decoded right now


def store_image(
    file: BinaryIO | Path,
    *,
    name: str,
    user: User | AnonymousUser | None = None,
    collections: Iterable[Collection | str] = (),
    label: str = "",
    tags: Iterable[Tag | str] = (),
    private: bool = False,
) -> Outcome:
    """Store one file and decode it; whatever the file is, this returns what became of it.

    Parameters
    ----------
    file : open for reading bytes, or where it lies
    name : the name it came under; its suffix must not say another image type than the content
    user : who brought it
    collections, tags : where it belongs; names are looked up, and made where missing
    label : what it shows, for evaluation
    private : whether a collection that has to be made is closed to all but its members

    Raises
    ------
    OSError : `file` cannot be read, or the disk fails in another way than being full
    """
    received = _receive(file)
    if isinstance(received, Refused):
        return _refusal(received)
    where = Destination(user, tuple(collections), tuple(tags), private)
    return admit([IncomingFile(received, name, label)], where, _decode_here).outcomes()[0]


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
    where = Destination(user, tuple(collections), tuple(tags))
    decoders = get_decoders(num_decoders)
    rest = iter(paths)
    with ThreadPoolExecutor(len(decoders), thread_name_prefix="intake") as pool:
        decode = _decode_among(decoders, pool)
        under_way: Batch | None = None
        while batch := list(islice(rest, BATCH_FILES)):
            started = Batch.start(batch, label_of, where, pool, decode)
            if under_way:
                yield from under_way.outcomes()  # while the next is being decoded
            under_way = started
        if under_way:
            yield from under_way.outcomes()


def retry_refused(image: Image) -> Outcome:
    """Decode a refused image again, for instance after a limit was raised."""
    # Conditional: somebody may have uploaded the same bytes again just now, which tries them, too.
    Image.objects.filter(pk=image.pk, status=Image.Status.REFUSED).update(
        status=Image.Status.PENDING, reason="", detail="", retry_at=None
    )
    image.refresh_from_db()
    return admit_registered([Registered(image, created=False)], _decode_here).outcomes()[0]


def finish_pending(limit: int = 100) -> int:
    """Decode what processes that were killed left pending, and sweep up their incoming files.

    Those whose files cannot be opened stay pending, however long: bytes are stored before their row is made, so that a
    row without a file means a disk that is away, and never that nothing came.

    Returns
    -------
    num_finished : images that are ready or refused now
    """
    incoming.sweep()
    now = timezone.now()
    leftover = Image.objects.filter(
        status=Image.Status.PENDING, uploaded_at__lt=now - timedelta(seconds=IN_FLIGHT_SECONDS)
    )
    due = leftover.filter(Q(retry_at=None) | Q(retry_at__lte=now))
    # Never tried before those tried in vain, and of these the ones that have waited longest.
    images = list(due.order_by(F("retry_at").asc(nulls_first=True), "pk")[:limit])
    outcomes = [_finish_leftover(image) for image in images]
    if any(outcome.reason == UNAVAILABLE for outcome in outcomes):
        num = leftover.filter(reason=UNAVAILABLE).count()
        log.warning("%d pending images wait for originals that cannot be opened; they are tried again", num)
    settled = [outcome.image for outcome in outcomes if outcome.image is not None]
    return sum(image.status != Image.Status.PENDING for image in settled)


def _finish_leftover(image: Image) -> Outcome:
    return admit_registered([Registered(image, created=False)], _decode_here).outcomes()[0]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of many files, received and under way."""

    paths: Sequence[Path]
    received: Sequence[Received | Refused]
    admission: Admission | NoSpace

    @classmethod
    def start(
        cls,
        paths: Sequence[Path],
        label_of: Callable[[Path], str],
        where: Destination,
        pool: ThreadPoolExecutor,
        decode: Decode,
    ) -> Batch:
        """Receive the files, register them and begin to decode them."""
        received = list(pool.map(_receive_path, paths))
        arrivals = [
            IncomingFile(file, path.name, label_of(path))
            for path, file in zip(paths, received, strict=True)
            if not isinstance(file, Refused)
        ]
        return cls(paths, received, admit(arrivals, where, decode))

    def outcomes(self) -> Iterator[tuple[Path, Outcome]]:
        """Yield what became of each file, once all are decoded."""
        outcomes = iter(self.admission.outcomes())
        for path, file in zip(self.paths, self.received, strict=True):
            yield path, _refusal(file) if isinstance(file, Refused) else next(outcomes)


def _refusal(refused: Refused) -> Outcome:
    return Outcome("refused", None, refused.reason, refused.detail)


def _receive(file: BinaryIO | Path) -> Received | Refused:
    limit: int = settings.ENV.max_upload_bytes
    try:
        return originals.receive(file, limit)
    except incoming.TooLargeError as error:
        return Refused("too_large", str(error))
    except OSError as error:
        if is_disk_full(error):
            return Refused("disk_full")
        raise


def _receive_path(path: Path) -> Received | Refused:
    try:
        return _receive(path)
    except OSError as error:
        return Refused("corrupt", _("The file cannot be read: %(error)s") % {"error": error.strerror})


def _decode_here(images: Sequence[Image]) -> list[Verdict]:
    return [decode_image(image, get_decoder()) for image in images]


def _decode_among(decoders: Sequence[Decoder], pool: ThreadPoolExecutor) -> Decode:
    """Return what hands images to whichever decoder is idle, and answers as they are done."""
    # A queue because threads of the pool are not tied to decoders; there are as many of both, so nobody waits.
    idle: SimpleQueue[Decoder] = SimpleQueue()
    for decoder in decoders:
        idle.put(decoder)

    def decode(image: Image) -> Verdict:
        decoder = idle.get()
        try:
            return decode_image(image, decoder)
        finally:
            idle.put(decoder)

    return lambda images: pool.map(decode, images)  # begins at once; only its results wait to be asked for
