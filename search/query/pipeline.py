"""One search from its query to its explained answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from gallery.models import Image
from jobs.errors import CodedError
from jobs.rows import JobState
from search.exceptions import ImageNotFoundError, IndexDamagedError, QueryError, UploadNotFoundError
from search.features import registry, stored_vectors
from search.generations import collection_calibration, recall, words_calibration
from search.generations.snapshot import current_snapshot
from search.generations.visibility import closed_ids, without
from search.methods import METHODS, WORDS
from search.models import Feature, Query
from search.query import typed_words
from search.query.matching import fit_query, match
from search.query.typed_words import WordsAsked
from search.query.verification import VerifiedMotions
from search.scoring.fusion import check_weights
from search.scoring.said import Said
from search.scoring.segments import Snapshot
from search.types import Answer

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

RERANK_DEPTH = recall.RERANK_DEPTH
"""Candidates that get every method's real score."""


@dataclass(frozen=True, slots=True)
class QuerySource:
    """What is searched for: an image of the gallery, or the vectors of any other image, and words."""

    image_id: int | None = None
    vectors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)  # of the vectors' methods
    reason: CodedError | None = None  # why other methods gave no vector, where that is known
    words: str = ""

    @property
    def has_image(self) -> bool:
        return self.image_id is not None or bool(self.vectors)


def for_image(image_id: int) -> QuerySource:
    """Search for an image of the gallery; it will not find itself."""
    return QuerySource(image_id=image_id)


def for_vectors(vectors: Mapping[str, NDArray[Any]], reason: CodedError | None = None) -> QuerySource:
    """Search for an image described elsewhere: one row of shape (dim,) per method, at the current versions.

    `reason` says why other methods gave none.
    """
    return QuerySource(vectors=vectors, versions=registry.current_versions(), reason=reason)


def for_upload(query_id: uuid.UUID) -> QuerySource:
    """Search for an uploaded query.

    Raises
    ------
    QueryError : there is no such query, it was refused, or its features are not computed yet
    """
    query = Query.objects.filter(pk=query_id).first()
    if query is None:
        raise UploadNotFoundError(query_id)
    if query.has_ended:
        raise QueryError("query_failed", because=query.error or QueryError())
    if query.state != JobState.READY or query.vectors is None:
        raise QueryError("query_not_described_yet")
    vectors, versions = stored_vectors.unpack_query(bytes(query.vectors))
    return QuerySource(vectors=vectors, versions=versions, reason=query.error)


def run_query(
    source: QuerySource,
    weights: Mapping[str, float],
    *,
    k: int = 60,
    rerank_depth: int = RERANK_DEPTH,
    collection_id: int | None = None,
    shown: int | None = None,
    viewer: User | AnonymousUser | None = None,
    proof_first: bool = False,
) -> Answer:
    """Find the images most like a query, with the reasons.

    Parameters
    ----------
    source : see `for_image`, `for_upload`, `for_vectors`
    weights : fusion weights by method; those not named are 0
    k : results wanted
    rerank_depth : candidates that get every method's real score, at least k
    collection_id : search this collection only
    shown : results that re-ranking methods without a weight score too, None = k
    viewer : who asks: what is closed to them is neither found nor counted; None: the site itself
    proof_first : see `search.query.matching.match`

    Raises
    ------
    FusionWeightsError, UnknownMethodError : see `fusion.check_weights`
    QueryError : the query image is unknown or has no features yet
    """
    started = time.perf_counter()
    checked = check_weights(weights)
    snapshot = current_snapshot()
    closed = closed_ids(viewer, snapshot.revision)
    # In the words for an image that never was: nobody learns which numbers belong to images that are closed to them.
    if source.image_id is not None and np.isin(source.image_id, closed):
        raise ImageNotFoundError(source.image_id)
    asked = None
    if source.words:
        asked = typed_words.fitting(typed_words.ask(source.words, viewer, collection_id), snapshot)
    fitting, other = fit_query(_vectors(source, snapshot, asked), snapshot, registry.methods())
    silent = abstentions(fitting)
    vectors = {name: row for name, row in fitting.items() if name not in silent}
    allowed, own_pairs = None, False
    if collection_id is not None:
        allowed = image_ids_of_collection(collection_id)
        # Before what is closed is taken out: the tables are kept for everybody who searches in the collection.
        snapshot, own_pairs = collection_calibration.within(snapshot, collection_id, allowed)
    if asked:
        snapshot = words_calibration.for_words(snapshot, vectors.get(WORDS), closed)
    snapshot = without(snapshot, closed)
    matches = match(
        snapshot,
        vectors,
        checked,
        registry.methods(),
        k=k,
        rerank_depth=rerank_depth,
        exact_max=settings.ENV.exact_search_max_images,
        allowed=allowed,
        excluded=source.image_id,
        shown=shown,
        said=Said(WORDS, asked.said) if asked else None,
        proof_first=proof_first,
    )
    return Answer(
        results=matches.results,
        weights=checked,
        num_candidates=matches.num_candidates,
        # After it was taken out: a count must not tell how much is closed either.
        num_images=snapshot.num_images,
        exact=matches.exact,
        generation_id=snapshot.generation_id,
        versions=snapshot.versions,
        missing_methods=_missing(source, fitting, other, snapshot, asked) | silent,
        background="collection" if own_pairs else "library",
        degraded=_limits(snapshot, matches.unreachable),
        seconds=time.perf_counter() - started,
        motions=VerifiedMotions(vectors, snapshot, registry.methods(), matches.motions),
        words=source.words,
        guessed=bool(asked and asked.guessed),
    )


