"""Named errors of the review app; their texts say what was expected, what came and what to do."""

from django.utils.translation import gettext as _


class ReviewError(Exception):
    """Something about a decision is not as it must be."""


class VerdictError(ReviewError):
    """A verdict that cannot be recorded."""


class AppendOnlyError(ReviewError):
    """Somebody tried to change what was decided."""

    def __init__(self) -> None:
        super().__init__(_("Verdicts are never changed or removed; record a new one, which then counts."))
