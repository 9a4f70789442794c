"""Named errors of the search app; their texts say what was expected, what came and what to do."""


class SearchError(Exception):
    """Something about a search, a method or an index is not as it must be."""


class UnknownMethodError(SearchError):
    """No method of that name is registered."""


class MethodUnavailableError(SearchError):
    """A method lacks something on this machine, such as its weights."""


class WeightsError(SearchError):
    """A weights or model file is missing, damaged, or of another model."""


class FusionWeightsError(SearchError):
    """Fusion weights are negative, not finite, or all zero."""


class DimensionMismatchError(SearchError):
    """Vectors have another length or type than the index or method expects."""


class IndexDamagedError(SearchError):
    """An index file does not match its manifest."""


class IndexUnavailableError(SearchError):
    """No backend of that name can be used on this machine."""


class GenerationError(SearchError):
    """A generation could not be built or published."""


class QueryError(SearchError):
    """The query image is unknown, refused, or has no features yet."""


class QueryFileError(QueryError):
    """The file of an uploaded query cannot be opened now."""


class MapError(SearchError):
    """A map could not be drawn."""


class TrainingError(SearchError):
    """A network could not be trained or exported: too few images, no teacher, or a folder of another training."""
