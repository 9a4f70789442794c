"""What people decided, what is to be decided, and the record of both."""

from review.models.append_only import AppendOnly, AppendOnlyQuerySet
from review.models.audit import AuditRow
from review.models.audit_check import AuditCheck
from review.models.comparison import Comparison
from review.models.duplicates import (
    DecidedImage,
    DuplicateBulk,
    DuplicateDecision,
    DuplicateGroup,
    DuplicateMember,
    DuplicateScan,
)
from review.models.queue import Queue, QueuedPair, Reading, ReviewPolicy
from review.models.record import SearchRecord
from review.models.verdict import MAX_NOTE, Verdict

__all__ = [
    "MAX_NOTE",
    "AppendOnly",
    "AppendOnlyQuerySet",
    "AuditCheck",
    "AuditRow",
    "Comparison",
    "DecidedImage",
    "DuplicateBulk",
    "DuplicateDecision",
    "DuplicateGroup",
    "DuplicateMember",
    "DuplicateScan",
    "Queue",
    "QueuedPair",
    "Reading",
    "ReviewPolicy",
    "SearchRecord",
    "Verdict",
]