def _vectors(source: QuerySource, snapshot: Snapshot, asked: WordsAsked | None) -> Mapping[str, NDArray[Any]]:
    """Return the query's vectors of the versions searched by; words that are asked for take the place of its own."""
    if asked is None:
        return _vectors_of_image(source, snapshot)
    vectors = dict(_vectors_of_image(source, snapshot)) if source.has_image else {}
    vectors.pop(WORDS, None)
    return vectors if asked.row is None else {**vectors, WORDS: asked.row}


def _vectors_of_image(source: QuerySource, snapshot: Snapshot) -> Mapping[str, NDArray[Any]]:
    """Return the image's vectors of the versions searched by; a gallery image's are taken from what is searched."""
    served = snapshot.versions
    if source.image_id is None:
        own = source.versions
        # None: nothing of the method is searched, so whatever version this row is of, it is compared with nothing.
        return {name: row for name, row in source.vectors.items() if served.get(name) in (None, own.get(name))}
    # An image that is hidden, or newer than the snapshot, is searched for by what is stored of it.
    found = snapshot.vectors_of(source.image_id) or stored_vectors.vectors_of(source.image_id, served)
    if not found:
        if not Image.objects.filter(pk=source.image_id).exists():
            raise ImageNotFoundError(source.image_id)
        raise QueryError("image_not_described_yet", id=source.image_id)
    return found


def image_ids_of_collection(collection_id: int) -> NDArray[np.int64]:
    """Return the images of a collection."""
    members = Image.collections.through.objects.filter(collection_id=collection_id)
    return np.fromiter(members.values_list("image_id", flat=True), np.int64)


def abstentions(vectors: Mapping[str, NDArray[Any]]) -> dict[str, CodedError]:
    """Return why each method that has a row of the query still has nothing to say about it."""
    found = {name: registry.methods()[name].abstains(row) for name, row in vectors.items()}
    return {name: why for name, why in found.items() if why is not None}


def _missing(
    source: QuerySource,
    vectors: Mapping[str, NDArray[Any]],
    other: list[str],
    snapshot: Snapshot,
    asked: WordsAsked | None,
) -> dict[str, CodedError]:
    """Return why each method that has nothing about the query has nothing."""
    names = [name for name in METHODS if name not in vectors]
    if not names:
        return {}
    if asked and not source.has_image:
        apart: dict[str, CodedError] = dict.fromkeys(names, QueryError("compares_images"))
        return apart | ({WORDS: asked.why_not} if asked.why_not else {})
    # From the general to the particular: what follows replaces what was said before it.
    reasons = dict.fromkeys(names, source.reason or QueryError("not_computed_yet"))
    reasons |= dict.fromkeys(other, QueryError("upload_of_other_version"))
    if source.image_id is None:
        own = {name: source.versions[name] for name in names if name in source.vectors}
        served = snapshot.versions
        reasons |= {name: _other_version(name, version) for name, version in own.items() if version != served.get(name)}
    else:
        rows = Feature.objects.filter(image=source.image_id, method__in=names)
        # The newest version's row comes last, and has the last word.
        rows = rows.filter(state__in=(JobState.READY, JobState.FAILED)).order_by("pk")
        about = rows.values_list("method", "version", "state", "error_code", "error_params")
        for name, version, state, code, params in about:
            if state == JobState.FAILED:
                reasons[name] = QueryError(code, **(params or {}))
            elif version != snapshot.versions.get(name):
                reasons[name] = _other_version(name, version)
    unavailable = registry.unavailable_methods()
    found = {name: unavailable.get(name, reason) for name, reason in reasons.items()}
    return found | ({WORDS: asked.why_not} if asked and asked.why_not else {})


def _limits(snapshot: Snapshot, unreachable: Mapping[str, CodedError]) -> CodedError | None:
    """Return what is wrong with the generation, and which of its indexes could not be asked."""
    found = [snapshot.degraded] if snapshot.degraded else []
    if unreachable:
        because = next(iter(unreachable.values()))
        found.append(IndexDamagedError("indexes_unreachable", methods=list(unreachable), because=because))
    if len(found) < 2:
        return found[0] if found else None
    return IndexDamagedError("index_limited", errors=[[error.code, error.params] for error in found])


def _other_version(name: str, version: str) -> QueryError:
    """Say why rows of a version that is not searched by are of no use, and until when."""
    if version == registry.current_versions().get(name):
        return QueryError("of_new_version")
    return QueryError("upload_of_other_version")
