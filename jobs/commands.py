"""How commands end that cannot do what they are asked: a sentence for people, and the error that it comes from."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from jobs.errors import CodedError

MISUSE = 2
"""Exit code of a command that was not called rightly, as argparse has it."""


class RefusedCommandError(CommandError):
    """A command cannot do what it is asked, for the reason that an error with a code gives."""

    def __init__(self, error: CodedError, returncode: int = 1) -> None:
        super().__init__(str(error), returncode=returncode)
        self.error = error


def refusal(code: str, /, *, returncode: int = 1, **about: Any) -> RefusedCommandError:
    """Return what a command raises, of a code and its parameters."""
    return RefusedCommandError(CodedError(code, **about), returncode)


def refused_by(error: CodedError, *, returncode: int = 1) -> RefusedCommandError:
    """Return what a command raises because of an error."""
    return RefusedCommandError(error, returncode)
