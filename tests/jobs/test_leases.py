"""Who holds a row: tokens that name the worker's place, the same for its successor."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jobs import leases
from jobs.leases import WORKER_VARIABLE, lease_end, new_token, take_place, tokens_of_place

PLACES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40
)


def within(token: uuid.UUID, tokens: tuple[uuid.UUID, uuid.UUID]) -> bool:
    return tokens[0] <= token <= tokens[1]


@given(PLACES, PLACES)
def test_a_place_knows_its_tokens_and_no_other_s(one: str, other: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(WORKER_VARIABLE, one)
        token, again, own = new_token(), new_token(), tokens_of_place()
        assert token != again
        assert within(token, own)
        assert within(again, own)
        patch.setenv(WORKER_VARIABLE, other)
        assert within(token, tokens_of_place()) == (one == other)


def test_without_a_name_the_process_is_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORKER_VARIABLE, raising=False)
    unnamed = tokens_of_place()
    assert within(new_token(), unnamed)
    monkeypatch.setattr(leases.os, "getpid", lambda: 1)
    assert tokens_of_place() != unnamed


def test_children_inherit_the_place_of_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKER_VARIABLE, "")
    monkeypatch.delenv(WORKER_VARIABLE)
    before = tokens_of_place()
    take_place()
    assert tokens_of_place() == before
    monkeypatch.setattr(leases.os, "getpid", lambda: 1)  # a child that was forked
    assert tokens_of_place() == before
    del os.environ[WORKER_VARIABLE]


def test_a_place_that_was_named_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKER_VARIABLE, "host:data:features")
    take_place()
    assert os.environ[WORKER_VARIABLE] == "host:data:features"


@pytest.mark.parametrize(("seconds", "expected"), [(None, 77), (5.0, 5), (0.0, 0)])
def test_a_lease_lasts_as_long_as_is_said_or_set(settings: LazySettings, seconds: float | None, expected: int) -> None:
    settings.ENV = settings.ENV.model_copy(update={"lease_seconds": 77})
    before = timezone.now()
    end = lease_end(seconds)
    assert before <= end - timedelta(seconds=expected) <= timezone.now()
