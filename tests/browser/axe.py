"""axe in a page: what it finds wrong there, and nothing else.

It also lists all that is in order, node by node; to carry that out of the browser takes longer than to find it.
"""

from __future__ import annotations

from collections.abc import Iterable

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
COLORS = ("color-contrast", "link-in-text-block")
FIND = """(options) => axe
    .run(document, { ...options, resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)]))"""


def violations(page: Page, **options: object) -> list[tuple[str, list[str]]]:
    """Return the rules that a page breaks, each with the first elements that do, by options of `axe.run`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [(rule, elements) for rule, elements in page.evaluate(FIND, options)]


def check(page: Page, *, is_ours: bool = True) -> None:
    """Fail with what axe finds; what it merely recommends is not ours to change on Django's own pages."""
    rules = (*WCAG, "best-practice") if is_ours else WCAG
    _fail_with(page, rules, is_ours)


def check_colors(page: Page, *, is_ours: bool = True) -> None:
    """Fail with what axe finds wrong in colors: all that another theme changes of a page that was looked at."""
    _fail_with(page, COLORS, is_ours)


def _fail_with(page: Page, rules: Iterable[str], is_ours: bool) -> None:
    """On pages that are not ours axe reads no style sheets: to read those that load others it would make some of its
    own, which the policy forbids.
    """
    assert violations(page, runOnly=list(rules), preload=is_ours) == []
