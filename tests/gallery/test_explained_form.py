from __future__ import annotations

from django import forms

from gallery.explained_form import ExplainedForm


class Form(ExplainedForm):
    size = forms.IntegerField(label="Size", error_messages={"required": "missing", "invalid": "no number"})
    page = forms.IntegerField(error_messages={"required": "missing"})

    def clean(self) -> None:
        raise forms.ValidationError("as a whole")


def test_what_is_sent_well_has_no_problems() -> None:
    class Quiet(ExplainedForm):
        size = forms.IntegerField()

    assert Quiet({"size": "1"}).problems() == []


def test_each_problem_stands_behind_its_field_or_alone() -> None:
    assert Form({"size": "x"}).problems() == ["Size: no number", "page: missing", "as a whole"]


def test_without_names_a_sentence_is_said_once() -> None:
    assert Form({}).problems(named=False) == ["missing", "as a whole"]
