"""What the codes of background work say, with all that belongs to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import error_sentences  # noqa: F401 (importing makes them known)
from jobs.errors import TIMED_OUT, WORKER_LOST, CodedError, from_json, sentence


@pytest.mark.parametrize(
    ("code", "params", "named"),
    [
        (TIMED_OUT, {}, ""),
        (WORKER_LOST, {"attempts": 3}, "3"),
        ("already_running", {"data": "/srv/data", "pid": 77, "url": "http://127.0.0.1:8000/"}, "/srv/data"),
        ("already_running", {"data": "/srv/data", "pid": 77, "url": "http://127.0.0.1:8000/"}, "77"),
        (
            "already_running",
            {"data": "/srv/data", "pid": 77, "url": "http://127.0.0.1:8000/"},
            "http://127.0.0.1:8000/",
        ),
        ("already_running", {"data": "/srv/data", "pid": None, "url": None}, "?"),  # a lock that says nothing yet
        ("folder_of_another_user", {"folder": "/tmp/redis"}, "/tmp/redis"),  # noqa: S108 (only a name)
        ("redis_missing", {}, "REDIS_URL"),
        ("redis_left_over", {"socket": "/run/redis.sock"}, "/run/redis.sock"),
    ],
)
def test_sentences_name_what_belongs_to_them(code: str, params: dict[str, Any], named: str) -> None:
    said = sentence(code, params)
    assert named in said
    assert "%(" not in said
    assert said != code.replace("_", " ")  # which is how unknown codes are shown


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3), st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), JSON, max_size=4))
def test_whatever_belongs_to_an_error_can_be_kept_and_read_again(params: dict[str, Any]) -> None:
    """As strict JSON, without what PostgreSQL refuses; and it says the same then."""
    error = CodedError("something_odd", **params)
    kept = json.dumps({"code": error.code, "params": error.params}, allow_nan=False)
    assert "\\u0000" not in kept
    again = from_json(json.loads(kept))
    assert again is not None
    assert (again.code, str(again)) == (error.code, str(error))


@given(JSON)
def test_whatever_was_kept_is_an_error_or_none(kept: Any) -> None:
    found = from_json(kept)
    assert (found is None) == (not kept)
    assert found is None or isinstance(str(found), str)
