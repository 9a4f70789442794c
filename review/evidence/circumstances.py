"""Under which circumstances evidence was taken: who, when, from where, by which software."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from search.public.features import versions_in_use
from search.public.pairs import current_snapshot

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def circumstances(user: User, address: str, taken_at: datetime) -> dict[str, Any]:
    """Return what stands at the head of every file of evidence, as JSON holds it.

    Parameters
    ----------
    user : who takes it
    address : of the page that shows the same
    taken_at : when
    """
    snapshot = current_snapshot()
    return {
        "taken_at": timezone.localtime(taken_at).isoformat(),
        "taken_by": user.get_username(),
        "address": address,
        "generation": snapshot.generation_id,
        "versions": dict(snapshot.versions),
        "software": versions_in_use(),
    }
