"""What this process searches now: the generation in use, the delta on top of it, and what was removed since."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray

from search.exceptions import IndexAbsentError, IndexDamagedError
from search.features import registry, revisions
from search.features.version_rollout import can_compare, served_versions
from search.generations import collection_calibration, visibility
from search.generations.build import ABSENT, DAMAGED, active_generation, previous_generation
from search.generations.delta import Delta, removed_ids
from search.generations.reader import LoadedGeneration, open_generation
from search.methods import RerankMethod
from search.models import Generation
from search.scoring.segments import MethodHashes, MethodRows, MethodTables, Segment, Snapshot
from search.storage import generation_folder

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """What a process keeps between queries; guarded by the lock."""

    loaded: LoadedGeneration | None = None
    damaged: dict[int, IndexDamagedError] | None = None  # generation -> what is wrong with it
    delta: Delta | None = None
    key: tuple[object, ...] = ()
    snapshot: Snapshot | None = None


_held = _Held()
_lock = threading.Lock()


def current_snapshot() -> Snapshot:
    """Return what to search now: the same object until something changes."""
    with _lock:
        revision = revisions.revision()  # first, so that what is read below is at least as new
        active = active_generation()
        loaded, degraded = _load(active)
        versions = served_versions(active)
        # All that an answer depends on: the revision does not move when a generation is published, or found damaged.
        problem = degraded and (degraded.code, repr(degraded.params))  # errors are equal to themselves alone
        key = (loaded and loaded.generation_id, problem, revision, tuple(sorted(versions.items())))
        if _held.snapshot is None or key != _held.key:
            _held.snapshot = _assemble(loaded, degraded, revision, versions)
            _held.key = key
        return _held.snapshot


def forget() -> None:
    """Drop all that this process holds."""
    collection_calibration.forget()
    visibility.forget()
    with _lock:
        _held.loaded = _held.damaged = _held.delta = _held.snapshot = None
        _held.key = ()


def _load(active: Generation | None) -> tuple[LoadedGeneration | None, IndexDamagedError | None]:
    """Return the newest intact generation and, when that is not the active one, why not."""
    if active is None:
        _held.loaded = None
        return None, None
    try:
        opened = _open(active)
    except IndexDamagedError as error:
        problem, code = error, ABSENT if isinstance(error, IndexAbsentError) else DAMAGED
    else:
        if active.error_code == ABSENT:  # it is back
            Generation.objects.filter(pk=active.pk, error_code=ABSENT).update(error_code="", error_params=None)
        return opened, None
    newest = active_generation()
    if newest is None or newest.pk != active.pk:  # published and its forerunner removed since `active` was read
        return _load(newest)
    if active.error_code not in (DAMAGED, code):
        # Once, when it is first seen: from then on counts how long a folder has been away.
        noted = type(problem)(code, because=problem)
        about = {"error_code": code, "error_params": noted.params, "heartbeat_at": timezone.now()}
        Generation.objects.filter(pk=active.pk).update(**about)
    previous = previous_generation()
    try:
        loaded = _open(previous) if previous else None
    except IndexDamagedError:
        loaded = _held.loaded = None
    if code == ABSENT:
        serving = "previous_index_serves_meanwhile" if loaded else "exact_search_serves_meanwhile"
    else:
        serving = "previous_index_serves" if loaded else "exact_search_serves"
    return loaded, type(problem)(serving, because=problem)


def _open(row: Generation) -> LoadedGeneration:
    """Return a generation: verified whole when it is new to this process, looked at for changes ever after."""
    damaged = _held.damaged = _held.damaged or {}
    if row.pk in damaged:
        raise IndexDamagedError(damaged[row.pk].code, **damaged[row.pk].params)
    try:
        if _held.loaded is None or _held.loaded.generation_id != row.pk or _held.loaded.touched():
            _held.loaded = open_generation(generation_folder(row.folder), row.pk)
    except IndexAbsentError:
        raise  # and looked for again with the next search
    except IndexDamagedError as error:
        logger.error("generation %d is damaged: %s", row.pk, error)
        # Not verified again in this process, which would read gigabytes with every search. A copy, since the traceback
        # of the error itself holds arrays.
        damaged[row.pk] = IndexDamagedError(error.code, **error.params)
        raise
    return _held.loaded


def _assemble(
    loaded: LoadedGeneration | None, degraded: IndexDamagedError | None, revision: int, versions: dict[str, str]
) -> Snapshot:
    """Bring the delta up to date and lay it over the generation."""
    # From 0 the delta holds every feature there is: search without a generation is exact, and slow.
    base_revision = loaded.manifest.revision if loaded else 0
    delta = _held.delta
    if delta is None or delta.base_revision != base_revision or delta.versions != versions or delta.crowded:
        delta = _held.delta = Delta(base_revision, versions)
    delta.refresh(revision)
    removed = removed_ids()
    newer = delta.segment(removed)
    segments: list[Segment] = []
    tables: dict[str, MethodTables] = {}
    kinds = None
    if loaded:
        base = _base_segment(loaded, np.union1d(removed, delta.image_ids), versions)
        segments.append(base)
        tables |= {name: loaded.tables[name] for name in base.methods}
        # Without the rows that tell kinds apart nothing is known of newer images and of queries.
        if loaded.kinds and loaded.kinds.method in base.methods:
            kinds = loaded.kinds.only(set(base.methods))
            newer = replace(newer, kinds=delta.kinds(kinds))
    for name in newer.methods:
        # Pairs of the whole library say more than those of the few newest images.
        if name not in tables:
            tables[name] = delta.tables(name, newer, settings.ENV.index_seed)
    generation_id = loaded.generation_id if loaded else None
    return Snapshot((*segments, newer), tables, generation_id, degraded, versions, revision, kinds)


def _base_segment(loaded: LoadedGeneration, hidden: NDArray[np.int64], versions: dict[str, str]) -> Segment:
    """Return the generation's rows without those removed or replaced, and without methods of other versions."""
    whole = loaded.segment
    searchable = np.ones(len(whole.image_ids), bool)
    # By bisection: few are hidden of very many.
    rows = np.searchsorted(whole.image_ids, hidden)
    inside = rows < len(whole.image_ids)
    rows = rows[inside][whole.image_ids[rows[inside]] == hidden[inside]]
    searchable[rows] = False
    methods = {name: rows for name, rows in whole.methods.items() if _is_served(name, rows, versions)}
    indexes = {name: index for name, index in whole.indexes.items() if name in methods}
    hashes = {name: codes for name, codes in whole.hashes.items() if name in methods and _fits_codes(name, codes)}
    spots = {name: index for name, index in whole.spots.items() if name in methods and _fits_spots(name, loaded)}
    return replace(whole, searchable=searchable, methods=methods, indexes=indexes, hashes=hashes, spots=spots)


def _is_served(name: str, rows: MethodRows, versions: Mapping[str, str]) -> bool:
    """Tell whether a generation's rows are those to search by; rows of an earlier version may be out of use."""
    if rows.version != versions.get(name):
        return False
    method = registry.methods()[name]
    return rows.version == method.version or not len(rows.vectors) or can_compare(method, rows.vectors[0])


def _fits_spots(name: str, loaded: LoadedGeneration) -> bool:
    """Tell whether a query's spots may be looked for among a generation's: another version cuts other cells."""
    method = registry.methods()[name]
    return isinstance(method, RerankMethod) and method.spot_version == loaded.manifest.methods[name].spots


def _fits_codes(name: str, codes: MethodHashes) -> bool:
    return 8 * codes.index.code_bytes == registry.methods()[name].code_bits
