"""A map of a small library, drawn in folders of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from gallery.models import Collection, Image
from search.generations import build, snapshot
from search.map import building as map_building
from search.map import opened
from tests.search.library import add_library

NUM_IMAGES = 8


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MAPS_DIR = tmp_path / "maps"
    settings.GENERATIONS_DIR = tmp_path / "generations"
    for name in ("EARLY_STEPS", "STEPS"):
        monkeypatch.setattr(f"search.map.tsne.{name}", 20)
    for held in (snapshot, opened):
        held.forget()
    yield
    for held in (snapshot, opened):
        held.forget()


@pytest.fixture
def library(rng: np.random.Generator) -> list[int]:
    """Eight images on a map: three waders, three boats, two without a label; the first four in a collection."""
    ids, _vectors = add_library(NUM_IMAGES, rng, ("color", "ssim"))
    Image.objects.filter(pk__in=ids[:3]).update(label="wader")
    Image.objects.filter(pk__in=ids[3:6]).update(label="boat")
    Collection.objects.create(name="shore").images.add(*ids[:4].tolist())
    build.build()
    map_building.draw()
    return [int(image_id) for image_id in ids]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("boss", is_staff=True))
    return client
