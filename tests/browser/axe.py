"""axe in a page: what it finds wrong there, and nothing else.

It also lists all that is in order, node by node; to carry that out of the browser takes longer than to find it.
"""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

FIND = """(options) => axe
    .run(document, { ...options, resultTypes: ["violations"] })
    .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html)]))"""


def violations(page: Page, **options: object) -> list[tuple[str, list[str]]]:
    """Return the rules that a page breaks, each with the first elements that do, by options of `axe.run`."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [(rule, elements) for rule, elements in page.evaluate(FIND, options)]
