"""What people decide elsewhere and the groups must follow at once; the next scan sees to the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef

from gallery.acts import Action
from review.decided import apart
from review.duplicates.schedule import newest_ready
from review.models import DuplicateMember, Verdict


def drop_apart(sender: object, action: str, subject: str, details: Mapping[str, Any], **kwargs: Any) -> None:
    """Forget a group of two images that somebody finds different, wherever that was said."""
    if action != Action.VERDICT or details.get("kind") != Verdict.Kind.DIFFERENT:
        return
    scan, hashes = newest_ready(), subject.split()
    if scan is None or not apart(hashes):
        return
    held = [DuplicateMember.objects.filter(group=OuterRef("pk"), image__sha256=sha256) for sha256 in hashes]
    scan.groups.filter(Exists(held[0]), Exists(held[1]), size=2).delete()
