"""Ids, tags and texts as people send them: what is read, and every refusal by its code."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django import forms
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from gallery.addresses import IdConverter
from gallery.days import beginning, end
from gallery.forms import LARGEST_ID, MAX_TAG, IdsField, TagsField, read_id, read_text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("007", 7),
        (str(LARGEST_ID), LARGEST_ID),
        (str(LARGEST_ID + 1), 0),
        ("9" * 5000, 0),
        ("-7", 0),
        ("+7", 0),
        (" 7", 0),
        ("7.0", 0),
        ("²", 0),
        ("٣", 0),
        ("", 0),
        ("x", 0),
    ],
)
def test_ids(text: str, number: int) -> None:
    assert read_id(text) == number


@given(st.text(max_size=30))
def test_whatever_comes_is_an_id_that_a_row_can_have_or_none(text: str) -> None:
    assert 0 <= read_id(text) <= LARGEST_ID


@given(st.integers(1, LARGEST_ID))
def test_every_id_comes_back(number: int) -> None:
    assert read_id(str(number)) == number
    converter = IdConverter()
    assert converter.to_python(converter.to_url(number)) == number


def test_an_address_with_a_larger_number_is_none() -> None:
    assert IdConverter().to_python(str(LARGEST_ID)) == LARGEST_ID
    with pytest.raises(ValueError, match="at most"):
        IdConverter().to_python(str(LARGEST_ID + 1))


def test_texts_lose_what_a_database_refuses() -> None:
    assert read_text("he\0ron\0") == "heron"


def code(field: forms.Field, value: Any) -> str | None:
    """Return the code of a refusal; empty where the value is taken."""
    try:
        field.clean(value)
    except forms.ValidationError as error:
        return error.code
    return ""


class TestIds:
    @pytest.mark.parametrize("value", [["1", "2", "3"], ["1,2,3"], ["1,2", "3"], [",1,,2", "", "3,"]])
    def test_many_values_or_one_with_commas(self, value: list[str]) -> None:
        assert IdsField().clean(value) == [1, 2, 3]

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, "nothing_selected"),
            ([], "nothing_selected"),
            (["", ","], "nothing_selected"),
            (["1", "x"], "not_numbers"),
            (["0"], "not_numbers"),
            ([str(LARGEST_ID + 1)], "not_numbers"),
        ],
    )
    def test_refusals(self, value: list[str] | None, expected: str) -> None:
        assert code(IdsField(), value) == expected


class TestTags:
    def test_names_are_parted_by_commas_and_told_once(self) -> None:
        assert TagsField().clean(" grey  heron, bird ,, bird") == ["grey heron", "bird"]

    def test_no_name_is_no_tag(self) -> None:
        assert TagsField(required=False).clean(" , ") == []

    def test_refusals(self) -> None:
        assert code(TagsField(), "") == "required"
        assert code(TagsField(), f"bird, {'b' * (MAX_TAG + 1)}") == "tag_too_long"
        assert code(TagsField(), "b" * MAX_TAG) == ""

    @given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60))
    def test_whatever_comes_names_are_plain_and_each_its_own(self, text: str) -> None:
        found = TagsField(required=False).clean(text)
        assert len(set(found)) == len(found)
        assert all(name and name == " ".join(name.split()) and "," not in name for name in found)
        assert TagsField(required=False).clean(", ".join(found)) == found


class TestDays:
    def test_a_day_lasts_from_midnight_to_midnight_here(self) -> None:
        with timezone.override("Asia/Tokyo"):
            day = date(2026, 3, 1)
            assert beginning(day) == datetime(2026, 2, 28, 15, tzinfo=UTC)
            assert end(day) == datetime(2026, 3, 1, 15, tzinfo=UTC)

    @pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
    def test_days_on_which_clocks_are_set_are_shorter_and_longer(self, day: date, hours: int) -> None:
        with timezone.override("Europe/Berlin"):
            assert (end(day).astimezone(UTC) - beginning(day).astimezone(UTC)).total_seconds() == hours * 3600

    def test_the_last_day_ends_with_time_itself(self) -> None:
        assert end(date.max) == datetime.max.replace(tzinfo=UTC)
        assert end(date.max) > beginning(date.max)

    @given(st.dates(max_value=date(9999, 12, 30)))
    def test_each_day_ends_where_the_next_begins(self, day: date) -> None:
        assert end(day) == beginning(date.fromordinal(day.toordinal() + 1))
        assert beginning(day) < end(day)
