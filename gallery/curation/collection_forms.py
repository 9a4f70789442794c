"""What people send to make, change or dissolve a collection."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.curation.optimistic_lock import read_seen
from gallery.models import Collection

FIELDS = ("name", "description", "private")


class CollectionForm(forms.Form):
    """A collection's name, description and privacy, with what they were when the form was shown."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(
        label=gettext_lazy("Description"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    private = forms.BooleanField(label=gettext_lazy("Private: only its members know of it"), required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, collection: Collection | None = None) -> None:
        self.collection = collection
        self.now = {name: getattr(collection, name) for name in FIELDS} if collection else {}
        super().__init__(data, initial=self.now)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        others = Collection.objects.exclude(pk=self.collection.pk) if self.collection else Collection.objects.all()
        if others.filter(name=name).exists():
            raise forms.ValidationError(
                _("The name “%(name)s” is taken; choose another."), "taken", params={"name": name}
            )
        return name

    def clean_description(self) -> str:
        """Browsers send line ends as two characters."""
        return "\n".join(self.cleaned_data["description"].splitlines())

    def clean_seen(self) -> dict[str, Any]:
        """Read what was shown."""
        return read_seen(self.cleaned_data["seen"], self.now)

    def values(self) -> dict[str, object]:
        """Return what this person changed, by name."""
        seen = self.cleaned_data["seen"]
        return {name: self.cleaned_data[name] for name in FIELDS if self.cleaned_data[name] != seen.get(name)}

    def conflicts(self) -> list[str]:
        """Return the labels of what somebody else changed meanwhile and this person wants to change otherwise."""
        seen = self.cleaned_data["seen"]
        return [
            str(self.fields[name].label)
            for name, value in self.values().items()
            if self.now.get(name) not in (seen.get(name), value)
        ]


class DissolveForm(forms.Form):
    """What becomes of the images that only the collection shows."""

    images = forms.ChoiceField(
        label=gettext_lazy("What becomes of them?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what becomes of the images that only this collection shows.")},
    )

    def __init__(self, data: Any = None, *, may_publish: bool) -> None:
        super().__init__(data)
        common = [("common", _("They come into the common library: everybody sees them"))] if may_publish else []
        choices = [*common, ("trash", _("They go to the trash"))]
        self.fields["images"].choices = choices  # type: ignore[attr-defined]
