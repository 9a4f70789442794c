"""No page escapes the checks of accessibility: each address of the site is a page of the list, or said to be none."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser.page_list import NOT_PAGES, PAGES


def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Yield the name of every address."""
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            yield f"{prefix}{each.name}"
        elif each.namespace != "admin":
            yield from names(each, f"{prefix}{each.namespace}:" if each.namespace else prefix)


def test_every_address_is_listed_once() -> None:
    pages = {page.name for page in PAGES}
    others = [name for listed in NOT_PAGES.values() for name in listed]
    assert len(others) == len(set(others))
    assert not pages & set(others)
    assert sorted(pages | set(others)) == sorted(set(names(get_resolver())))


def test_variants_tell_pages_apart() -> None:
    assert len({str(page) for page in PAGES}) == len(PAGES)
