"""Images that a process has begun to store, and left."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

from django.db.models import F
from django.utils import timezone

from gallery.models import Image
from gallery.storage import originals


def leave_pending(data: bytes, name: str = "a.png", age_seconds: float = 60) -> Image:
    """Make what a process leaves that is killed before it decodes."""
    received = originals.receive(BytesIO(data), 2**20)
    originals.keep([received])
    image = Image.objects.create(sha256=received.sha256, num_bytes=len(data), original_name=name)
    Image.objects.update(uploaded_at=F("uploaded_at") - timedelta(seconds=age_seconds))
    return image


def tried_again_later() -> None:
    """Let the pause of everything pending be over."""
    past = timezone.now() - timedelta(seconds=1)
    Image.objects.filter(status="pending").update(retry_at=past, uploaded_at=F("uploaded_at") - timedelta(seconds=60))
