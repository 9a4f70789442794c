"""Template tags that every page shares."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.ratios import ratio_step

register = template.Library()
register.filter(ratio_step)


@register.simple_tag
@lru_cache(maxsize=256)  # a page of results draws hundreds, all from a few names
def icon(name: str) -> SafeString:
    """Return an icon of the site's own set; the words beside it name it, so screen readers pass over it."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )
