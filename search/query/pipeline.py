"""One search from its query to its explained answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from search.query.ranking import Sample
from search.query.standard import standard_of_query
from search.query.typed_words import WordsAsked
from search.query.verification import MotionsByExample, VerifiedMotions
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
    """What is searched for: an image of the gallery, or the vectors of any other image, and words.

    Where several examples are searched by, each is one of these; words are a part of the first.
    """

    image_id: int | None = None
    vectors: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)  # of the vectors' methods
    reason: CodedError | None = None  # why other methods gave no vector, where that is known
    words: str = ""
    unlike_words: str = ""
    unlike_number: int = 0  # by which explanations name the words that results should not be
    number: int = 0  # of the example
    unlike: bool = False  # whether images should not be like it
    part_of: int | None = None  # the image of the gallery that it is a part of, which is not found either

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
    return of_row(query)


def of_row(query: Query) -> QuerySource:
    """Search for an uploaded query, or a part of an image, whose row was read; see `for_upload`."""
    if query.has_ended:
        raise QueryError("query_failed", because=query.error or QueryError())
    if query.state != JobState.READY or query.vectors is None:
        raise QueryError("query_not_described_yet")
    vectors, versions = stored_vectors.unpack_query(bytes(query.vectors))
    return QuerySource(vectors=vectors, versions=versions, reason=query.error)


@dataclass(frozen=True, slots=True)
class _Example:
    """One example with its vectors, sorted by whether they can be compared with what is searched."""

    source: QuerySource
    vectors: Mapping[str, NDArray[Any]]
    other: list[str] = field(default_factory=list)
    silent: Mapping[str, CodedError] = field(default_factory=dict)

    def as_sample(self) -> Sample:
        return Sample(self.source.number, self.vectors, self.source.unlike)


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
    beside: Sequence[QuerySource] = (),
) -> Answer:
    """Find the images most like a query, or like several examples, with the reasons.

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
    beside : the other examples; of one that cannot be searched by the answer says why, while others answer

    Raises
    ------
    FusionWeightsError, UnknownMethodError : see `fusion.check_weights`
    QueryError : the query image is unknown or has no features yet
    """
    started = time.perf_counter()
    checked = check_weights(weights)
    snapshot = current_snapshot()
    closed = closed_ids(viewer, snapshot.revision)
    asked = _asked(source.words, viewer, collection_id, snapshot, closed)
    unlike = _asked(source.unlike_words, viewer, collection_id, snapshot, closed)
    given = [each for each in (source, *beside) if each.has_image]
    examples, absent = _fitted(given, snapshot, closed, single=len(given) == 1 and not source.unlike_words)
    liked = [each for each in examples if not each.source.unlike]
    if asked:
        liked = _with_words(liked, source, asked, snapshot)
    if not liked:
        raise next(iter(absent.values()), QueryError("one_image_expected", num=0))
    allowed, own_pairs = None, False
    if collection_id is not None:
        allowed = image_ids_of_collection(collection_id)
        # Before what is closed is taken out: the tables are kept for everybody who searches in the collection.
        snapshot, own_pairs = collection_calibration.within(snapshot, collection_id, allowed)
    against = [_unlike_words(unlike, snapshot, closed, source.unlike_number)] if unlike else []
    if asked:
        snapshot = words_calibration.for_words(snapshot, liked[0].vectors.get(WORDS), closed)
    snapshot = without(snapshot, closed)
    disliked = [each.as_sample() for each in examples if each.source.unlike] + against
    matches = match(
        snapshot,
        liked[0].vectors,
        checked,
        registry.methods(),
        k=k,
        rerank_depth=rerank_depth,
        exact_max=settings.ENV.exact_search_max_images,
        allowed=allowed,
        excluded=_shown_already(source, beside),
        shown=shown,
        said=Said(WORDS, asked.said) if asked else None,
        proof_first=proof_first,
        beside=[*(each.as_sample() for each in liked[1:]), *disliked],
        number=liked[0].source.number,
    )
    motions = {
        each.source.number: VerifiedMotions(each.vectors, snapshot, registry.methods(), matches.motions)
        for each in liked
    }
    several = len(liked) > 1 or bool(disliked)
    standard = standard_of_query(snapshot, [each.vectors for each in liked], checked, own_pairs=own_pairs)
    return Answer(
        results=matches.results,
        weights=checked,
        num_candidates=matches.num_candidates,
        # After it was taken out: a count must not tell how much is closed either.
        num_images=snapshot.num_images,
        exact=matches.exact,
        generation_id=snapshot.generation_id,
        versions=snapshot.versions,
        missing_methods=_missing(liked, snapshot, asked),
        background=standard.background,
        similar_images=standard.similar_images,
        borrowed=standard.borrowed,
        degraded=_limits(snapshot, matches.unreachable),
        seconds=time.perf_counter() - started,
        motions=MotionsByExample(motions) if several else motions[liked[0].source.number],
        words=source.words,
        guessed=bool(asked and asked.guessed and not asked.num_namesakes),
        num_namesakes=asked.num_namesakes if asked else 0,
        absent=absent | ({source.unlike_number: unlike.why_not} if unlike and unlike.why_not else {}),
    )


def _asked(
    words: str,
    viewer: User | AnonymousUser | None,
    collection_id: int | None,
    snapshot: Snapshot,
    closed: NDArray[np.int64],
) -> WordsAsked | None:
    """Return what words come to among what this person may see; None: there are none."""
    if not words:
        return None
    asked = typed_words.fitting(typed_words.ask(words, viewer, collection_id), snapshot)
    return typed_words.taught(asked, snapshot, closed)


def _shown_already(source: QuerySource, beside: Sequence[QuerySource]) -> list[int]:
    """Return the images of the gallery that are searched by, which need not be found."""
    ids = [number for each in (source, *beside) for number in (each.image_id, each.part_of)]
    return sorted({number for number in ids if number is not None})


def _fitted(
    sources: Sequence[QuerySource], snapshot: Snapshot, closed: NDArray[np.int64], *, single: bool
) -> tuple[list[_Example], dict[int, CodedError]]:
    """Return the examples that can be searched by, and by number why others cannot; a single one raises that."""
    found: list[_Example] = []
    absent: dict[int, CodedError] = {}
    for source in sources:
        try:
            # In the words for an image that never was: nobody learns which numbers belong to what is closed to them.
            if source.image_id is not None and np.isin(source.image_id, closed):
                raise ImageNotFoundError(source.image_id)
            fitting, other = fit_query(_vectors_of_image(source, snapshot), snapshot, registry.methods())
        except QueryError as error:
            if single:
                raise
            absent[source.number] = error
            continue
        silent = abstentions(fitting)
        vectors = {name: row for name, row in fitting.items() if name not in silent}
        found.append(_Example(source, vectors, other, silent))
    return found, absent


def _with_words(
    liked: Sequence[_Example], source: QuerySource, asked: WordsAsked, snapshot: Snapshot
) -> list[_Example]:
    """Return the liked examples with words, which take the place of what the images' own rows say by their method."""
    bare = [
        replace(each, vectors={name: row for name, row in each.vectors.items() if name != WORDS}) for each in liked
    ] or [_Example(replace(source, image_id=None, vectors={}), {})]
    if asked.row is None:
        return bare
    fitting, other = fit_query({WORDS: asked.row}, snapshot, registry.methods())
    silent = abstentions(fitting)
    rows = {name: row for name, row in fitting.items() if name not in silent}
    first = replace(
        bare[0],
        vectors={**bare[0].vectors, **rows},
        other=[*bare[0].other, *other],
        silent={**bare[0].silent, **silent},
    )
    return [first, *bare[1:]]


