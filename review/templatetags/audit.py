"""Template tags of the audit log."""

from __future__ import annotations

import json
from typing import Any

from django import template

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """Return JSON data as text that people can read."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
