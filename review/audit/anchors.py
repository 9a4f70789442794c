"""Anchors: ends of the audit log's hash chain, written to a file beside the database.

Whoever can rewrite the whole database could rewrite the whole chain; these lines, or a copy of them on another machine,
would show it.
"""

from __future__ import annotations

import logging
import os

from django.utils import timezone

from review.audit.chain import ChainEnd
from review.exceptions import AnchorError
from review.storage import audit_anchors_file

logger = logging.getLogger(__name__)


def anchored() -> list[ChainEnd]:
    """Return the anchors written so far, oldest first; a line that was cut off in writing is passed over."""
    try:
        lines = audit_anchors_file().read_text().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(ChainEnd.read(line.split(" ")[-1]))
        except AnchorError:
            logger.warning("%s holds a line that is no anchor: %s", audit_anchors_file(), line[:100])
    return found


def write_anchor(end: ChainEnd) -> None:
    """Add an anchor to the file, unless it is the last one there."""
    if not end.number or anchored()[-1:] == [end]:
        return
    # Appended and synced, never replaced: two processes may write, and a line that is there vouches for all before it.
    handle = os.open(audit_anchors_file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{timezone.now().isoformat(timespec='seconds')} {end}\n")
        file.flush()
        os.fsync(file.fileno())
    logger.info("the audit ends with %s", end)
