"""What tests need on a running site beside what people do in the browser; `Site.call` runs it in the site's own shell.

Everything goes through the product's own functions, and comes back as JSON.
"""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from gallery.curation import visibility
from gallery.intake.store import store_image
from gallery.models import Collection, Image, Membership, Tag
from gallery.people.membership import set_role
from gallery.people.roles import Role
from review.evidence.record_search import record_search
from review.models import Queue, Reading
from review.queues import create
from review.queues.gather import gathering
from review.verdicts.record import record
from tests.gallery.blob_files import original_path

NUM_PAIRS = 12


def furnish() -> dict[str, Any]:
    """Give each page something to show, and return what the addresses of pages need."""
    rita, ruth, ada = (User.objects.get(username=name) for name in ("rita", "ruth", "ada"))
    images = list(Image.objects.shown().order_by("pk"))
    first, second, third, fourth = images[:4]
    record(first.sha256, second.sha256, "same", author=rita, note="The same cup.")
    record(first.sha256, second.sha256, "different", author=ruth)
    verdict = record(second.sha256, third.sha256, "same", author=rita)
    queue = make_queue("Nearest of all", NUM_PAIRS)
    blind = make_queue("Read twice", NUM_PAIRS, two_readers=True)
    kept = record_search(rita, f"image={first.pk}&k=4")
    again = store_image(BytesIO(original_path(first.sha256).read_bytes()), name="again.png", user=rita)
    private = Collection.objects.create(name="Wards", private=True, description="Only for its members.")
    Membership.objects.create(collection=private, user=rita, role=Role.REVIEWER)
    private.images.add(fourth)
    Tag.objects.create(name="cup").images.add(first, second)
    visibility.hide([images[-1].pk], ada)
    visibility.trash([images[-2].pk], ada)
    return {
        "first": first.pk,
        "second": second.pk,
        "third": third.pk,
        "sums": sorted((first.sha256, second.sha256)),
        "hidden": images[-1].pk,
        "verdict": verdict.pk,
        "queue": queue,
        "blind": blind,
        "record": str(kept.pk),
        "collection": Collection.objects.exclude(pk=private.pk).earliest("pk").pk,
        "private": private.pk,
        "repeated": again.kind,
    }


def make_queue(name: str, wanted: int, *, two_readers: bool = False) -> int:
    """Gather a queue of the nearest pairs that nobody has judged yet, and return its number."""
    rita = User.objects.get(username="rita")
    queue = create.ask(Queue.Source.NEAREST, rita, name=name, wanted=wanted, two_readers=two_readers)
    gathering.run(queue.pk)
    queue.refresh_from_db()
    assert queue.is_open, queue.error_sentence
    return queue.pk


def let_leases_end(queue: int) -> int:
    """Make it as if all who hold a pair of a queue had left long ago."""
    held = Reading.objects.filter(pair__queue=queue, decided_at=None)
    return held.update(leased_until=timezone.now() - timedelta(minutes=1))


def move_to_trash(image: int) -> int:
    """Move an image to the trash."""
    return visibility.trash([image], User.objects.get(username="ada"))


def give_role(name: str, role: str) -> bool:
    """Make somebody that on the whole site."""
    return set_role(User.objects.get(username=name), Role[role.upper()], User.objects.get(username="ada"))
