"""Searches kept as they were answered: what was asked, by which weights, versions and index, and every hit.

A document of a record holds, as JSON:

query : sha256, name, width, height, and `image` (its id) or `upload` with its `vectors`
weights, thresholds ({min, max}), k, collection ({id, name} or null) : what was asked for
generation, versions, software, background, exact, degraded, num_candidates, num_images, missing : what answered it
results : of each hit sha256, name, image (id), rank, score, and by method raw, rarity, one_in, weight, share, rank
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from gallery.models import Collection, Image
from review.exceptions import RecordError
from review.models import SearchRecord
from search.features.stored_vectors import unpack_query
from search.forms import MAX_RESULTS, PAGE_SIZE, SearchForm
from search.generations.snapshot import current_snapshot
from search.models import Query, WorkState
from search.query import pipeline
from search.types import Answer, Result
from search.versions import versions_in_use

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet

Document = dict[str, Any]


def record_search(user: User, address: str, queries: QuerySet[Query], title: str = "") -> SearchRecord:
    """Answer a search and keep the answer.

    Parameters
    ----------
    user : who asks: only what this person may see is found
    address : the query string of the search page
    queries : the uploaded queries that are this person's own
    title : what to call it; empty: by the image searched for

    Raises
    ------
    RecordError : the address describes no search that this person could ask for; nothing is recorded
    search.exceptions.SearchError : the search cannot be answered; nothing is recorded
    """
    form = SearchForm(QueryDict(address), viewer=user)
    if not form.is_valid():
        raise RecordError(" ".join(form.problems()))
    asked = form.cleaned_data
    collection = asked["collection"]
    document: Document = {
        "query": _query(user, asked, queries),
        "weights": form.weights(),
        "thresholds": {name: asked[name] for name in ("min", "max") if asked[name] is not None},
        "k": asked["k"] or PAGE_SIZE,
        "collection": {"id": collection.pk, "name": collection.name} if collection else None,
    }
    document |= answer_now(user, document)
    named = title.strip() or _("Images like %(name)s") % {"name": document["query"]["name"]}
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
    search.exceptions.SearchError : see `search.query.pipeline.run_query`
    """
    collection = asked["collection"]
    if collection and not Collection.objects.visible_to(viewer).filter(pk=collection["id"]).exists():
        raise RecordError(_("The collection that was searched is not there any more, or closed to you."))
    answer = pipeline.run_query(
        _source(viewer, asked["query"]),
        asked["weights"],
        k=MAX_RESULTS,
        collection_id=collection["id"] if collection else None,
        shown=asked["k"],
        viewer=viewer,
    )
    floor, ceiling = asked["thresholds"].get("min", 0), asked["thresholds"].get("max", 100)
    within = [result for result in answer.results if floor <= round(100 * result.score, 6) <= ceiling]
    return _answer_document(viewer, replace(answer, results=within[: asked["k"]]))


def _query(user: User, asked: Mapping[str, Any], queries: QuerySet[Query]) -> Document:
    """Return what is kept of the image that is searched for."""
    if asked["query"]:
        upload = queries.filter(pk=asked["query"], state=WorkState.READY).first()
        if upload is None or upload.vectors is None:
            raise RecordError(_("This uploaded query is gone or not yet described; upload the image again."))
        vectors = b64encode(bytes(upload.vectors)).decode()
        found = {"upload": str(upload.pk), "vectors": vectors, "name": upload.original_name, "reason": upload.reason}
        return found | {name: getattr(upload, name) for name in ("sha256", "width", "height")}
    image = Image.objects.visible_to(user).filter(pk=asked["image"] or 0).first()
    if image is None:
        raise RecordError(_("Expected a search for an image that is there; this one is not."))
    return {"image": image.pk, "name": str(image)} | {
        name: getattr(image, name) for name in ("sha256", "width", "height")
    }


def _source(viewer: User | AnonymousUser, query: Mapping[str, Any]) -> pipeline.QuerySource:
    if query.get("vectors"):
        vectors, versions = unpack_query(b64decode(query["vectors"]))
        return pipeline.QuerySource(vectors=vectors, versions=versions, reason=query.get("reason", ""))
    image = Image.objects.visible_to(viewer).filter(sha256=query["sha256"]).first()
    if image is None:
        raise RecordError(_("The image searched for is not in the library now."))
    return pipeline.for_image(image.pk)


def _answer_document(viewer: User | AnonymousUser, answer: Answer) -> Document:
    images = Image.objects.visible_to(viewer).in_bulk([result.image_id for result in answer.results])
    return {
        "generation": answer.generation_id,
        "versions": dict(current_snapshot().versions),
        "software": versions_in_use(),
        "background": answer.background,
        "exact": answer.exact,
        "degraded": answer.degraded,
        "num_candidates": answer.num_candidates,
        "num_images": answer.num_images,
        "missing": dict(answer.missing_methods),
        "results": [_hit(each, images[each.image_id]) for each in answer.results if each.image_id in images],
    }


def _hit(result: Result, image: Image) -> Document:
    said = {
        name: {figure: _rounded(getattr(found, figure)) for figure in ("raw", "rarity", "one_in", "weight", "share")}
        | {"rank": found.rank}
        for name, found in result.methods.items()
    }
    about = {"sha256": image.sha256, "name": str(image), "image": image.pk}
    return about | {"rank": result.rank, "score": _rounded(result.score), "methods": said}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
