"""What the reconciler does for the gallery and for search, besides resuming jobs."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from gallery.curation import undo, visibility
from gallery.intake import store
from gallery.storage import uploaded_queries
from jobs import periodic, transport
from search.background import table_statistics, tasks
from search.features import feature_counts, registry, wanted_rows
from search.generations import build
from search.map import building as map_building
from search.models import Generation, Query

FINISHED_AT_ONCE = 200
"""Half-stored uploads finished in one round."""
KEEP_QUERIES = timedelta(hours=24)


def finish_uploads() -> int:
    """Finish uploads whose process ended between keeping the bytes and decoding them."""
    return store.finish_pending(FINISHED_AT_ONCE)


def want_features() -> int:
    """Want what is missing, and see to it that somebody is told."""
    num_made = wanted_rows.ensure_rows()
    # One job is hint enough: a batch that leaves rows behind sends the next one.
    if num_made and not transport.num_queued(settings.QUEUE_FEATURES):
        tasks.enqueue_extraction()
    return num_made


def forget_queries() -> int:
    """Delete uploaded queries after a day, files included."""
    old = list(Query.objects.filter(created_at__lt=timezone.now() - KEEP_QUERIES).values_list("pk", flat=True)[:500])
    # Files before rows: a row that is left is found again in the next round, a file without one never.
    for query_id in old:
        uploaded_queries.discard(query_id)
    Query.objects.filter(pk__in=old).delete()
    return len(old)


def renew_generation() -> int:
    """Ask for a new generation when enough has changed, and forget features that nothing uses any more."""
    pending = feature_counts.num_pending()
    if build.rebuild_due(pending):
        tasks.enqueue_build()
    versions = registry.current_versions()
    active = Generation.objects.filter(life=Generation.Life.ACTIVE).first()
    if active is None:
        return 0
    # Of methods alone whose current version serves: the earlier rows of the others are still searched by.
    return wanted_rows.drop_outdated({name: v for name, v in versions.items() if active.versions.get(name) == v})


def renew_maps() -> int:
    """Ask for maps when some are missing, damaged or behind; they wait for everything else."""
    if map_building.due() and not transport.num_queued(settings.QUEUE_MAINTENANCE):
        tasks.enqueue_maps()
    return 0


def empty_trash() -> int:
    """Delete for good what has been in the trash long enough, and forget acts too old to be undone."""
    return visibility.purge_expired() + undo.forget()


def renew_statistics() -> int:
    """Let the database plan its queries by how full its tables have become."""
    table_statistics.renew()
    return 0


periodic.register(
    finish_uploads,
    want_features,
    forget_queries,
    renew_generation,
    empty_trash,
    renew_statistics,
)
periodic.register(renew_maps, after_build=True)
