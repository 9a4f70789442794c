"""Generations: built beside the one in use, verified, published in one step, and given up when damaged."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.models import Image
from jobs.files import sync
from jobs.locks import try_lock
from jobs.rows import JobState
from search.exceptions import GenerationError, SearchError
from search.features import feature_counts, registry, revisions, stored_vectors
from search.features.version_rollout import (
    can_compare,
    is_complete,
    next_versions,
    pending_successions,
    served_versions,
)
from search.generations.delta import num_changed, removed_ids
from search.generations.reader import open_generation
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import choose_backend
from search.index.manifest import Manifest
from search.index.references import drop_remote
from search.models import Generation, Tombstone
from search.storage import generation_folder, generation_lock, generations_folder

PROGRESS_SECONDS = 2
TEMPORARY = ".building-"
LOCK_SECONDS = 2.0  # another process may look for a moment whether a build runs
IDLE_DELTA_IMAGES, IDLE_DELTA_FRACTION = 20, 0.1
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
KEPT_ROWS = 50
State = Generation.State
logger = logging.getLogger(__name__)


def build(progress: Callable[[str, float], None] | None = None) -> Generation:
    """Build, verify and publish a generation of all features that are ready; the old one serves until then.

    `progress` is called with what is being done and which share of all, 0..1, is done.

    Raises
    ------
    GenerationError : another build runs, nothing is ready, the disk is full, or files cannot be written or verified
    """
    with _exclusive(LOCK_SECONDS) as gained:
        if not gained:
            raise GenerationError(_("Another build of the search index is running; wait until it ends."))
        _give_up_interrupted()
        _remove_leftovers()
        if not (active_generation() or _num_ready()):
            raise GenerationError(_("There is nothing to build the search index from yet: no features are ready."))
        row = Generation.objects.create(state=State.BUILDING)
        temporary = generation_folder(f"{TEMPORARY}{row.pk}-{secrets.token_hex(4)}")
        try:
            manifest = _write(row, temporary, progress)
            _publish(row, temporary, manifest)
        except (SearchError, OSError) as error:
            _fail(row, str(error))
            raise GenerationError(str(error)) from error
        except BaseException as error:
            _fail(row, f"{type(error).__name__}: {error}")
            raise
        finally:
            _remove(temporary)
        _forget_old()
    return row


def rebuild_due(num_pending: int) -> bool:
    """Tell whether a new generation should be built now, while that many features are still to be computed."""
    if _building() or _pausing():
        return False
    active = active_generation()
    idle = num_pending == 0
    if active is None:
        return _num_ready() >= (1 if idle else settings.ENV.rebuild_delta_images)
    if active.error:
        return True
    if any(is_complete(name, active.versions[name], new) for name, new in pending_successions(active).items()):
        return True
    if idle and registry.current_versions().keys() - active.versions.keys():
        return True
    limits = (settings.ENV.rebuild_delta_images, settings.ENV.rebuild_delta_fraction)
    least, fraction = (IDLE_DELTA_IMAGES, IDLE_DELTA_FRACTION) if idle else limits
    changed = (
        num_changed(active.revision, served_versions(active))
        + Tombstone.objects.filter(created_at__gt=active.started_at).count()
    )
    return changed >= max(least, fraction * active.num_images)


def active_generation() -> Generation | None:
    """Return the row of the active generation."""
    return Generation.objects.filter(state=State.ACTIVE).first()


@contextmanager
def _exclusive(seconds: float) -> Iterator[bool]:
    """Hold the folder's lock, which ends with the process however that ends; False where another keeps it."""
    generations_folder().mkdir(parents=True, exist_ok=True)
    with try_lock(generation_lock(), seconds) as gained:
        yield gained


def _building() -> bool:
    """Tell whether a build runs; rows of builds that ended with their process are given up."""
    if not Generation.objects.filter(state=State.BUILDING).exists():
        return False
    with _exclusive(0) as gained:
        if gained:
            _give_up_interrupted()
        return not gained


def _num_ready() -> int:
    return max((numbers[JobState.READY] for numbers in feature_counts.counts(JobState.READY).values()), default=0)


