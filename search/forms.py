"""What may stand in the URL of a search, one weight field per registered method."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.models import Collection
from gallery.permissions import permissions_of
from gallery.roles import Role
from search.lessons import source_names
from search.methods import METHODS
from search.models import Evaluation
from search.presets import DEFAULT_PRESET, PRESETS, Preset, presets_with
from search.weight_sets import site_weights

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser | None

PAGE_SIZE = 40
MAX_RESULTS = 360
"""Results of one page: as many as are asked for by "more", up to this."""


def limit_collections(field: forms.Field, viewer: Viewer, least: Role = Role.VIEWER) -> None:
    """Offer in a field only the collections in which a person is at least that; None stands for the site itself."""
    if viewer is not None:
        cast("forms.ModelChoiceField[Collection]", field).queryset = Collection.objects.with_role(viewer, least)


def weight_field(method: str) -> str:
    """Return the name of a method's weight in the URL."""
    return f"w_{method}"


class SearchForm(forms.Form):
    """A search, as its URL says it: the query, the weights and what narrows the answer."""

    image = forms.IntegerField(required=False, min_value=1)
    query = forms.UUIDField(required=False)
    preset = forms.ChoiceField(required=False, choices=[(name, preset.label) for name, preset in PRESETS.items()])
    min = forms.FloatField(required=False, min_value=0, max_value=100, label=gettext_lazy("Score at least"))
    max = forms.FloatField(required=False, min_value=0, max_value=100, label=gettext_lazy("Score at most"))
    k = forms.IntegerField(required=False, min_value=1, max_value=MAX_RESULTS, label=gettext_lazy("Results"))
    collection = forms.ModelChoiceField(
        Collection.objects.all(),
        required=False,
        label=gettext_lazy("Collection"),
        empty_label=gettext_lazy("All images"),
    )
    view = forms.ChoiceField(required=False, choices=[("grid", "grid"), ("list", "list")])
    areas = forms.ChoiceField(required=False, choices=[("on", "on"), ("off", "off")])
    judged = forms.ChoiceField(
        required=False,
        choices=[("show", "show"), ("mark", "mark"), ("hide", "hide")],
        label=gettext_lazy("Judged different"),
    )

    def __init__(self, *args: Any, viewer: Viewer = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_collections(self.fields["collection"], viewer)
        for method, entry in METHODS.items():
            self.fields[weight_field(method)] = forms.FloatField(
                required=False, min_value=0, max_value=1, label=_(entry.label)
            )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        lowest, highest = found.get("min"), found.get("max")
        if lowest is not None and highest is not None and lowest > highest:
            raise forms.ValidationError(
                _("“Score at least” (%(min)g) is above “Score at most” (%(max)g); lower one or raise the other."),
                params={"min": lowest, "max": highest},
            )
        return found

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """Return the presets of this site, read once a form."""
        return presets_with(site_weights())

    def weights(self) -> dict[str, float]:
        """Return a weight per method: the preset's (or the site's), with what the URL names in their place."""
        found = getattr(self, "cleaned_data", {})
        weights = self.presets[found.get("preset") or DEFAULT_PRESET].full_weights()
        given = {method: found.get(weight_field(method)) for method in METHODS}
        return weights | {method: value for method, value in given.items() if value is not None}

    def problems(self) -> list[str]:
        """Return what is wrong with the URL, each as a sentence that names the part."""
        return [
            f"{self.fields[name].label or name}: {message}" if name != NON_FIELD_ERRORS else message
            for name, messages in self.errors.get_json_data().items()
            for message in (entry["message"] for entry in messages)
        ]


class EvaluationForm(forms.Form):
    """What is to be measured."""

    kind = forms.ChoiceField(
        choices=Evaluation.Kind.choices, widget=forms.RadioSelect, label=gettext_lazy("Measured by")
    )
    collection = forms.ModelChoiceField(
        Collection.objects.all(),
        required=False,
        label=gettext_lazy("Images"),
        empty_label=gettext_lazy("All images"),
        widget=forms.Select(attrs={"class": "input"}),
    )
    queries = forms.TypedChoiceField(
        coerce=int,
        choices=[(number, str(number)) for number in (10, 25, 50, 100, 200, 500, 1000)],
        initial=100,
        label=gettext_lazy("Queries at most"),
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Collection]", self.fields["collection"])
        limit_collections(field, viewer, Role.CURATOR)
        if viewer is not None and not permissions_of(viewer).may(Role.CURATOR):  # not of the whole library
            field.required, field.empty_label = True, None

    def problems(self) -> list[str]:
        """Return what is wrong, each as a sentence that names the field."""
        return [
            f"{self.fields[name].label}: {entry['message']}"
            for name, entries in self.errors.get_json_data().items()
            for entry in entries
        ]


class LearningForm(forms.Form):
    """What weights are to be learned from."""

    sources = forms.MultipleChoiceField(
        choices=lambda: [(name, name) for name in source_names()], label=gettext_lazy("Learn from")
    )
    collection = forms.ModelChoiceField(
        Collection.objects.all(),
        required=False,
        label=gettext_lazy("Images"),
        empty_label=gettext_lazy("All images"),
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_collections(self.fields["collection"], viewer)

    def problems(self) -> list[str]:
        """Return what is wrong, each as a sentence that names the field."""
        return [
            f"{self.fields[name].label}: {entry['message']}"
            for name, entries in self.errors.get_json_data().items()
            for entry in entries
        ]


class QueryUploadForm(forms.Form):
    """The upload of a query image."""

    file = forms.FileField(
        allow_empty_file=True,
        max_length=None,
        error_messages={"required": gettext_lazy("Expected an image file in the field “file”; none came. Choose one.")},
    )
