"""Uploaded query images: stored for a day beside a small preview, never part of the gallery."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from gallery.decoding import Refused, get_decoder
from gallery.people.permissions import permissions_of
from gallery.storage import uploaded_queries
from gallery.storage.incoming import Received, TooLargeError
from jobs.files import is_disk_full
from jobs.rows import ENDED, JobState
from search.features import registry, stored_vectors
from search.features.version_rollout import served_versions
from search.generations.build import active_generation
from search.models import Query

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.contrib.sessions.backends.base import SessionBase
    from django.db.models import QuerySet

PREVIEW_SIDE = 480
SESSION_KEY = "queries"
# A session is read with every request, and a query lives for a day: the latest will do.
MOST_REMEMBERED = 50


def own_queries(user: User | AnonymousUser, of_session: Iterable[str] = ()) -> QuerySet[Query]:
    """Return the uploaded queries of a person: of their account and of their session, all of them for admins.

    Parts of images are nobody's: they are found by whoever may see the whole.
    """
    uploaded = Query.objects.filter(box="")
    if permissions_of(user).sees_all:
        return uploaded
    own = Q(pk__in=list(of_session))
    return uploaded.filter(own | Q(uploaded_by=user) if user.is_authenticated else own)


def session_queries(session: SessionBase) -> tuple[str, ...]:
    """Return the uploaded queries that a session remembers."""
    return tuple(session.get(SESSION_KEY, []))


def remember(session: SessionBase, query: Query) -> None:
    """Note in the session of somebody without an account which query is theirs."""
    kept = [pk for pk in session_queries(session) if pk != str(query.pk)]
    session[SESSION_KEY] = [*kept, str(query.pk)][-MOST_REMEMBERED:]


def store_query(file: BinaryIO, name: str, user: User | None = None, own: QuerySet[Query] | None = None) -> Query:
    """Keep the bytes, look at them in the decoder and make the query; the same bytes give the same query again.

    One that was described before a method changed is to be described again then.

    Parameters
    ----------
    file, name : of the image
    user : whose query it is; None: somebody's without an account, or the site's own
    own : the queries among which the same bytes are looked for, None: all

    Raises
    ------
    Refused : the file is too large, no image that this site accepts, or does not fit on the disk
    """
    # Some clients send a whole path.
    query = Query(original_name=Path(name).name[:255], uploaded_by=user)
    own = Query.objects.filter(box="") if own is None else own
    try:
        received = _receive(file)
        try:
            query.sha256 = received.sha256
            known = own.filter(sha256=query.sha256).exclude(state__in=ENDED).order_by("-created_at").first()
            # A row can outlive its file: whoever forgets queries removes the file first.
            if known and uploaded_queries.is_kept(known.pk):
                return _renewed(known)
            _keep(query, received)
        finally:
            received.discard()
    except OSError as error:
        if is_disk_full(error):
            raise Refused("disk_full", str(error)) from error
        raise
    return query


def _renewed(query: Query) -> Query:
    """Return a query as it is, or waiting once more where a method that serves now has said nothing of it.

    A version that does not serve yet is no reason: its rows could be compared with nothing.
    """
    if query.state != JobState.READY or query.vectors is None:
        return query
    known, current = stored_vectors.unpack_query(bytes(query.vectors))[1], registry.current_versions()
    served = served_versions(active_generation())
    # Only versions that this machine can compute: describing it again would bring no others.
    if any(current.get(name) == version != known.get(name) for name, version in served.items()):
        # Where it is still ready: of two uploads of the same bytes at once, the second must not take it from a worker.
        Query.objects.filter(pk=query.pk, state=JobState.READY).update(
            state=JobState.WAITING, error_code="", error_params=None, attempts=0, heartbeat_at=timezone.now()
        )
        query.refresh_from_db()
    return query


def _receive(file: BinaryIO) -> Received:
    limit: int = settings.ENV.max_upload_bytes
    try:
        return uploaded_queries.receive(file, limit)
    except TooLargeError as error:
        raise Refused("too_large", f"more than {limit} bytes") from error


def _keep(query: Query, received: Received) -> None:
    """Decode the file once in the child process, and keep it with its size and preview unless it is refused."""
    inspection = get_decoder().inspect(received.path, {"preview": PREVIEW_SIDE})
    query.width, query.height = inspection.width, inspection.height
    try:
        # The file before the row: a worker that sees the row finds the file.
        uploaded_queries.keep(query.pk, received, inspection.derivatives["preview"])
        query.save(force_insert=True)
    # Also when the process is told to end: nobody would ever look for a file without a row.
    except BaseException:
        uploaded_queries.discard(query.pk)
        raise
