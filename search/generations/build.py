"""Generations: built beside the one in use, verified, published in one step, and given up when damaged."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from gallery.models import Image
from jobs import periodic
from jobs.files import sync
from jobs.guard import PutOffError
from jobs.job import job
from jobs.leases import LONG_WORK_SECONDS
from jobs.locks import try_lock
from jobs.progress import Progress
from jobs.rows import JobState
from search.exceptions import GenerationError
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
from search.generations.recorded_copies import recorded_copies
from search.generations.write import IndexPlan, MethodSource, assemble
from search.index import choose_backend
from search.index.manifest import Manifest
from search.index.references import drop_remote
from search.models import Generation, Tombstone
from search.storage import generation_folder, generation_lock, generations_folder

TEMPORARY = ".building-"
LOCK_SECONDS = 2.0  # another process may look for a moment whether a build runs
# With nothing left to compute a small delta is worth a build; while images keep coming it would soon be out of date.
IDLE_DELTA_IMAGES, IDLE_DELTA_FRACTION = 20, 0.1
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
ABSENCE = timedelta(minutes=10)
"""How long the folder of the generation in use may be away before another one is built."""
KEPT_ROWS = 50
PAUSE_WHILE_LOCKED = timedelta(seconds=10)
STEPS = 1000
"""Parts of the whole that progress is counted in."""
MAX_PHASE = 32
DAMAGED, ABSENT = "index_damaged", "index_absent"
"""What the row of a published generation says once it was found damaged for good, or its folder away for now."""
Life = Generation.Life


@job(Generation, queue=settings.QUEUE_MAINTENANCE, name="generation", lease_seconds=LONG_WORK_SECONDS)
def generation(row: Generation, progress: Progress[Generation]) -> None:
    """Build, verify and publish a generation of all features that are ready; the old one serves until then."""
    with _exclusive(LOCK_SECONDS) as gained:
        if not gained:
            raise PutOffError("build_running", pause=PAUSE_WHILE_LOCKED, counts=False)
        _build(row, progress)
    # Outside the lock, which the next build may want already.
    for step in periodic.steps_after_build():
        step()


def ask(user: User | AnonymousUser | None = None) -> Generation:
    """Return the generation that waits or is being built, or else a new one, which `generation.send` sends."""
    return Generation.active_or_new(asked_by=user if user and user.is_authenticated else None)


def build(progress: Callable[[str, float], None] = lambda _what, _share: None) -> Generation:
    """Do the same here and now, by the row that waits if there is one.

    `progress` is called with what is being done and which share of all, 0..1, is done.

    Raises
    ------
    GenerationError : another build runs, nothing is ready, the disk is full, or files cannot be written or verified
    """
    with _exclusive(LOCK_SECONDS) as gained:
        if not gained:
            raise GenerationError("build_running")
        _free_interrupted()
        if not _can_build():
            raise GenerationError("nothing_to_build_from")
        row = ask()
        # The same protocol without the lock, which this process holds.
        replace(generation, work=_build).run(row.pk, lambda what, done, total: progress(what, done / total))
    row.refresh_from_db()
    if row.state != JobState.READY:
        raise GenerationError(row.error_code, **(row.error_params or {}))
    return row


def _build(row: Generation, progress: Progress[Generation]) -> None:
    """Build and publish, while this process holds the lock."""
    _remove_leftovers()
    if not _can_build():
        raise GenerationError("nothing_to_build_from")
    # A name of its own for each attempt: one that was killed may have left a folder under the row's number.
    temporary = generation_folder(f"{TEMPORARY}{row.pk}-{secrets.token_hex(4)}")
    try:
        manifest = _write(row, temporary, progress)
        _publish(temporary, manifest, progress)
    except OSError as error:
        raise GenerationError("file_error", text=str(error)) from error
    finally:
        # By this name nothing is left of a folder that was published.
        _remove(temporary)
    _forget_old()


def rebuild_due(num_pending: int) -> bool:
    """Tell whether a new generation should be built now, while that many features are still to be computed."""
    # From what costs least to ask to what costs most: this is asked in every round, and after every batch.
    if _building() or _pausing():
        return False
    active = active_generation()
    idle = num_pending == 0
    if active is None:
        return _num_ready() >= (1 if idle else settings.ENV.rebuild_delta_images)
    if active.error_code:
        return active.error_code != ABSENT or timezone.now() >= active.heartbeat_at + ABSENCE
    if any(is_complete(name, active.versions[name], new) for name, new in pending_successions(active).items()):
        return True
    if idle and registry.current_versions().keys() - active.versions.keys():
        return True
    limits = (settings.ENV.rebuild_delta_images, settings.ENV.rebuild_delta_fraction)
    least, fraction = (IDLE_DELTA_IMAGES, IDLE_DELTA_FRACTION) if idle else limits
    changed = (
        num_changed(active.revision, served_versions(active))
        + Tombstone.objects.filter(created_at__gt=active.begun_at).count()
    )
    return changed >= max(least, fraction * active.num_images)


def active_generation() -> Generation | None:
    """Return the row of the active generation."""
    return Generation.objects.filter(life=Life.ACTIVE).first()


@contextmanager
def _exclusive(seconds: float) -> Iterator[bool]:
    """Hold the folder's lock, which ends with the process however that ends; False where another keeps it."""
    generations_folder().mkdir(parents=True, exist_ok=True)
    with try_lock(generation_lock(), seconds) as gained:
        yield gained


