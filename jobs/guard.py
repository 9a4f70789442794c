"""The one place of background work that catches whatever is raised, and makes a code of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError
from rq.timeouts import JobTimeoutException

from jobs.errors import UNFORESEEN, CodedError, sentence, unforeseen
from jobs.progress import JobStoppedError

Outcome = TypeVar("Outcome")
OF_THE_MACHINE: tuple[type[Exception], ...] = (OperationalError, InterfaceError, MemoryError)
"""What is no fault of the work at hand: the database or the memory may be there again at the next attempt."""
logger = logging.getLogger(__name__)


class PutOffError(CodedError):
    """The work cannot be done now and is tried again later; the code says why.

    Attributes
    ----------
    pause : until the next attempt
    counts : whether this was one of the limited number of attempts; otherwise it is tried for ever
    """

    def __init__(self, code: str, /, *, pause: timedelta, counts: bool = True, **params: Any) -> None:
        super().__init__(code, **params)
        self.pause, self.counts = pause, counts


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a piece of work failed: a code, its parameters, and what was raised."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return sentence(self.code, self.params)


def guarded(
    work: Callable[[], Outcome], what: str = "", passing: tuple[type[Exception], ...] = OF_THE_MACHINE
) -> Outcome | Failure:
    """Do a piece of work, and return its outcome or why it failed.

    Parameters
    ----------
    work : may raise anything
    what : how the log calls it when it meets an error without a code; empty: nothing is logged
    passing : errors that are raised on, besides those that end the whole job
    """
    try:
        return work()
    # First, because the clauses below would catch them too: a time-out is an Exception, PutOffError a CodedError.
    except (JobStoppedError, JobTimeoutException, PutOffError, *passing):
        raise
    except CodedError as error:
        return Failure(error.code, dict(error.params), error)
    except Exception as error:  # the edge of all jobs: a library may raise anything for odd images
        if what:
            logger.exception("%s failed", what)
        return Failure(UNFORESEEN, unforeseen(error), error)
