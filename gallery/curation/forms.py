"""What people send to change one image or many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.curation.attributes import AttributesField
from gallery.curation.bulk_edit import Edit
from gallery.curation.editable_fields import Value
from gallery.curation.optimistic_lock import read_seen
from gallery.curation.title_patterns import PatternError, check_pattern
from gallery.explained_form import invalid
from gallery.forms import TagsField
from gallery.models import Collection, Image
from gallery.people.membership import RoleError, refuse_addition
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

TEXTS = ("title", "caption", "label")


def state_of(image: Image) -> dict[str, Any]:
    """Return what the form of one image shows of it."""
    attributes = {attribute.name: attribute.value for attribute in image.attributes.all()}
    return {name: getattr(image, name) for name in TEXTS} | {"attributes": attributes}


class ImageForm(forms.Form):
    """The texts and attributes of one image, with what they were when the form was shown.

    What somebody else changed meanwhile is kept where this person left it alone, and asked about where both changed it.
    """

    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=200)
    caption = forms.CharField(
        label=gettext_lazy("Caption"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    label = forms.CharField(label=gettext_lazy("Label"), required=False, max_length=120)
    attributes = AttributesField(label=gettext_lazy("Attributes"))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, image: Image) -> None:
        self.now = state_of(image)
        super().__init__(data, initial=self.now)

    def clean_caption(self) -> str:
        """Browsers send line ends as two characters."""
        return "\n".join(self.cleaned_data["caption"].splitlines())

    def clean_seen(self) -> dict[str, Any]:
        """Read what was shown."""
        return read_seen(self.cleaned_data["seen"], self.now)

    def edit(self) -> Edit:
        """Return what this person changed."""
        mine, seen = _flat(self.cleaned_data), _flat(self.cleaned_data["seen"])
        return Edit({key: mine.get(key) for key in mine.keys() | seen.keys() if mine.get(key) != seen.get(key)})

    def conflicts(self) -> dict[str, Value]:
        """Return what somebody else changed meanwhile and this person wants to change otherwise: key -> value now."""
        now, seen = _flat(self.now), _flat(self.cleaned_data["seen"])
        wanted = self.edit().values
        return {key: now.get(key) for key in wanted if now.get(key) not in (seen.get(key), wanted[key])}


def _flat(state: Mapping[str, Any]) -> dict[str, Value]:
    """Return a state by the keys of `gallery.curation.editable_fields`."""
    texts: dict[str, Value] = {name: state[name] for name in TEXTS}
    return texts | {f"attribute:{name}": value for name, value in state["attributes"].items()}


class BulkForm(forms.Form):
    """A change of many images; what is left empty stays as it is."""

    add_tags = TagsField(label=gettext_lazy("Add tags"), required=False)
    remove_tags = TagsField(label=gettext_lazy("Remove tags"), required=False)
    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=200)
    label = forms.CharField(label=gettext_lazy("Label"), required=False, max_length=120)
    clear_label = forms.BooleanField(label=gettext_lazy("Take the label away"), required=False)
    attributes = AttributesField(label=gettext_lazy("Attributes"), empty_values=True)
    add_collection = forms.CharField(label=gettext_lazy("Add to collection"), required=False, max_length=120)
    remove_collection = forms.ModelChoiceField(
        Collection.objects.none(),
        label=gettext_lazy("Take out of collection"),
        required=False,
        empty_label=gettext_lazy("Stay where they are"),
    )
    common = forms.ChoiceField(label=gettext_lazy("Common library"), required=False)

    def __init__(self, data: Any = None, *, user: User | AnonymousUser) -> None:
        super().__init__(data)
        self.user = user
        self.fields["remove_collection"].queryset = Collection.objects.with_role(user, Role.CURATOR)  # type: ignore[attr-defined]
        own = permissions_of(user)
        choices = [("", _("As they are"))]
        choices += [("in", _("In: everybody sees them"))] if own.may(Role.CONTRIBUTOR) else []
        choices += [("out", _("Out: only their collections show them"))] if own.may(Role.CURATOR) else []
        self.fields["common"].choices = choices  # type: ignore[attr-defined]

    def clean_title(self) -> str:
        pattern: str = self.cleaned_data["title"]
        try:
            check_pattern(pattern)
        except PatternError as error:
            raise invalid(error) from error
        return pattern

    def clean_add_collection(self) -> str:
        name: str = self.cleaned_data["add_collection"]
        try:
            if name:
                refuse_addition(self.user, name)
        except RoleError as error:
            raise invalid(error) from error
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        both = set(data.get("add_tags", [])) & set(data.get("remove_tags", []))
        if both:
            text = _("“%(name)s” is to be added as well; choose one.") % {"name": min(both)}
            self.add_error("remove_tags", forms.ValidationError(text, code="added_too"))
        if data.get("label") and data.get("clear_label"):
            text = _("Give a label or take it away, not both.")
            self.add_error("clear_label", forms.ValidationError(text, code="given_too"))
        leaving = data.get("remove_collection")
        if leaving and leaving.name == data.get("add_collection"):
            text = _("They cannot be added to it as well; choose one.")
            self.add_error("remove_collection", forms.ValidationError(text, code="added_too"))
        if not self.errors and not any(data.values()):
            raise forms.ValidationError(
                _("Nothing is asked for yet: fill in at least one field."), code="nothing_asked"
            )
        return data

    def edit(self, add_to: Collection | None) -> Edit:
        """Return the change; `add_to` is the collection named, once it is there."""
        data = self.cleaned_data
        values: dict[str, Value] = {f"tag:{name}": True for name in data["add_tags"]}
        values |= {f"tag:{name}": False for name in data["remove_tags"]}
        # An empty value takes the attribute away.
        values |= {f"attribute:{name}": value or None for name, value in data["attributes"].items()}
        if data["label"] or data["clear_label"]:
            values["label"] = data["label"]
        if data["common"]:
            values["common"] = data["common"] == "in"
        if add_to:
            values[f"collection:{add_to.pk}"] = True
        if data["remove_collection"]:
            values[f"collection:{data['remove_collection'].pk}"] = False
        return Edit(values, data["title"])
