"""What people send to the pages of duplicates: which groups they want to see, and what is to become of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.explained_form import ExplainedForm
from gallery.forms import LARGEST_ID, read_id
from gallery.models import Collection
from review.duplicates.decide.in_force import Kind
from review.duplicates.show.visible import GroupFilter, Tier

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_IDS = 20_000
"""Images or groups that one form may name."""
APART = "apart"
SELECTED, TIER = "selected", "tier"
ACTIONS = [
    (Kind.KEEP_ONE.value, _("Keep one, set the others aside")),
    (Kind.KEEP_ALL.value, _("Keep all")),
    (APART, _("Different")),
]


class IdsField(forms.Field):
    """Ids, as many fields of one name or as one field with commas: servers refuse forms of thousands of fields."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[int]:
        texts = [text for each in value or () for text in str(each).split(",") if text.strip()]
        if len(texts) > MAX_IDS:
            raise forms.ValidationError(
                _("At most %(most)d can be named at once; these are %(num)d."),
                code="too_many",
                params={"most": MAX_IDS, "num": len(texts)},
            )
        ids = [read_id(text.strip()) for text in texts]
        if not all(ids):
            raise forms.ValidationError(
                _("Expected numbers of images or groups; load the page again."), code="not_numbers"
            )
        return list(dict.fromkeys(ids))


class GroupsForm(forms.Form):
    """Which groups a page shows, all of it in the URL."""

    tier = forms.TypedChoiceField(label=_("Tier"), required=False, coerce=int, empty_value=None, choices=Tier.choices)
    image = forms.IntegerField(label=_("Image"), required=False, min_value=1, max_value=LARGEST_ID)

    def __init__(self, data: Any, *, user: User | AnonymousUser) -> None:
        super().__init__(data)
        collections = forms.ModelChoiceField(
            Collection.objects.visible_to(user),
            label=_("Collection"),
            required=False,
            empty_label=_("All collections"),
        )
        self.fields["collection"] = collections

    def choice(self) -> GroupFilter:
        """Return what could be read of what is asked for."""
        self.is_valid()
        asked = self.cleaned_data
        return GroupFilter(asked.get("tier"), asked.get("collection"), asked.get("image"))

    def query(self) -> dict[str, str]:
        """Return the filters but the tier, as an address holds them."""
        choice = self.choice()
        found = {"collection": choice.collection and choice.collection.pk, "image": choice.image_id}
        return {name: str(value) for name, value in found.items() if value}


class GroupDecisionForm(ExplainedForm):
    """What is to become of the images of one group."""

    group = forms.IntegerField(min_value=1, max_value=LARGEST_ID)
    image = IdsField()
    action = forms.ChoiceField(choices=ACTIONS, required=False)
    apart = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)  # the image that differs
    keeper = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    merges = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for the image that the act is about."""
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if asked.get("apart"):
            asked["action"] = APART
        elif not asked.get("action"):
            raise forms.ValidationError(_("Say what is to become of these images."), code="nothing_asked")
        needed = {Kind.KEEP_ONE.value: "keeper", APART: "apart"}.get(asked["action"])
        if needed and asked.get(needed) not in asked.get("image", ()):
            raise forms.ValidationError(_("Choose one of the images of the group."), code="not_of_the_group")
        return asked


class PlanForm(ExplainedForm):
    """A decision about many groups: the selected ones, or a whole tier."""

    action = forms.ChoiceField(choices=ACTIONS[:2])
    scope = forms.ChoiceField(choices=[(SELECTED, _("selected")), (TIER, _("whole tier"))])
    scan = forms.IntegerField(min_value=1, max_value=LARGEST_ID)
    tier = forms.TypedChoiceField(coerce=int, choices=Tier.choices)
    collection = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    group = IdsField(required=False)
    merges = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for groups, where only some are meant."""
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if asked.get("scope") == SELECTED and not asked.get("group"):
            raise forms.ValidationError(_("Select groups first, or choose the whole tier."), code="nothing_selected")
        return asked
