"""What may be searched for and in, and by whom: images of the gallery, uploaded queries, collections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gallery.models import Collection, Image
from jobs.errors import CodedError
from search.exceptions import (
    CollectionNotFoundError,
    ExamplesError,
    ImageNotFoundError,
    QueryError,
    UploadNotFoundError,
)
from search.models import Query
from search.query import pipeline
from search.query.examples import Example, find_examples
from search.query.request import MAX_EXAMPLES, DescribedImage, GalleryImage, SearchRequest
from search.query.uploads import own_queries

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from search.query.request import Viewer


@dataclass(frozen=True, slots=True)
class Subject:
    """What is searched for, as it was found.

    Attributes
    ----------
    examples : images, those that results should be like before the others
    words : beside images, or alone
    unlike_words : what results should not be
    """

    examples: tuple[Example, ...] = ()
    words: str = ""
    unlike_words: str = ""

    @classmethod
    def of_image(cls, image: Image, words: str = "") -> Subject:
        """Return a search for an image of the gallery that the viewer is known to see."""
        return cls((Example(0, GalleryImage(image.pk), image),), words)

    @classmethod
    def of_described(cls, described: DescribedImage) -> Subject:
        """Return a search for an image that is kept nowhere."""
        return cls((Example(0, described),))

    @property
    def first(self) -> Example | None:
        """Return the first image that results should be like."""
        return next((each for each in self.examples if not each.unlike), None)

    @property
    def image(self) -> Image | None:
        """Return the first image, where it is one of the gallery."""
        return self.first.image if self.first else None

    @property
    def query(self) -> Query | None:
        """Return the first image, where it was uploaded."""
        return self.first.query if self.first else None

    @property
    def has_image(self) -> bool:
        """Tell whether results should be like an image, or only what words say."""
        return self.first is not None

    @property
    def is_plain(self) -> bool:
        """Tell whether it is one whole image, whatever words stand beside it."""
        return len(self.examples) == 1 and self.has_image and not self.examples[0].box and not self.unlike_words

    @property
    def is_ready(self) -> bool:
        """Tell whether all examples can be searched for now: uploads and parts have to be described first."""
        return not any(each.is_waiting for each in self.examples)

    @property
    def words_number(self) -> int:
        """Return the number of words among the examples, after the images; the next is that of the unlike words."""
        return len(self.examples)

    @property
    def start(self) -> Image | None:
        """Return the image of the gallery that is searched for and nothing else, whatever words stand beside it."""
        return self.image if self.is_plain else None

    def sources(self) -> tuple[list[pipeline.QuerySource], dict[int, CodedError]]:
        """Return what the pipeline starts from, the liked examples first, and why examples are not among it.

        Raises
        ------
        ExamplesError : nothing says what results should be like
        QueryError : none of the examples that do is there and ready; a single one's error is raised as it is
        """
        if not self.words and not self.has_image:
            raise ExamplesError("only_unlike") if self.examples or self.unlike_words else _nothing()
        found: list[pipeline.QuerySource] = []
        absent: dict[int, CodedError] = {}
        # With their vectors, which `find_subject` left where they are.
        rows = Query.objects.in_bulk([each.described_by.pk for each in self.examples if each.described_by])
        for each in self.examples:
            try:
                found.append(each.source(rows))
            except QueryError as error:
                absent[each.number] = error
        if not self.words and not any(not each.unlike for each in found):
            raise absent[self.first.number] if self.first else _nothing()
        if not any(not each.unlike for each in found):  # words alone say what results should be like
            found = [pipeline.QuerySource(number=self.words_number), *found]
        found[0] = replace(
            found[0], words=self.words, unlike_words=self.unlike_words, unlike_number=self.words_number + 1
        )
        return found, absent


def _nothing() -> QueryError:
    return QueryError("one_image_expected", num=0)


def find_subject(request: SearchRequest) -> Subject:
    """Return what a search is for.

    Of several examples those that are not there say so; a single one is looked for until it is found, or refused.

    Raises
    ------
    ImageNotFoundError : there is no such image for the viewer
    UploadNotFoundError : there is no such uploaded query of the viewer
    ExamplesError : there are too many examples
    QueryError : nothing is searched for
    """
    wanted = request.images
    if not wanted and not request.words and not request.unlike_words:
        raise _nothing()
    if len(wanted) > MAX_EXAMPLES:
        raise ExamplesError("too_many_examples", most=MAX_EXAMPLES, num=len(wanted))
    examples = find_examples(wanted, images_of(request.viewer), queries_of(request))
    only = examples[0] if len(examples) == 1 and not examples[0].unlike else None
    if only and isinstance(only.absent, ImageNotFoundError | UploadNotFoundError):
        raise only.absent
    return Subject(examples, request.words, request.unlike_words)


def images_of(viewer: Viewer) -> QuerySet[Image]:
    """Return the images that may be searched for and found; the site itself sees all."""
    return Image.objects.all() if viewer is None else Image.objects.visible_to(viewer)


def queries_of(request: SearchRequest) -> QuerySet[Query]:
    """Return the uploaded queries that are the viewer's own."""
    if request.viewer is None:
        return Query.objects.filter(box="")
    return own_queries(request.viewer, request.session_queries)


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
