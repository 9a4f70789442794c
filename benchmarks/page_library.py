"""The library that `pages.py` measures: images in clusters, in collections, with tags, features, an index and a map."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import numpy as np
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as Picture

from benchmarks.search import NAMES, World
from gallery.models import Account, Attribute, Collection, Image, Membership, RepeatUpload, Tag
from gallery.people.roles import Role
from gallery.storage.blobs import BlobKind
from gallery.storage.folder import FolderBlobStore
from jobs.rows import JobState
from search.features import registry, revisions
from search.generations import build
from search.map import building as map_building
from search.map.files import Catalog, write_catalog
from search.map.sprites import SPRITE_SIDE, write_sprites
from search.models import Feature
from search.storage import maps_folder

DEEP_DIM = 256
NUM_THUMBS, NUM_LABELS, NUM_TAGS, TAGS_EACH = 50, 200, 60, 3
NUM_COLLECTIONS, SHARE_EACH = 30, 0.01
PRIVATE_SHARE, HIDDEN_SHARE, TRASHED_SHARE, REPEATED_SHARE = 0.05, 0.002, 0.005, 0.02
MAIN, CLOSED, OPENED = "Benchmark", "Closed", "Members only"
BATCH, UPLOAD_DAYS = 2000, 100


def make_library(num_images: int, seed: int = 20) -> None:
    """Fill the database and the folder at DATA_DIR, which are empty, and publish an index and a map."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    rng = np.random.default_rng(seed)
    make_people()
    make_images(num_images, rng)
    make_collections(rng)
    make_words(rng)
    make_features(seed)
    build.build()
    make_map(rng)


def make_people() -> None:
    """Make one account per role, named after it."""
    for role in Role:
        is_admin = role == Role.ADMIN
        # No password: hashing one takes half a second.
        user = User.objects.create(username=role.name.lower(), is_staff=is_admin, is_superuser=is_admin)
        Account.objects.update_or_create(user=user, defaults={"role": role})


def make_images(num_images: int, rng: np.random.Generator) -> None:
    """Make rows and thumbnails; a few images are hidden, in the trash, or came again."""
    thumbs = list(_thumbs(rng))
    fates = rng.random(num_images)
    rows = (_image(number, thumbs, float(fates[number])) for number in range(num_images))
    Image.objects.bulk_create(rows, batch_size=BATCH)
    ids = _ids()
    for days, part in enumerate(np.array_split(np.array(ids[::-1]), min(UPLOAD_DAYS, len(ids)))):
        uploaded_at = timezone.now() - timedelta(days=days)
        # An update, because auto_now_add takes no other time when rows are made.
        Image.objects.filter(pk__range=(int(part.min()), int(part.max()))).update(uploaded_at=uploaded_at)
    again = rng.choice(ids, int(num_images * REPEATED_SHARE), replace=False)
    RepeatUpload.objects.bulk_create(
        (RepeatUpload(image_id=int(pk), original_name=f"again-{pk}.jpg") for pk in again), batch_size=BATCH
    )


def _thumbs(rng: np.random.Generator) -> Iterator[Path]:
    """Yield files that all thumbnails are links to."""
    folder = _thumb("0" * 64).parent
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(NUM_THUMBS):
        path = folder / f"thumb-{number}"
        path.write_bytes(_draw(rng, (int(rng.integers(200, 320)), int(rng.integers(180, 320)))))
        yield path


def _thumb(sha256: str) -> Path:
    """Return where a thumbnail lies; through the store, each would take a write."""
    return FolderBlobStore().path(BlobKind.DERIVATIVE, f"{sha256}-thumb.webp")


