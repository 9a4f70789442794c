"""What a form showed comes back from a browser, or whatever somebody made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.curation.optimistic_lock import read_seen, write_seen

VALUES = st.one_of(st.text(max_size=10), st.booleans(), st.integers(), st.lists(st.text(max_size=5), max_size=3))
FIELDS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)
NOW: dict[str, Any] = {"title": "Heron", "tags": ["bird"], "common": True}


@given(FIELDS)
def test_what_was_shown_comes_back_as_it_was(shown: dict[str, Any]) -> None:
    assert read_seen(write_seen(shown), shown) == shown


def test_what_somebody_else_changed_meanwhile_is_told_apart() -> None:
    seen = read_seen(write_seen(NOW), NOW | {"title": "Egret"})
    assert seen == NOW


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "3", '"title"', "\0"])
def test_what_cannot_be_read_is_taken_to_be_as_it_is_now(text: str) -> None:
    assert read_seen(text, NOW) == NOW


def test_values_of_another_kind_are_taken_to_be_as_they_are_now() -> None:
    sent = {"title": ["Egret"], "tags": "bird", "common": False, "secret": "x"}
    assert read_seen(json.dumps(sent), NOW) == NOW | {"common": False}


@given(st.text(max_size=40), FIELDS)
def test_whatever_comes_the_fields_are_those_of_now(text: str, now: dict[str, Any]) -> None:
    seen = read_seen(text, now)
    assert seen.keys() == now.keys()
    assert all(isinstance(seen[name], type(value)) for name, value in now.items())
