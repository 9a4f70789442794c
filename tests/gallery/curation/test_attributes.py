"""Attributes as forms send them: what is taken, and every refusal by its code."""

from __future__ import annotations

import pytest
from django import forms
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from gallery.curation.attributes import MAX_NAME, MAX_VALUE, AttributesField, Rows, rows_of


class Form(forms.Form):
    attributes = AttributesField()


def sent(*rows: tuple[str, str]) -> QueryDict:
    data = QueryDict(mutable=True)
    data.setlist("attributes_name", [name for name, _value in rows])
    data.setlist("attributes_value", [value for _name, value in rows])
    return data


def code(rows: Rows, *, empty_values: bool = False) -> str | None:
    """Return the code of a refusal; empty where the rows are taken."""
    try:
        AttributesField(empty_values=empty_values).clean(rows)
    except forms.ValidationError as error:
        return error.code
    return ""


def test_it_works() -> None:
    form = Form(sent(("camera", "Leica"), ("", ""), ("place", " the  old\tharbor ")))
    assert form.is_valid()
    assert form.cleaned_data["attributes"] == {"camera": "Leica", "place": "the old harbor"}


def test_no_rows_are_no_attributes() -> None:
    assert AttributesField().clean(None) == {}
    assert AttributesField().clean([(" ", "\n")]) == {}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("", "Leica")], "nameless"),
        ([(" ", "Leica")], "nameless"),
        ([("camera", "")], "valueless"),
        ([("a:b", "c")], "colon"),
        ([("n" * (MAX_NAME + 1), "c")], "long_name"),
        ([("camera", "v" * (MAX_VALUE + 1))], "long_value"),
        ([("camera", "Leica"), (" camera", "Nikon")], "twice"),
        ([("cam\0era", "Leica")], "null_characters_not_allowed"),
        ([("camera", "Lei\0ca")], "null_characters_not_allowed"),
        ([("n" * MAX_NAME, "v" * MAX_VALUE)], ""),
    ],
)
def test_refusals(rows: Rows, expected: str) -> None:
    assert code(rows) == expected


def test_a_name_may_come_alone_where_that_means_something() -> None:
    field = AttributesField(empty_values=True)
    assert field.clean([("camera", "")]) == {"camera": ""}
    assert code([("", "Leica")], empty_values=True) == "nameless"


def test_more_names_than_values_are_read_as_rows() -> None:
    data = QueryDict("attributes_name=camera&attributes_name=year&attributes_value=Leica")
    form = Form(data)
    assert not form.is_valid()
    assert form.errors.as_data()["attributes"][0].code == "valueless"


def test_a_form_shows_what_was_sent_and_rows_to_fill_in() -> None:
    free = [("", "")] * 2
    refused = Form(sent(("camera", ""), ("", ""), ("year", "1999")))
    assert not refused.is_valid()
    assert rows_of(refused) == [("camera", ""), ("year", "1999"), *free]
    assert rows_of(Form(initial={"attributes": {"camera": "Leica"}})) == [("camera", "Leica"), *free]
    assert rows_of(Form(), num_free=1) == [("", "")]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters=":\0"), min_size=1, max_size=20)
NAMES = WORDS.map(lambda text: " ".join(text.split())).filter(bool)


@given(st.dictionaries(NAMES, NAMES, max_size=5))
def test_what_is_shown_comes_back_as_it_was(attributes: dict[str, str]) -> None:
    shown = rows_of(Form(initial={"attributes": attributes}))
    form = Form(sent(*shown))
    assert form.is_valid()
    assert form.cleaned_data["attributes"] == attributes
