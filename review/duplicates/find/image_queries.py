"""Database queries about images that may be duplicates: identical ones, and what each copy is worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef

from gallery.batches import batches
from gallery.models import Attribute, Image, RepeatUpload
from review.duplicates.decide.keeper import Copy

FIELDS = ("pk", "width", "height", "format", "num_bytes", "uploaded_at", "title", "label", "caption")


def shown_sums() -> dict[int, str]:
    """Return the SHA-256 sums of all images that are shown, by id."""
    return dict(Image.objects.shown().order_by().values_list("pk", "sha256").iterator())


def with_same_bytes() -> list[int]:
    """Return the shown images whose bytes came more than once."""
    repeats = RepeatUpload.objects.filter(image=OuterRef("pk"))
    return list(Image.objects.shown().filter(Exists(repeats)).order_by("pk").values_list("pk", flat=True))


def with_same_pixels() -> list[list[int]]:
    """Return the sets of shown images that decode to the same pixels, each ascending."""
    shown = Image.objects.shown().exclude(pixels_sha256="")
    sums = shown.order_by().values("pixels_sha256").annotate(num=Count("pk")).filter(num__gt=1)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for part in batches([row["pixels_sha256"] for row in sums]):
        for pk, pixels in shown.filter(pixels_sha256__in=part).order_by("pk").values_list("pk", "pixels_sha256"):
            found[pixels].append(pk)
    return list(found.values())


def copies_of(image_ids: Iterable[int]) -> dict[int, Copy]:
    """Return what counts of each of these images when one is to be kept; see `review.duplicates.decide.keeper`."""
    found: dict[int, Copy] = {}
    for part in batches(sorted(set(image_ids))):
        facts = _num_facts(part)
        for pk, width, height, file_format, num_bytes, uploaded_at, *texts in Image.objects.filter(
            pk__in=part
        ).values_list(*FIELDS):
            num_facts = facts[pk] + sum(map(bool, texts))
            found[pk] = Copy(pk, width * height, file_format, num_bytes, num_facts, uploaded_at)
    return found


def _num_facts(image_ids: Iterable[int]) -> Counter[int]:
    """Return how many tags, collections and attributes each image has."""
    found: Counter[int] = Counter()
    for model in (Image.tags.through, Image.collections.through, Attribute):
        rows = model._default_manager.filter(image__in=image_ids).order_by().values_list("image_id")
        found.update(dict(rows.annotate(Count("pk"))))
    return found
