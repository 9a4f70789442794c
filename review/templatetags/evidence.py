"""Template tags of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from review.evidence.numbers import ShownMethod

register = template.Library()

OPENED, CLOSED = '<tr><th scope="row">{}</th>', '<td>{}</td><td>{}</td><td class="version">{}</td></tr>'
SAID, MISSING = f"{OPENED}<td>{{}}</td><td>{{}}</td>{CLOSED}", f'{OPENED}<td colspan="2">{{}}</td>{CLOSED}'


@register.simple_tag
def method_table(methods: Iterable[ShownMethod]) -> SafeString:
    """Return the table of what each method said of a pair, nothing where none is known.

    Written here and not as a template: a recorded search has sixty of these tables, three thousand cells, and the
    template engine takes longer for a cell than everything else that the page does for it.
    """
    lines = format_html_join("\n", "{}", ((_line(method),) for method in methods))
    return format_html("<table>{}<tbody>{}</tbody></table>", _head(get_language()), lines) if lines else lines


def _line(method: ShownMethod) -> SafeString:
    end = (method.weight, method.share, method.version)
    if method.missing:
        return format_html(MISSING, method.label, method.missing, *end)
    return format_html(SAID, method.label, method.raw, method.rarity, *end)


@lru_cache(maxsize=32)  # of the languages that one process speaks
def _head(language: str | None) -> SafeString:
    names = (_("Method"), _("raw"), _("rarity"), _("weight"), _("share"))
    columns = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in names))
    return format_html('<thead><tr>{}<th class="version" scope="col">{}</th></tr></thead>', columns, _("version"))
