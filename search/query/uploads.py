"""Uploaded query images: kept for a day beside a small preview, never part of the gallery."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings

from gallery.decoding import Refused, get_decoder
from search.features import registry, stored_vectors
from search.features.version_rollout import served_versions
from search.generations.build import active_generation
from search.models import Query, WorkState

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

PREVIEW_SIDE = 480
CHUNK_BYTES = 2**20


def query_path(query_id: uuid.UUID) -> Path:
    """Return where the uploaded bytes of a query are kept."""
    return Path(settings.QUERIES_DIR) / query_id.hex


def preview_path(query_id: uuid.UUID) -> Path:
    """Return where the re-encoded preview of a query is kept."""
    return Path(settings.QUERIES_DIR) / f"{query_id.hex}.webp"


def store_query(file: BinaryIO, name: str, user: User | None = None, own: QuerySet[Query] | None = None) -> Query:
    """Keep the bytes, look at them in the decoder and make the query; the same bytes give the same query again.

    One that was described before a method changed is to be described anew then.

    Parameters
    ----------
    file, name : of the image
    user : whose query it is; None: somebody's without an account, or the site's own
    own : the queries among which the same bytes are looked for, None: all

    Raises
    ------
    Refused : the file is too large, no image that this site accepts, or does not fit on the disk
    """
    query = Query(original_name=Path(name).name[:255], uploaded_by=user)
    own = Query.objects.all() if own is None else own
    path = query_path(query.pk)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        query.sha256 = _write(file, path)
        known = own.filter(sha256=query.sha256).exclude(state=WorkState.FAILED).order_by("-created_at").first()
        if known and query_path(known.pk).exists():
            path.unlink()
            return _renewed(known)
        _inspect(query, path)
        query.save(force_insert=True)
    except OSError as error:
        discard_files(query.pk)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused("disk_full", str(error)) from error
        raise
    except BaseException:
        discard_files(query.pk)
        raise
    return query


def _renewed(query: Query) -> Query:
    """Return a query as it is, or waiting once more where a method that serves now has said nothing of it.

    A version that does not serve yet is no reason: its rows could be compared with nothing.
    """
    if query.state != WorkState.READY or query.vectors is None:
        return query
    known, current = stored_vectors.unpack_query(bytes(query.vectors))[1], registry.current_versions()
    served = served_versions(active_generation())
    if any(current.get(name) == version != known.get(name) for name, version in served.items()):
        Query.objects.filter(pk=query.pk, state=WorkState.READY).update(
            state=WorkState.PENDING, reason="", attempts=0, leased_until=None
        )
        query.refresh_from_db()
    return query


def discard_files(query_id: uuid.UUID) -> None:
    """Remove what is kept of a query on the disk."""
    query_path(query_id).unlink(missing_ok=True)
    preview_path(query_id).unlink(missing_ok=True)


def _write(file: BinaryIO, path: Path) -> str:
    """Copy the file to the path and return its SHA-256."""
    digest, num_bytes = hashlib.sha256(), 0
    with path.open("xb") as kept:
        while chunk := file.read(CHUNK_BYTES):
            num_bytes += len(chunk)
            if num_bytes > settings.ENV.max_upload_bytes:
                raise Refused("too_large", f"more than {settings.ENV.max_upload_bytes} bytes")
            digest.update(chunk)
            kept.write(chunk)
        kept.flush()
        os.fsync(kept.fileno())
    return digest.hexdigest()


def _inspect(query: Query, path: Path) -> None:
    """Decode the file once in the child process: size and preview, or the reason why it is refused."""
    inspection = get_decoder().inspect(path, {"preview": PREVIEW_SIDE})
    query.width, query.height = inspection.width, inspection.height
    preview_path(query.pk).write_bytes(inspection.derivatives["preview"])
