"""Searches recorded as they were answered: the request, its weights, versions and index, and every hit.

A document of a record holds, as JSON:

query : sha256, name, width, height, and `image` (its id) or `upload` with its `vectors`; of words alone their text as
    name, and an empty sha256
words : searched for, alone or beside an image; empty, and not there in older records: none
weights, thresholds ({min, max}), k, collection ({id, name} or null) : what was asked for
generation, versions, software, exact, degraded, num_candidates, num_images, missing : what answered it
background, similar_images, borrowed : by which random pairs it was judged, see `search.query.standard.Standard`; the
    last two are missing in older records
results : of each hit sha256, name, image (id), rank, score, and by method raw, rarity, one_in, weight, share, rank
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from gallery.models import Image
from jobs.errors import from_json
from review.exceptions import RecordError
from review.models import SearchRecord
from search.exceptions import CollectionNotFoundError, QueryError, UploadNotFoundError
from search.models import Query
from search.public.features import unpack_query, versions_in_use
from search.public.searching import (
    DescribedImage,
    Result,
    ScoreRange,
    SearchAnswer,
    SearchRequest,
    Subject,
    find_subject,
    images_of,
    read_request,
    search,
    visible_collection,
    weights_of,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Document = dict[str, Any]
FIGURES = ("raw", "rarity", "one_in", "weight", "share")


def record_search(user: User, address: str, session_queries: tuple[str, ...] = (), title: str = "") -> SearchRecord:
    """Answer a search and keep the answer.

    Parameters
    ----------
    user : who asks: only what this person may see is found
    address : the query string of the search page
    session_queries : the uploaded queries that this person's session remembers
    title : what to call it; empty: by what is searched for

    Raises
    ------
    RecordError : the address describes no search that this person could ask for; nothing is recorded
    search.exceptions.SearchError : the search cannot be answered; nothing is recorded
    """
    asked, problems = read_request(QueryDict(address), user, session_queries)
    if problems:
        raise RecordError(" ".join(problems))
    subject = _found(asked)
    document: Document = {
        "query": _query(subject),
        "words": subject.words,
        "weights": weights_of(asked),
        "thresholds": asked.scores.as_thresholds(),
        "k": asked.num_results,
        "order": "proof" if asked.leads_with_proof else "score",
        # The name for when it is gone.
        "collection": {"id": asked.collection.pk, "name": asked.collection.name} if asked.collection else None,
    }
    # An upload is answered from the document, as it will be when it is run again without the upload.
    document |= _answer(user, document, subject if subject.query is None else None)
    named = title.strip() or _named(subject, document["query"]["name"])
    limit = SearchRecord._meta.get_field("title").max_length
    return SearchRecord.objects.create(
        title=named[:limit], address=address, document=document, author=user, author_name=user.get_username()
    )


def answer_now(viewer: User | AnonymousUser, asked: Mapping[str, Any]) -> Document:
    """Answer what a document asks for, as it would be answered to this person now.

    Parameters
    ----------
    viewer : what this person may not see is not found
    asked : a document; only what was asked for counts

    Returns
    -------
    document : by what it was answered, and the results

    Raises
    ------
    RecordError : the image searched for, or the collection, is not there for this person
    search.exceptions.SearchError : see `search.query.answer.search`
    """
    return _answer(viewer, asked)


def _answer(viewer: User | AnonymousUser, asked: Mapping[str, Any], subject: Subject | None = None) -> Document:
    collection, limits = None, asked["thresholds"]
    if asked["collection"]:
        try:
            collection = visible_collection(viewer, asked["collection"]["id"])
        except CollectionNotFoundError as error:
            raise RecordError("collection_searched_gone") from error
    request = SearchRequest(
        viewer=viewer,
        collection=collection,
        weights=asked["weights"],
        scores=ScoreRange(limits.get("min"), limits.get("max")),
        num_results=asked["k"],
        proof_first=asked.get("order") == "proof",  # searches recorded before there was proof went by score
    )
    return _answer_document(search(request, subject or _kept(viewer, asked)))


def _found(asked: SearchRequest) -> Subject:
    if asked.unlike_words or (asked.images and not asked.is_plain):
        raise RecordError("one_image_recorded")
    try:
        return find_subject(asked)
    except UploadNotFoundError as error:
        raise RecordError("query_gone") from error
    except QueryError as error:
        raise RecordError("expected_image_there") from error


def _query(subject: Subject) -> Document:
    """Return what is kept of the image that is searched for, or of words alone."""
    if not subject.has_image:
        return {"name": subject.words, "sha256": ""}
    upload, image = subject.query, subject.image
    if upload is not None:
        if not subject.is_ready or upload.vectors is None:
            raise RecordError("query_gone")
        # The upload itself is deleted after a day; by its vectors the search can be run again all the same.
        vectors = b64encode(bytes(upload.vectors)).decode()
        found = {
            "upload": str(upload.pk),
            "vectors": vectors,
            "name": upload.original_name,
            "reason": upload.error.as_json() if upload.error else "",
        }
        return found | _size(upload)
    if image is None:
        raise RecordError("expected_image_there")
    return {"image": image.pk, "name": str(image)} | _size(image)


def _named(subject: Subject, name: str) -> str:
    if not subject.has_image:
        return _("Images of %(words)s") % {"words": subject.words}
    if subject.words:
        return _("Images like %(name)s, “%(words)s”") % {"name": name, "words": subject.words}
    return _("Images like %(name)s") % {"name": name}


def _size(image: Image | Query) -> Document:
    return {"sha256": image.sha256, "width": image.width, "height": image.height}


def _kept(viewer: User | AnonymousUser, asked: Mapping[str, Any]) -> Subject:
    """Return what a document's search is for."""
    image = _kept_image(viewer, asked["query"]) if asked["query"]["sha256"] else Subject()
    return replace(image, words=asked.get("words", ""))


def _kept_image(viewer: User | AnonymousUser, query: Mapping[str, Any]) -> Subject:
    if query.get("vectors"):
        vectors, versions = unpack_query(b64decode(query["vectors"]))
        return Subject.of_described(DescribedImage(vectors, versions, from_json(query.get("reason"))))
    image = images_of(viewer).filter(sha256=query["sha256"]).first()
    if image is None:
        raise RecordError("image_searched_gone")
    return Subject.of_image(image)


def _answer_document(found: SearchAnswer) -> Document:
    answer, images = found.shown, found.images
    return {
        "generation": answer.generation_id,
        "versions": dict(found.found.versions),
        "software": versions_in_use(),
        "background": str(answer.background),
        "similar_images": answer.similar_images,
        "borrowed": _rounded(answer.borrowed),
        "exact": answer.exact,
        "degraded": answer.degraded.as_json() if answer.degraded else "",
        "num_candidates": answer.num_candidates,
        "num_images": answer.num_images,
        "missing": {name: reason.as_json() for name, reason in answer.missing_methods.items()},
        "results": [_hit(each, images[each.image_id]) for each in answer.results if each.image_id in images],
    }


def _hit(result: Result, image: Image) -> Document:
    said = {
        name: {figure: _rounded(value) for figure, value in found.figures(FIGURES).items()} | {"rank": found.rank}
        for name, found in result.methods.items()
    }
    about = {"sha256": image.sha256, "name": str(image), "image": image.pk}
    return about | {"rank": result.rank, "score": _rounded(result.score), "methods": said}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