def _building() -> bool:
    """Tell whether a build waits or runs; one that ended with its process is taken up in the next round."""
    active = generation.active()
    if active is not None and active.state == JobState.RUNNING:
        with _exclusive(0) as gained:
            if gained:
                _free_interrupted()
    return active is not None


def _free_interrupted() -> None:
    """End the leases of builds that ended with their process; whoever holds the lock knows that none runs."""
    held = Generation.objects.filter(state=JobState.RUNNING, lease__isnull=False)
    held.update(leased_until=timezone.now() - timedelta(seconds=1))
    generation.free_lost()


def _can_build() -> bool:
    return active_generation() is not None or _num_ready() > 0


def _num_ready() -> int:
    return max((numbers[JobState.READY] for numbers in feature_counts.counts(JobState.READY).values()), default=0)


def _write(row: Generation, temporary: Path, progress: Progress[Generation]) -> Manifest:
    """Write and verify the files, and note on the row what they are."""
    revision = revisions.revision()  # before the features are read: what comes later is in the delta
    backend = choose_backend(settings.ENV.index_backend)
    progress.keep(revision=revision, versions=next_versions(active_generation()), backend=backend.name)
    temporary.mkdir()
    plan = IndexPlan(
        generation=row.pk,
        revision=revision,
        backend=backend,
        exact_max=settings.ENV.exact_search_max_images,
        seed=settings.ENV.index_seed,
        min_recall=settings.ENV.min_recall,
        hints={"trees": settings.ENV.index_trees} if settings.ENV.index_trees else {},
        known_copies=recorded_copies,
    )

    def report(text: str, share: float) -> None:
        progress(text[:MAX_PHASE], round(STEPS * share), STEPS)

    manifest = assemble(temporary, _sources(row.versions), plan, removed_ids(), report)
    report("verifying", 0.95)
    # Files before the folder that names them: after a power cut a published folder is whole or not there.
    for path in (*temporary.iterdir(), temporary):
        sync(path)
    # As a reader will: what cannot be read is never published.
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
            # Chunks can be read only once: the one that was looked at goes back in front.
            chunks = chain([first], chunks) if first is not None and usable else iter([])
        yield MethodSource(method, version, chunks)


def _publish(temporary: Path, manifest: Manifest, progress: Progress[Generation]) -> None:
    """Give the folder its name, then switch the active row: a process killed in between leaves the old one in use."""
    folder = temporary.name.removeprefix(TEMPORARY)
    os.rename(temporary, generation_folder(folder))
    # On the disk before a row leads to it.
    sync(generations_folder())
    with transaction.atomic():
        Generation.objects.filter(life=Life.ACTIVE).update(life=Life.RETIRED)
        progress.finish(
            life=Life.ACTIVE,
            folder=folder,
            num_images=manifest.num_images,
            recall={name: files.recall for name, files in manifest.methods.items() if files.recall is not None},
            published_at=timezone.now(),
        )


def _pausing() -> bool:
    """Tell whether builds failed so lately that the next one should wait: 30 s, then twice as long each time."""
    rows = Generation.objects.exclude(life=Life.RETIRED).order_by("-pk")
    failed: list[Generation] = []
    # More failures than it takes to reach the longest pause.
    for row in rows[:10]:
        if row.state != JobState.FAILED:
            break
        failed.append(row)
    if not failed:
        return False
    pause = min(FIRST_PAUSE * 2 ** (len(failed) - 1), LONGEST_PAUSE)
    return bool(timezone.now() < failed[0].heartbeat_at + pause)


def previous_generation() -> Generation | None:
    """Return the row of the generation that takes over should the active one be damaged, or away."""
    return Generation.objects.filter(life=Life.RETIRED).exclude(folder="").exclude(error_code=DAMAGED).first()


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
    # Of images that still exist the tombstone stays: by it the next generation leaves a hidden image out.
    oldest = min(row.begun_at for row in kept)
    alive = Image.objects.filter(pk=OuterRef("image_id"))
    Tombstone.objects.filter(~Exists(alive), created_at__lt=oldest).delete()
