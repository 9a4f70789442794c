"""The images that a search is given: found for who asks, with the parts of them that count, in few database queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gallery.models import Image
from jobs.errors import CodedError
from jobs.rows import JobState
from search.exceptions import ImageNotFoundError, QueryError, UploadNotFoundError
from search.models import Query
from search.query import pipeline, regions
from search.query.request import Box, DescribedImage, GalleryImage, UploadedImage, WantedImage

if TYPE_CHECKING:
    import uuid

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Example:
    """An image that results should be like, or not.

    Attributes
    ----------
    number : among the examples, from 0
    wanted : as it was asked for
    image : of the gallery; beside an uploaded query the one of the same bytes, if any
    query : uploaded
    region : the part of it that counts, which is described like an uploaded query; None: all of it counts
    absent : why it cannot be searched by
    """

    number: int
    wanted: WantedImage
    image: Image | None = None
    query: Query | None = None
    region: Query | None = None
    absent: CodedError | None = None

    @property
    def unlike(self) -> bool:
        return self.wanted.unlike

    @property
    def box(self) -> Box | None:
        return None if isinstance(self.wanted, DescribedImage) else self.wanted.box

    @property
    def described_by(self) -> Query | None:
        """Return the row that holds its vectors; None: they are the gallery's, or given."""
        return self.region or self.query

    @property
    def is_waiting(self) -> bool:
        """Tell whether it can be searched by in a moment."""
        row = None if self.absent else self.described_by
        return row is not None and row.state != JobState.READY and not row.has_ended

    def source(self, rows: Mapping[uuid.UUID, Query]) -> pipeline.QuerySource:
        """Return what the pipeline starts from.

        Parameters
        ----------
        rows : of uploads and parts with their vectors, by key

        Raises
        ------
        QueryError : it is absent, or its uploaded query is not ready
        """
        if self.absent:
            raise self.absent
        return replace(self._source(rows), number=self.number, unlike=self.unlike, part_of=self._part_of())

    def _source(self, rows: Mapping[uuid.UUID, Query]) -> pipeline.QuerySource:
        if self.described_by is not None:
            if self.described_by.pk not in rows:
                raise UploadNotFoundError(self.described_by.pk)
            return pipeline.of_row(rows[self.described_by.pk])
        if not isinstance(self.wanted, DescribedImage):
            return pipeline.QuerySource(image_id=self.image.pk if self.image else None)
        if self.wanted.versions is None:
            return pipeline.for_vectors(self.wanted.vectors, self.wanted.reason)
        about: dict[str, Any] = {"vectors": self.wanted.vectors, "versions": self.wanted.versions}
        return pipeline.QuerySource(reason=self.wanted.reason, **about)

    def _part_of(self) -> int | None:
        return self.image.pk if self.image is not None and self.region is not None and self.query is None else None


def find_examples(
    wanted: Sequence[WantedImage], images: QuerySet[Image], queries: QuerySet[Query]
) -> tuple[Example, ...]:
    """Return the images that a search is given, in their order; those that are not there say so.

    Parameters
    ----------
    wanted : what is asked for
    images, queries : of the gallery and uploaded, that may be searched by
    """
    # The waiting page comes here again and again; the vectors are read once, when it is searched for.
    uploads = queries.defer("vectors").in_bulk([each.query_id for each in wanted if isinstance(each, UploadedImage)])
    ids = [each.image_id for each in wanted if isinstance(each, GalleryImage)]
    gallery = images.in_bulk(ids) if ids else {}
    hashes = [upload.sha256 for upload in uploads.values()]
    # Judgments are about images of the library: where it holds the same bytes, they count for the upload as well.
    twins = {image.sha256: image for image in images.filter(sha256__in=hashes)} if hashes else {}
    found = [_example(number, each, gallery, uploads, twins) for number, each in enumerate(wanted)]
    return tuple(_with_regions(found))


def _example(
    number: int,
    wanted: WantedImage,
    gallery: Mapping[int, Image],
    uploads: Mapping[uuid.UUID, Query],
    twins: Mapping[str, Image],
) -> Example:
    if isinstance(wanted, DescribedImage):
        return Example(number, wanted)
    if isinstance(wanted, GalleryImage):
        image = gallery.get(wanted.image_id)
        return Example(number, wanted, image, absent=None if image else ImageNotFoundError(wanted.image_id))
    query = uploads.get(wanted.query_id)
    if query is None:
        return Example(number, wanted, absent=UploadNotFoundError(wanted.query_id))
    return Example(number, wanted, twins.get(query.sha256), query)


def _with_regions(examples: Sequence[Example]) -> list[Example]:
    """Return the examples with the parts of them that count."""
    asked: dict[int, regions.Region] = {}
    found = list(examples)
    for example in examples:
        whole = example.query or example.image
        if example.box is None or whole is None:
            continue
        try:
            asked[example.number] = regions.check(whole, example.box)
        except QueryError as error:
            found[example.number] = replace(example, absent=error)
    rows = regions.rows_of(list(asked.values())) if asked else {}
    for number, region in asked.items():
        found[number] = replace(found[number], region=rows[region.key])
    return found
