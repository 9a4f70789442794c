"""From registered rows to outcomes: decoded, then settled in one transaction, or taken back for want of space."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.decoding import Decoder, Inspection, Refused
from gallery.intake import rows
from gallery.intake.rows import Destination, IncomingFile, Registered
from gallery.models import Image
from gallery.storage import originals
from gallery.storage.derivatives import SIDES, remove_derivatives, write_derivatives
from jobs.files import is_disk_full

log = logging.getLogger(__name__)

UNAVAILABLE = "original_unavailable"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
"""How long files that cannot be read or written are left alone: as long as they have been trying, within these."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The verdict that there is none: the original cannot be opened or read now."""

    error: OSError


Verdict = Inspection | Refused | Unavailable | OSError
Decode = Callable[[Sequence[Image]], Iterable[Verdict]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    `reason` is a code of `gallery.reasons`; `image` is None where nothing was kept; `restored`: it was in the trash.
    """

    kind: Literal["stored", "duplicate", "refused"]
    image: Image | None
    reason: str = ""
    detail: str = ""
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """Registered files whose decoding is under way: `verdicts` come in the order of `unfinished`."""

    registered: Sequence[Registered]
    unfinished: dict[int, Registered]
    verdicts: Iterable[Verdict]

    def outcomes(self) -> list[Outcome]:
        """Settle what was decoded and tell what became of each registration, in their order."""
        decided: list[tuple[Image, Inspection | Refused]] = []
        outcomes: dict[int, Outcome] = {}
        for item, verdict in zip(self.unfinished.values(), self.verdicts, strict=True):
            if isinstance(verdict, Unavailable):
                outcomes[item.image.pk] = _wait_for_original(item.image, verdict.error)
            elif isinstance(verdict, OSError):
                outcomes[item.image.pk] = _wait_for_disk(item, verdict)
            else:
                decided.append((item.image, verdict))
        outcomes |= _settle(decided, self.unfinished)
        return [_outcome(item, outcomes, self.unfinished) for item in self.registered]


@dataclass(frozen=True, slots=True)
class NoSpace:
    """Files for which there was no space, not even for their rows."""

    num_files: int

    def outcomes(self) -> list[Outcome]:
        """Refuse them all."""
        return [Outcome("refused", None, "disk_full")] * self.num_files


def admit(arrivals: Sequence[IncomingFile], where: Destination, decode: Decode) -> Admission | NoSpace:
    """Register files and start decoding what is new; `decode` may answer at once or later."""
    try:
        registered = rows.register(arrivals, where) if arrivals else []
    except (OSError, OperationalError) as error:
        if not is_disk_full(error):
            raise
        return NoSpace(len(arrivals))
    return admit_registered(registered, decode)


def admit_registered(registered: Sequence[Registered], decode: Decode) -> Admission:
    """Start decoding what is unfinished."""
    unfinished: dict[int, Registered] = {}
    for item in registered:
        if item.unfinished:
            unfinished.setdefault(item.image.pk, item)  # the same bytes twice in a batch are decoded once
    return Admission(registered, unfinished, decode([item.image for item in unfinished.values()]))


def decode_image(image: Image, decoder: Decoder) -> Verdict:
    """Decode an image and write its copies; touches no database, so that threads can do it."""
    try:
        with originals.local_file(image.sha256) as path:
            inspection = decoder.inspect(path, SIDES, name=image.original_name)
    except Refused as refused:
        return refused
    except OSError as error:
        return Unavailable(error)
    try:
        # Before the row says ready: pages show images from then on, and find their copies.
        write_derivatives(image.sha256, inspection.derivatives)
    except OSError as error:
        return error
    return inspection


def _outcome(item: Registered, outcomes: dict[int, Outcome], unfinished: dict[int, Registered]) -> Outcome:
    """Tell what became of one registration; the same bytes twice in a batch are decided by the first."""
    outcome = outcomes.get(item.image.pk)
    if outcome is None:
        is_news = item.opened or item.restored
        return Outcome("stored" if is_news else "duplicate", item.image, restored=item.restored)
    decided_here = unfinished.get(item.image.pk) is item
    return Outcome("duplicate", item.image) if outcome.kind == "stored" and not decided_here else outcome


def _settle(decided: Sequence[tuple[Image, Inspection | Refused]], items: dict[int, Registered]) -> dict[int, Outcome]:
    try:
        settled = rows.settle(decided) if decided else set()
    except OperationalError as error:
        if not is_disk_full(error):
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


def _wait_for_original(image: Image, error: OSError) -> Outcome:
    """Leave an image pending whose original cannot be opened: a disk that is away for a while is no verdict on it."""
    log.debug("The original of image %s cannot be opened: %s", image.pk, error.strerror)
    rows.put_off(image, _next_try(image), UNAVAILABLE)
    # Not the whole error: its text names a path of the server.
    return Outcome("refused", image, UNAVAILABLE, str(error.strerror))


def _wait_for_disk(item: Registered, error: OSError) -> Outcome:
    """Leave an image pending whose copies cannot be written; without room, a file that just came is taken back."""
    if is_disk_full(error):
        return _refuse_for_space(item)
    log.error("The copies of image %s could not be written: %s", item.image.pk, error)
    rows.put_off(item.image, _next_try(item.image))
    return Outcome("refused", item.image, "internal_retry_exhausted", str(error.strerror))


def _next_try(image: Image) -> datetime:
    now = timezone.now()
    return now + min(max(now - image.uploaded_at, FIRST_PAUSE), LONGEST_PAUSE)


def _refuse_for_space(item: Registered) -> Outcome:
    """Take back a file that just came; what was known before stays pending until there is space."""
    image = item.image
    if item.created:
        # So that nobody uploads the same bytes between the emptied file and the row that is to go.
        with originals.exclusive():
            remove_derivatives(image.sha256)
            originals.empty(image.sha256)  # first: it makes room for the transaction
            try:
                image.delete()
            except OperationalError:
                log.error("Image %s has lost its bytes for want of space; it will be refused.", image.pk)
            else:
                originals.remove(image.sha256)
    return Outcome("refused", None, "disk_full")
