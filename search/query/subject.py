"""What may be searched for and in, and by whom: images of the gallery, uploaded queries, collections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gallery.models import Collection, Image
from jobs.rows import JobState
from search.exceptions import CollectionNotFoundError, ImageNotFoundError, QueryError, UploadNotFoundError
from search.models import Query
from search.query import pipeline
from search.query.request import (
    DescribedImage,
    GalleryImage,
    SearchRequest,
    TypedWords,
    UploadedImage,
    Wanted,
)
from search.query.uploads import own_queries

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from search.query.request import Viewer


@dataclass(frozen=True, slots=True)
class Subject:
    """What is searched for, as it was found.

    Attributes
    ----------
    image : of the gallery; beside an uploaded query the one of the same bytes, if any
    query : uploaded
    described : kept nowhere
    words : beside an image, or alone
    """

    image: Image | None = None
    query: Query | None = None
    described: DescribedImage | None = None
    words: str = ""

    @property
    def has_image(self) -> bool:
        """Tell whether an image is searched for, or words alone."""
        return self.image is not None or self.query is not None or self.described is not None

    @property
    def is_ready(self) -> bool:
        """Tell whether it can be searched for now: an uploaded query has to be described first."""
        return self.query is None or self.query.state == JobState.READY

    def source(self) -> pipeline.QuerySource:
        """Return what the pipeline starts from.

        Raises
        ------
        QueryError : an uploaded query that is not ready
        """
        return replace(self._image_source(), words=self.words)

    def _image_source(self) -> pipeline.QuerySource:
        if self.query is not None:
            return pipeline.for_upload(self.query.pk)
        if self.described is None:
            return pipeline.QuerySource(image_id=self.image.pk if self.image else None)
        if self.described.versions is None:
            return pipeline.for_vectors(self.described.vectors, self.described.reason)
        return pipeline.QuerySource(
            vectors=self.described.vectors, versions=self.described.versions, reason=self.described.reason
        )


def find_subject(request: SearchRequest) -> Subject:
    """Return what a search is for.

    Raises
    ------
    ImageNotFoundError : there is no such image for the viewer
    UploadNotFoundError : there is no such uploaded query of the viewer
    QueryError : nothing is searched for, or more than one image
    """
    words = request.words
    examples = [wanted for wanted in request.wanted if not isinstance(wanted, TypedWords)]
    if words and not examples:
        return Subject(words=words)
    if len(examples) != 1:
        raise QueryError("one_image_expected", num=len(examples))
    return replace(_find_example(request, examples[0]), words=words)


def _find_example(request: SearchRequest, wanted: Wanted) -> Subject:
    """Return the image that a search is for."""
    if isinstance(wanted, DescribedImage):
        return Subject(described=wanted)
    if isinstance(wanted, GalleryImage):
        image = images_of(request.viewer).filter(pk=wanted.image_id).first()
        if image is None:
            raise ImageNotFoundError(wanted.image_id)
        return Subject(image)
    if not isinstance(wanted, UploadedImage):
        raise QueryError("one_image_expected", num=0)
    # The waiting page comes here again and again; the vectors are read once, when it is searched for.
    query = queries_of(request).defer("vectors").filter(pk=wanted.query_id).first()
    if query is None:
        raise UploadNotFoundError(wanted.query_id)
    # Judgments are about images of the library: where it holds the same bytes, they count for the upload as well.
    return Subject(images_of(request.viewer).filter(sha256=query.sha256).first(), query)


def images_of(viewer: Viewer) -> QuerySet[Image]:
    """Return the images that may be searched for and found; the site itself sees all."""
    return Image.objects.all() if viewer is None else Image.objects.visible_to(viewer)


def queries_of(request: SearchRequest) -> QuerySet[Query]:
    """Return the uploaded queries that are the viewer's own."""
    return Query.objects.all() if request.viewer is None else own_queries(request.viewer, request.session_queries)


def visible_collection(viewer: Viewer, collection_id: int) -> Collection:
    """Return a collection in which a person may search.

    Raises
    ------
    CollectionNotFoundError : there is none of this number for this person
    """
    collections = Collection.objects.all() if viewer is None else Collection.objects.visible_to(viewer)
    found = collections.filter(pk=collection_id).first()
    if found is None:
        raise CollectionNotFoundError(collection_id)
    return found
