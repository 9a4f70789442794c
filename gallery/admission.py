"""From registered rows to outcomes: decoded, then settled in one transaction, or taken back for want of space."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery import originals, registration
from gallery.decoding import Decoder, Inspection, Refused
from gallery.derivatives import SIDES, remove_derivatives, write_derivatives
from gallery.files import original_path
from gallery.models import Image
from gallery.registration import Arrival, Placing, Registered

log = logging.getLogger(__name__)

GIVE_UP_SECONDS = 3600

Verdict = Inspection | Refused | OSError
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
            if isinstance(verdict, OSError):
                outcomes[item.image.pk] = _give_up(item, verdict)
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


def admit(arrivals: Sequence[Arrival], where: Placing, decode: Decode) -> Admission | NoSpace:
    """Register files and start decoding what is new; `decode` may answer at once or later."""
    try:
        registered = registration.register(arrivals, where) if arrivals else []
    except (OSError, OperationalError) as error:
        if not originals.is_disk_full(error):
            raise
        return NoSpace(len(arrivals))
    return admit_registered(registered, decode)


def admit_registered(registered: Sequence[Registered], decode: Decode) -> Admission:
    """Start decoding what is unfinished."""
    unfinished: dict[int, Registered] = {}
    for item in registered:
        if item.unfinished:
            unfinished.setdefault(item.image.pk, item)
    return Admission(registered, unfinished, decode([item.image for item in unfinished.values()]))


def decode_image(image: Image, decoder: Decoder) -> Verdict:
    """Decode an image and write its copies; touches no database, so that threads can do it."""
    try:
        inspection = decoder.inspect(original_path(image.sha256), SIDES, name=image.original_name)
        write_derivatives(image.sha256, inspection.derivatives)
    except (Refused, OSError) as verdict:
        return verdict
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
