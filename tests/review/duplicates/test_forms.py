"""What people send to the pages of duplicates: what is read, and every refusal by its code."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from gallery.forms import LARGEST_ID
from gallery.models import Collection
from gallery.people.roles import Role
from review.duplicates import forms as duplicate_forms
from review.duplicates.forms import APART, SELECTED, TIER, GroupDecisionForm, GroupsForm, IdsField, PlanForm
from review.models import DuplicateGroup
from tests.codes import form_codes
from tests.review.people import person

KEEP_ONE, KEEP_ALL = "keep_one", "keep_all"
EDITED = DuplicateGroup.Tier.EDITED


def sent(**data: Any) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, [str(each) for each in value] if isinstance(value, list) else [str(value)])
    return query


class TestIds:
    @pytest.mark.parametrize(
        "value", [["1", "2", "3"], ["1,2,3"], ["1, 2", "3"], ["1,2,,3,"], ["1", "2", "1", "3", "2"]]
    )
    def test_many_fields_or_one_with_commas(self, value: list[str]) -> None:
        assert IdsField().clean(value) == [1, 2, 3]

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (["x"], "not_numbers"),
            (["1", "0"], "not_numbers"),
            ([str(LARGEST_ID + 1)], "not_numbers"),
            (["1,2,3,4"], "too_many"),
            (None, "required"),
            ([","], "required"),
        ],
    )
    def test_refusals(self, monkeypatch: pytest.MonkeyPatch, value: list[str] | None, code: str) -> None:
        monkeypatch.setattr(duplicate_forms, "MAX_IDS", 3)
        with pytest.raises(forms.ValidationError) as caught:
            IdsField().clean(value)
        assert caught.value.code == code

    def test_where_none_is_needed_none_may_come(self) -> None:
        assert IdsField(required=False).clean([]) == []


@pytest.mark.django_db
class TestGroups:
    def test_it_works(self) -> None:
        herons = Collection.objects.create(name="Herons")
        form = GroupsForm(sent(tier=EDITED, collection=herons.pk, image=7), user=person("ada"))
        choice = form.choice()
        assert (choice.tier, choice.collection, choice.image_id) == (EDITED, herons, 7)
        assert form.query() == {"collection": str(herons.pk), "image": "7"}

    @pytest.mark.parametrize("data", [{}, {"tier": "x"}, {"tier": 99}, {"image": -1}, {"collection": "x"}])
    def test_what_cannot_be_read_narrows_nothing(self, data: dict[str, Any]) -> None:
        form = GroupsForm(sent(**data), user=person("ada"))
        choice = form.choice()
        assert (choice.tier, choice.collection, choice.image_id) == (None, None, None)
        assert form.query() == {}

    def test_a_collection_of_others_is_none(self) -> None:
        closed = Collection.objects.create(name="closed", private=True)
        assert GroupsForm(sent(collection=closed.pk), user=person("ada")).choice().collection is None
        assert GroupsForm(sent(collection=closed.pk), user=person("root", Role.ADMIN)).choice().collection == closed


class TestDecision:
    @pytest.mark.parametrize(
        ("data", "action"),
        [
            ({"action": KEEP_ONE, "keeper": 2}, KEEP_ONE),
            ({"action": KEEP_ONE, "keeper": 2, "merges": "on"}, KEEP_ONE),
            ({"action": KEEP_ALL}, KEEP_ALL),
            ({"action": APART, "apart": 3}, APART),
            ({"apart": 3}, APART),  # the button of one image says it by itself
            ({"action": KEEP_ONE, "keeper": 2, "apart": 3}, APART),
        ],
    )
    def test_what_is_to_become_of_a_group(self, data: dict[str, Any], action: str) -> None:
        form = GroupDecisionForm(sent(group=1, image=[1, 2, 3], **data))
        assert form.is_valid(), form.errors
        assert form.cleaned_data["action"] == action

    @pytest.mark.parametrize(
        ("data", "codes"),
        [
            ({"group": 1, "image": [1, 2]}, {"nothing_asked"}),
            ({"group": 1, "image": [1, 2], "action": "burn"}, {"invalid_choice", "nothing_asked"}),
            ({"group": 1, "image": [1, 2], "action": KEEP_ONE}, {"not_of_the_group"}),
            ({"group": 1, "image": [1, 2], "action": KEEP_ONE, "keeper": 3}, {"not_of_the_group"}),
            ({"group": 1, "image": [1, 2], "apart": 3}, {"not_of_the_group"}),
            ({"image": [1, 2], "action": KEEP_ALL}, {"required"}),
            ({"group": 1, "action": KEEP_ALL}, {"required"}),
            ({"group": 0, "image": [1, 2], "action": KEEP_ALL}, {"min_value"}),
            ({"group": 2**63, "image": [1, 2], "action": KEEP_ALL}, {"max_value"}),
        ],
    )
    def test_refusals(self, data: dict[str, Any], codes: set[str]) -> None:
        form = GroupDecisionForm(sent(**data))
        assert not form.is_valid()
        assert form_codes(form) == codes


class TestPlan:
    USUAL = {"action": KEEP_ALL, "scan": 1, "tier": EDITED}

    @pytest.mark.parametrize(
        ("data", "groups"), [({"scope": SELECTED, "group": [1, 2]}, [1, 2]), ({"scope": TIER}, [])]
    )
    def test_a_selection_or_a_whole_tier(self, data: dict[str, Any], groups: list[int]) -> None:
        form = PlanForm(sent(**self.USUAL, **data))
        assert form.is_valid(), form.errors
        assert (form.cleaned_data["group"], form.cleaned_data["tier"]) == (groups, EDITED)
        assert not form.cleaned_data["merges"]

    @pytest.mark.parametrize(
        ("data", "codes"),
        [
            ({"scope": SELECTED}, {"nothing_selected"}),
            ({"scope": SELECTED, "group": "x"}, {"not_numbers", "nothing_selected"}),
            ({"scope": "all"}, {"invalid_choice"}),
            ({"scope": TIER, "action": APART}, {"invalid_choice"}),  # one image differs: of one group alone
            ({"scope": TIER, "tier": 99}, {"invalid_choice"}),
            ({"scope": TIER, "scan": ""}, {"required"}),
            ({"scope": TIER, "collection": 0}, {"min_value"}),
        ],
    )
    def test_refusals(self, data: dict[str, Any], codes: set[str]) -> None:
        form = PlanForm(sent(**(self.USUAL | data)))
        assert not form.is_valid()
        assert form_codes(form) == codes