def _unlike_words(unlike: WordsAsked, snapshot: Snapshot, closed: NDArray[np.int64], number: int) -> Sample:
    """Return words that images should not be like, judged as words are wherever the others are judged as images."""
    vectors = {} if unlike.row is None else fit_query({WORDS: unlike.row}, snapshot, registry.methods())[0]
    judged = words_calibration.for_words(snapshot, vectors.get(WORDS), closed)
    return Sample(number, vectors, unlike=True, calibrations=judged.calibrations, said=Said(WORDS, unlike.said))


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


def _missing(liked: Sequence[_Example], snapshot: Snapshot, asked: WordsAsked | None) -> dict[str, CodedError]:
    """Return why each method that has nothing about any example has nothing; the first one's reasons stand for all."""
    first, source = liked[0], liked[0].source
    names = [name for name in METHODS if not any(name in each.vectors for each in liked)]
    if not names:
        return {}
    if asked and not source.has_image:
        apart: dict[str, CodedError] = dict.fromkeys(names, QueryError("compares_images"))
        return apart | ({WORDS: asked.why_not} if asked.why_not else {}) | dict(first.silent)
    # From the general to the particular: what follows replaces what was said before it.
    reasons = dict.fromkeys(names, source.reason or QueryError("not_computed_yet"))
    reasons |= {name: QueryError("upload_of_other_version") for name in first.other if name in names}
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
    silent = {name: why for name, why in first.silent.items() if name in names}
    return found | ({WORDS: asked.why_not} if asked and asked.why_not else {}) | silent


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
