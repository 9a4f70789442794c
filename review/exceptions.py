"""Named errors of the review app: a code and its parameters; their sentences lie in `review.error_sentences`."""

from jobs.errors import CodedError


class ReviewError(CodedError):
    """Something about a decision is not as it must be."""


class VerdictError(ReviewError):
    """A verdict that cannot be recorded."""


class QueueError(ReviewError):
    """A queue that cannot be made, or an act on one that is not possible."""


class RecordError(ReviewError):
    """A search that cannot be recorded or run again."""


class AnchorError(ReviewError):
    """Something that is no anchor: not the end of an audit log, as it is written down."""


class AppendOnlyError(ReviewError):
    """Somebody tried to change what was decided."""

    def __init__(self) -> None:
        super().__init__("never_changed")


class DuplicatesError(ReviewError):
    """A decision about duplicates that cannot be made; nothing was changed."""
