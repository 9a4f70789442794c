"""CSV that spreadsheets open without running what is in it, and that we read again as it was."""

from __future__ import annotations

import re
from typing import Any

# A spreadsheet takes a cell that begins so for a formula: OWASP, "CSV Injection".
FORMULA = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guard(value: Any) -> Any:
    """Return a value as a cell shows it: text that would be a formula with an apostrophe before it, the rest as it is.

    Examples
    --------
    >>> guard("=1+1"), guard("'=1+1"), guard("heron"), guard(-0.5)
    ("'=1+1", "''=1+1", 'heron', -0.5)
    """
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def unguard(text: str) -> str:
    """Return what `guard` was given.

    Examples
    --------
    >>> unguard("'=1+1"), unguard("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if GUARDED.match(text) else text
