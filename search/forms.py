"""The parameters of a search's URL, one weight field per registered method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.explained_form import ExplainedForm
from gallery.forms import LARGEST_ID
from gallery.models import Collection
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from search.example_fields import BoxField, ExamplesField, write_examples
from search.methods import METHODS
from search.models import Evaluation
from search.query.request import (
    MAX_EXAMPLES,
    MAX_RESULTS,
    PAGE_SIZE,
    GalleryImage,
    ScoreRange,
    SearchRequest,
    TypedWords,
    UploadedImage,
    Wanted,
)
from search.query.typed_words import plain
from search.scoring.presets import COLLECTION_PRESET, DEFAULT_PRESET, PRESETS
from search.weights.training_data import source_names

if TYPE_CHECKING:
    from search.query.request import Viewer


def limit_collections(field: forms.Field, viewer: Viewer, least: Role = Role.VIEWER) -> None:
    """Offer in a field only the collections in which a person is at least that; None stands for the site itself."""
    if viewer is not None:
        cast("forms.ModelChoiceField[Collection]", field).queryset = Collection.objects.with_role(viewer, least)


def weight_field(method: str) -> str:
    """Return the name of a method's weight in the URL."""
    return f"w_{method}"


class SearchForm(ExplainedForm):
    """A search, as its URL says it: the query, the weights and what narrows the answer."""

    image = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    query = forms.UUIDField(required=False)
    box = BoxField(required=False, label=gettext_lazy("Part of the image"))
    like = ExamplesField(unlike=False)
    unlike = ExamplesField(unlike=True)
    unlike_q = forms.CharField(required=False, label=gettext_lazy("Words that it should not be"))
    q = forms.CharField(required=False, label=gettext_lazy("Words"))
    preset = forms.ChoiceField(
        required=False,
        choices=[*((name, preset.label) for name, preset in PRESETS.items()), (COLLECTION_PRESET, COLLECTION_PRESET)],
    )
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

    order = forms.ChoiceField(
        required=False, choices=[("proof", "proof"), ("score", "score")], label=gettext_lazy("Order")
    )

    def __init__(self, *args: Any, viewer: Viewer = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
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
        num = len(self._images(found))
        if num > MAX_EXAMPLES:
            raise forms.ValidationError(
                _("Expected at most %(most)s images as examples; got %(num)s. Take some away."),
                params={"most": MAX_EXAMPLES, "num": num},
            )
        return found

    @staticmethod
    def _images(found: Mapping[str, Any]) -> list[Wanted]:
        """Return the images among the examples, each once."""
        images: list[Wanted] = [*found.get("like", ()), *found.get("unlike", ())]
        if found.get("query"):
            images.insert(0, UploadedImage(found["query"], box=found.get("box")))
        elif found.get("image"):
            images.insert(0, GalleryImage(found["image"], box=found.get("box")))
        return list(dict.fromkeys(images))

    def request(self, session_queries: tuple[str, ...] = ()) -> SearchRequest:
        """Return the search that the URL asks for; parts of it that cannot be read are left out."""
        found = getattr(self, "cleaned_data", {})
        wanted = self._images(found)[:MAX_EXAMPLES]
        if words := plain(found.get("q") or ""):
            wanted.append(TypedWords(words))
        if words := plain(found.get("unlike_q") or ""):
            wanted.append(TypedWords(words, unlike=True))
        given = {method: found.get(weight_field(method)) for method in METHODS}
        return SearchRequest(
            wanted=tuple(wanted),
            viewer=self.viewer,
            session_queries=session_queries,
            collection=found.get("collection"),
            preset=found.get("preset", ""),
            adjusted={method: value for method, value in given.items() if value is not None},
            scores=ScoreRange(found.get("min"), found.get("max")),
            num_results=found.get("k") or PAGE_SIZE,
            hide_apart=found.get("judged") == "hide",
            proof_first={"proof": True, "score": False}.get(found.get("order", "")),
        )


def read_request(
    parameters: QueryDict, viewer: Viewer = None, session_queries: tuple[str, ...] = ()
) -> tuple[SearchRequest, list[str]]:
    """Return the search that a URL's parameters ask for, and what is wrong with them; the opposite of `write_request`.

    Parameters
    ----------
    parameters : of the URL
    viewer : who asks; only collections that they may see are read
    session_queries : see `SearchRequest`
    """
    form = SearchForm(parameters, viewer=viewer)
    form.is_valid()
    return form.request(session_queries), form.problems()


def write_request(request: SearchRequest) -> QueryDict:
    """Return the URL parameters of a search, without what counts anyway; who asks is no part of them.

    Raises
    ------
    QueryError : it is for an image that is kept nowhere
    """
    examples = write_examples(request.images)
    # Zeros are written, too: without them the address would mean the preset's weights.
    weights = request.adjusted if request.weights is None else {**dict.fromkeys(METHODS, 0.0), **request.weights}
    found: dict[str, object] = {
        "q": request.words,
        "unlike_q": request.unlike_words,
        "preset": request.preset,
        **{weight_field(method): weight for method, weight in weights.items()},
        "min": request.scores.lowest,
        "max": request.scores.highest,
        "k": None if request.num_results == PAGE_SIZE else request.num_results,
        "collection": request.collection_id,
        "judged": "hide" if request.hide_apart else None,
        "order": {True: "proof", False: "score", None: None}[request.proof_first],
    }
    written = QueryDict(mutable=True)
    for name, values in examples.items():
        written.setlist(name, values)
    written.update({name: str(value) for name, value in found.items() if value not in (None, "")})
    return written


class CollectionWeightsForm(forms.Form):
    """What counts in searches within a collection that name nothing."""

    SITE, OWN = "site", "own"

    choice = forms.ChoiceField(label=gettext_lazy("What counts"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        presets = [(name, _(preset.label)) for name, preset in PRESETS.items() if name != DEFAULT_PRESET]
        choices = [(self.SITE, _("As everywhere on this site")), *presets, (self.OWN, _("These weights:"))]
        cast("forms.ChoiceField", self.fields["choice"]).choices = choices
        for method, entry in METHODS.items():
            self.fields[weight_field(method)] = forms.FloatField(
                required=False, min_value=0, max_value=1, label=_(entry.label)
            )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("choice") == self.OWN and not self.errors and not any(self.own_weights().values()):
            raise forms.ValidationError(_("All weights are 0; give at least one method a weight above 0."))
        return found

    def own_weights(self) -> dict[str, float]:
        """Return the weights that were filled in, 0 where nothing was."""
        return {method: self.cleaned_data.get(weight_field(method)) or 0.0 for method in METHODS}


class EvaluationForm(ExplainedForm):
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


class LearningForm(ExplainedForm):
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


class QueryUploadForm(forms.Form):
    """The upload of a query image."""

    file = forms.FileField(
        allow_empty_file=True,
        max_length=None,
        error_messages={"required": gettext_lazy("Expected an image file in the field “file”; none came. Choose one.")},
    )
