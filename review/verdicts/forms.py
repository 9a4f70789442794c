"""What people send to the pages of verdicts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from gallery.explained_form import ExplainedForm
from gallery.forms import LARGEST_ID
from gallery.models import Collection, Image
from review.models import MAX_NOTE, Verdict
from review.verdicts.consensus import Pair
from review.verdicts.listing import on_pairs, split_pairs, visible_verdicts, within
from review.verdicts.record import MAX_AUTHOR, replaced
from review.verdicts.toolbar import CHOICES

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_ADDRESS = 4000


class DecideForm(ExplainedForm):
    """A verdict on two images."""

    first = forms.IntegerField(min_value=1, max_value=LARGEST_ID)
    second = forms.IntegerField(min_value=1, max_value=LARGEST_ID)
    kind = forms.ChoiceField(label=_("Verdict"), choices=[(kind.value, kind.label) for kind, _key in CHOICES])
    note = forms.CharField(label=_("Note"), required=False, max_length=MAX_NOTE, empty_value="")
    seen = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_ID)
    weights = forms.CharField(required=False, max_length=MAX_ADDRESS)  # the query string of a search

    def clean_note(self) -> str:
        """Browsers send other ends of lines than those that the page was given."""
        note: str = self.cleaned_data["note"]
        return note.replace("\r\n", "\n")

    def kept(self) -> dict[str, Any]:
        """Return what was typed, so that no answer loses it."""
        return {name: self.data.get(name, "") for name in ("note", "kind", "weights", "next")}


class VerdictFilterForm(forms.Form):
    """The filters of the list of verdicts, all of them in the URL."""

    kind = forms.ChoiceField(
        label=_("Verdict"), required=False, choices=[("", _("All verdicts")), *Verdict.Kind.choices]
    )
    author = forms.CharField(label=_("Author"), required=False, max_length=MAX_AUTHOR)
    collection = forms.ModelChoiceField(
        Collection.objects.none(), label=_("Collection"), required=False, empty_label=_("All collections")
    )
    image = forms.IntegerField(label=_("Image"), required=False, min_value=1, max_value=LARGEST_ID)
    rows = forms.ChoiceField(
        label=_("Rows"), required=False, choices=[("", _("Those that count")), ("all", _("All ever made"))]
    )
    split = forms.BooleanField(label=_("Needs adjudication"), required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        collections: forms.ModelChoiceField[Collection] = self.fields["collection"]  # type: ignore[assignment]
        collections.queryset = Collection.objects.visible_to(user)

    @cached_property
    def contested(self) -> list[Pair]:
        """Return the pairs, of those that this person may see, about which people are split."""
        return split_pairs(self.user)

    def verdicts(self, until: int | None = None) -> QuerySet[Verdict]:
        """Return the verdicts that pass every filter that could be read; the others show their error.

        With `until` as they were when the newest had that number.
        """
        self.is_valid()
        chosen, verdicts = self.cleaned_data, visible_verdicts(self.user)
        if until is not None:
            verdicts = verdicts.filter(pk__lte=until)
        if chosen.get("rows") != "all":
            verdicts = verdicts.filter(~replaced(until)).exclude(kind=Verdict.Kind.WITHDRAWN)
        if kind := chosen.get("kind"):
            verdicts = verdicts.filter(kind=kind)
        if author := chosen.get("author"):
            verdicts = verdicts.filter(author_name=author)
        if collection := chosen.get("collection"):
            verdicts = within(verdicts, collection)
        if image := chosen.get("image"):
            hashes = Image.objects.visible_to(self.user).filter(pk=image).values("sha256")
            verdicts = verdicts.filter(Q(first_sha256__in=hashes) | Q(second_sha256__in=hashes))
        return on_pairs(verdicts, self.contested) if chosen.get("split") else verdicts

    def is_filtering(self) -> bool:
        """Tell whether any filter is set."""
        return any(self.data.get(name) for name in self.fields)

    def query(self) -> dict[str, str]:
        """Return the filters that are set, as the URL carries them."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}
