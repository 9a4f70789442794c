"""A library of pictures with copies among them, described for real, and groups without pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from gallery.models import Image
from jobs.rows import JobState
from review.duplicates import scan, schedule
from review.models import DuplicateGroup, DuplicateScan
from search.evaluation.augmentations import edit
from search.features import registry
from search.generations import snapshot
from search.types import RGBImage
from tests.search.library import add_features, add_images
from tests.search.methods.keypoints.conftest import make_scene

METHODS = ("deep", "siamese", "phash", "local")


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DUPLICATES_DIR = tmp_path / "duplicates"
    snapshot.forget()


def add_pictures(pictures: Sequence[RGBImage]) -> list[int]:
    """Add images of these pictures, with the features that duplicates are found by."""
    ids = add_images(len(pictures))
    vectors = {name: registry.methods()[name].describe(pictures) for name in METHODS}
    add_features(ids, vectors)
    return ids


@pytest.fixture
def copies(db: Any) -> list[int]:
    """Eight scenes, then a smaller, a mirrored and a cropped copy of the first, and a darker one of the second."""
    scenes = [make_scene(seed) for seed in range(8)]
    edited = [edit(name, scenes[0], 1) for name in ("jpeg_10", "flip", "crop_70")]
    return add_pictures([*scenes, *edited, edit("brightness", scenes[1], 1)])


@pytest.fixture
def look() -> Callable[[], DuplicateScan]:
    """Return what makes a scan, as a worker does."""

    def make() -> DuplicateScan:
        snapshot.forget()
        wanted = schedule.ask()
        scan.duplicate_scan.run(wanted.pk)
        wanted.refresh_from_db()
        assert wanted.state == JobState.READY, wanted.error_sentence
        return wanted

    return make


def members_of(group: DuplicateGroup) -> set[int]:
    """Return the ids of the images of a group."""
    return set(group.members.values_list("image_id", flat=True))


def sums_of(one: int, other: int) -> tuple[str, str]:
    """Return the sums of two images."""
    found = Image.objects.in_bulk([one, other])
    return found[one].sha256, found[other].sha256