def _draw(rng: np.random.Generator, size: tuple[int, int]) -> bytes:
    """Return a WebP file of colored squares."""
    pixels = rng.integers(0, 255, (size[1] // 20, size[0] // 20, 3), dtype=np.uint8)
    out = BytesIO()
    Picture.fromarray(pixels).resize(size).save(out, "WEBP", quality=80)
    return out.getvalue()


def _image(number: int, thumbs: list[Path], fate: float) -> Image:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    path = _thumb(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.link(thumbs[number % len(thumbs)], path)  # of its own each would take gigabytes
    is_private = fate < PRIVATE_SHARE
    return Image(
        sha256=sha256,
        status=Image.Status.READY,
        original_name=f"image-{number:06}.jpg",
        title=f"Plate {number}" if number % 5 == 0 else "",
        label=f"label {number % NUM_LABELS:03}",
        common=not is_private,
        hidden=fate > 1 - HIDDEN_SHARE,
        trashed_at=timezone.now() if 1 - HIDDEN_SHARE - TRASHED_SHARE < fate <= 1 - HIDDEN_SHARE else None,
        num_bytes=100_000 + number,
        format="JPEG",
        width=1200 + number % 400,
        height=900,
        tone="#808080",
        pixels_sha256=sha256,
    )


def _ids() -> list[int]:
    return list(Image.objects.order_by("pk").values_list("pk", flat=True))


def make_collections(rng: np.random.Generator) -> None:
    """Make one collection of half the library, many small ones, and two private ones, one of which has members."""
    ids = np.array(_ids())
    private = np.array(Image.objects.filter(common=False).order_by("pk").values_list("pk", flat=True))
    open_ids = np.setdiff1d(ids, private)
    contents = {MAIN: open_ids[::2], CLOSED: private[::2], OPENED: private[1::2]}
    for number in range(NUM_COLLECTIONS):
        contents[f"Collection {number:02}"] = rng.choice(open_ids, max(int(len(ids) * SHARE_EACH), 1), replace=False)
    for name, members in contents.items():
        made = Collection.objects.create(name=name, private=name in (CLOSED, OPENED))
        _relate(Image.collections.through, "collection_id", made.pk, members)
    opened = Collection.objects.get(name=OPENED)
    for name in ("viewer", "reviewer", "curator"):
        user = User.objects.get(username=name)
        Membership.objects.create(collection=opened, user=user, role=Role[name.upper()])


def make_words(rng: np.random.Generator) -> None:
    """Put tags and attributes on images."""
    ids = np.array(_ids())
    for number in range(NUM_TAGS):
        tag = Tag.objects.create(name=f"tag {number:02}")
        chosen = rng.choice(ids, len(ids) * TAGS_EACH // NUM_TAGS, replace=False)
        _relate(Image.tags.through, "tag_id", tag.pk, chosen)
    rows = (Attribute(image_id=int(pk), name="lens", value=f"{20 + pk % 40} mm") for pk in ids)
    Attribute.objects.bulk_create(rows, batch_size=BATCH)


def _relate(through: type, field: str, other_id: int, image_ids: NDArray[np.int64]) -> None:
    rows = (through(image_id=int(pk), **{field: other_id}) for pk in image_ids)
    through._default_manager.bulk_create(rows, batch_size=BATCH)  # type: ignore[attr-defined]


def make_features(seed: int) -> None:
    """Store synthetic rows of every method that this machine can compute."""
    ids = _ids()
    world = World(len(ids), DEEP_DIM, seed)
    versions = registry.current_versions()
    with transaction.atomic():
        revision = revisions.bump_revision()
    for name in (name for name in NAMES if name in versions):
        for numbers, rows in world.chunks(name):
            Feature.objects.bulk_create(
                Feature(
                    image_id=ids[number - 1],
                    method=name,
                    version=versions[name],
                    state=JobState.READY,
                    revision=revision,
                    vector=row.tobytes(),
                )
                for number, row in zip(numbers, rows, strict=True)
            )


def make_map(rng: np.random.Generator) -> None:
    """Draw the map; its small thumbnails are put there, since decoding each image's would take many minutes."""
    root = maps_folder()
    folder = root / f"sprites-{secrets.token_hex(6)}"
    sprites = [_draw(rng, (SPRITE_SIDE, SPRITE_SIDE)) for _ in range(NUM_THUMBS)]
    shown = Image.objects.shown().order_by("pk").values_list("pk", flat=True)
    write_sprites(folder, ((pk, sprites[pk % NUM_THUMBS]) for pk in shown))
    write_catalog(root, Catalog(sprites=folder.name))
    map_building.draw()
