"""Named errors of the search app: a code and its parameters; their sentences lie in `search.error_sentences`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.errors import CodedError

if TYPE_CHECKING:
    from uuid import UUID


class SearchError(CodedError):
    """Something about a search, a method or an index is not as it must be."""


class UnknownMethodError(SearchError):
    """No method of that name is registered."""


class MethodUnavailableError(SearchError):
    """A method lacks something on this machine, such as its weights."""


class WeightsError(SearchError):
    """A weights or model file is missing, damaged, or of another model."""


class BackgroundError(SearchError):
    """The file of how alike random photographs are, which ships with the program, is missing or damaged."""


class FusionWeightsError(SearchError):
    """Fusion weights are negative, not finite, or all zero."""


class DimensionMismatchError(SearchError):
    """Vectors have another length or type than the index or method expects."""


class IndexDamagedError(SearchError):
    """An index file does not match its manifest."""


class IndexAbsentError(IndexDamagedError):
    """The folder of a generation or map cannot be reached now: it may come back, as a disk that is not mounted does."""


class IndexUnavailableError(SearchError):
    """No backend of that name can be used on this machine."""


class StartError(SearchError):
    """The site cannot be started."""


class GenerationError(SearchError):
    """A generation could not be built or published."""


class QueryError(SearchError):
    """The query image is unknown, refused, or has no features yet."""


class QueryFileError(QueryError):
    """The file of an uploaded query cannot be opened now."""


class ImageNotFoundError(QueryError):
    """The gallery has no image of that number for who asks."""

    def __init__(self, image_id: int) -> None:
        super().__init__("no_image", id=image_id)
        self.image_id = image_id


class UploadNotFoundError(QueryError):
    """There is no uploaded query of that number, or it is somebody else's."""

    def __init__(self, query_id: UUID) -> None:
        super().__init__("query_expired")
        self.query_id = query_id


class RegionError(QueryError):
    """A part of an image cannot be searched by: it is empty, beyond the image, or too small."""


class ExamplesError(QueryError):
    """The examples of a search come to nothing as they stand: too many, or only such as results should not be like."""


class CollectionNotFoundError(SearchError):
    """There is no collection of that number, or it is closed to who asks."""

    def __init__(self, collection_id: int) -> None:
        super().__init__("no_collection", id=collection_id)
        self.collection_id = collection_id


class MapError(SearchError):
    """A map could not be drawn."""


class TrainingError(SearchError):
    """A network could not be trained or exported: too few images, no teacher, or a folder of another training."""
