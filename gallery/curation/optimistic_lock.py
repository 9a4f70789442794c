"""What a form showed when people began to fill it in, sent along so that changes by others are noticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def write_seen(now: Mapping[str, Any]) -> str:
    """Return the values that a form shows, for a hidden field of it."""
    return json.dumps(now)


def read_seen(text: str, now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that the form showed; those that cannot be read are taken to be as they are now."""
    try:
        seen = json.loads(text)
    except ValueError:
        seen = None
    if not isinstance(seen, dict):
        return dict(now)
    # It comes back from a browser: a value of another type would break the comparison with what stands now.
    return {name: seen[name] if isinstance(seen.get(name), type(value)) else value for name, value in now.items()}