def _write(row: Generation, temporary: Path, progress: Callable[[str, float], None] | None) -> Manifest:
    """Write and verify the files, and note on the row what they are."""
    row.revision = revisions.revision()  # before the features are read: what comes later is in the delta
    row.versions = next_versions(active_generation())
    backend = choose_backend(settings.ENV.index_backend)
    row.backend = backend.name
    row.save(update_fields=["revision", "versions", "backend", "heartbeat_at"])
    temporary.mkdir()
    plan = IndexPlan(
        generation=row.pk,
        revision=row.revision,
        backend=backend,
        exact_max=settings.ENV.exact_search_max_images,
        seed=settings.ENV.index_seed,
        min_recall=settings.ENV.min_recall,
        hints={"trees": settings.ENV.index_trees} if settings.ENV.index_trees else {},
    )
    report = _Report(row, progress)
    manifest = assemble(temporary, _sources(row.versions), plan, removed_ids(), report)
    report(_("verifying"), 0.95)
    for path in (*temporary.iterdir(), temporary):
        sync(path)
    open_generation(temporary, row.pk)
    return manifest


def _sources(versions: Mapping[str, str]) -> Iterator[MethodSource]:
    """Return each method's rows; rows of an earlier version that cannot be compared any more are left out."""
    current = registry.current_versions()
    for name, version in versions.items():
        method, chunks = registry.methods()[name], stored_vectors.iter_ready(name, version)
        if version != current.get(name, version):
            first = next(chunks, None)
            usable = first is not None and can_compare(method, first[1][0])
            chunks = chain([first], chunks) if first is not None and usable else iter([])
        yield MethodSource(method, version, chunks)


class _Report:
    """Passes progress on, and keeps it on the row for other processes to see."""

    def __init__(self, row: Generation, progress: Callable[[str, float], None] | None) -> None:
        self._row, self._progress, self._next = row, progress, 0.0

    def __call__(self, text: str, share: float) -> None:
        if self._progress:
            self._progress(text, share)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            rows = Generation.objects.filter(pk=self._row.pk)
            rows.update(progress=text[:120], heartbeat_at=timezone.now())


def _publish(row: Generation, temporary: Path, manifest: Manifest) -> None:
    """Give the folder its name, then switch the active row: a process killed in between leaves the old one in use."""
    row.folder = temporary.name.removeprefix(TEMPORARY)
    os.rename(temporary, generation_folder(row.folder))
    sync(generations_folder())
    row.num_images = manifest.num_images
    row.recall = {name: files.recall for name, files in manifest.methods.items() if files.recall is not None}
    row.state, row.progress, row.published_at = State.ACTIVE, "", timezone.now()
    with transaction.atomic():
        Generation.objects.filter(state=State.ACTIVE).update(state=State.RETIRED)
        row.save()


def _fail(row: Generation, error: str) -> None:
    row.state, row.error, row.progress = State.FAILED, error[:300], ""
    row.save(update_fields=["state", "error", "progress", "heartbeat_at"])


def _give_up_interrupted() -> None:
    """Mark builds as failed that ended with their process; whoever holds the lock knows that none runs."""
    error = _("The build was interrupted before it ended.")
    Generation.objects.filter(state=State.BUILDING).update(state=State.FAILED, error=error, progress="")


def _pausing() -> bool:
    """Tell whether builds failed so lately that the next one should wait: 30 s, then twice as long each time."""
    rows = Generation.objects.exclude(state=State.RETIRED).order_by("-pk")
    failed: list[Generation] = []
    for row in rows[:10]:
        if row.state != State.FAILED:
            break
        failed.append(row)
    if not failed:
        return False
    pause = min(FIRST_PAUSE * 2 ** (len(failed) - 1), LONGEST_PAUSE)
    return bool(timezone.now() < failed[0].heartbeat_at + pause)


def previous_generation() -> Generation | None:
    """Return the row of the generation that takes over should the active one be damaged."""
    return Generation.objects.filter(state=State.RETIRED, error="").exclude(folder="").first()


def _kept() -> list[Generation]:
    """Return the generations whose folders stay."""
    return [row for row in (active_generation(), previous_generation()) if row is not None]


def _remove_leftovers() -> None:
    """Remove every folder that neither serves nor stands by: what killed builds and earlier generations left."""
    names = {row.folder for row in _kept()}
    for path in generations_folder().iterdir():
        if path.is_dir() and path.name not in names:
            _remove(path)


def _remove(folder: Path) -> None:
    """Remove a folder and what servers keep for it; it stays as long as one of them cannot be asked."""
    if drop_remote(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _forget_old() -> None:
    """Remove old folders and rows, and the tombstones of deleted images that no generation on disk still holds."""
    _remove_leftovers()
    kept = _kept()
    old = list(Generation.objects.exclude(pk__in=[row.pk for row in kept]).values_list("pk", flat=True)[KEPT_ROWS:])
    Generation.objects.filter(pk__in=old).delete()
    oldest = min(row.started_at for row in kept)
    alive = Image.objects.filter(pk=OuterRef("image_id"))
    Tombstone.objects.filter(~Exists(alive), created_at__lt=oldest).delete()
