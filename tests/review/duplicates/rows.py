"""Groups of duplicates without pictures, for what only reads the database."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from gallery.models import Image
from jobs.rows import JobState
from review.models import DuplicateGroup, DuplicateMember, DuplicateScan
from tests.gallery.rows import make_image

Tier = DuplicateGroup.Tier


def make_scan() -> DuplicateScan:
    """Add a scan that is ready."""
    return DuplicateScan.objects.create(state=JobState.READY, finished_at=timezone.now())


def make_group(
    scan: DuplicateScan, images: Sequence[Image], tier: int = Tier.EDITED, score: float = 0.8, chain: bool = False
) -> DuplicateGroup:
    """Add a group of images; each is nearest to the first, the first to the second."""
    group = DuplicateGroup.objects.create(
        scan=scan, tier=tier, size=len(images), score=score, chain=chain, keeper=images[0], keeper_reason="pixels"
    )
    nearest = [images[1] if len(images) > 1 else None, *(images[0] for _image in images[1:])]
    DuplicateMember.objects.bulk_create(
        DuplicateMember(group=group, image=image, nearest=near, score=score)
        for image, near in zip(images, nearest, strict=True)
    )
    return group


def make_pair(scan: DuplicateScan, name: str, **about: object) -> DuplicateGroup:
    """Add a group of two images of its own."""
    return make_group(scan, [make_image(f"{name}-1.jpg"), make_image(f"{name}-2.jpg")], **about)  # type: ignore[arg-type]
