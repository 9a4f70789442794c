"""What people send to the pages of queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.explained_form import ExplainedForm
from gallery.forms import LARGEST_ID
from gallery.models import Collection, Image
from gallery.people.roles import Role
from review.models import MAX_NOTE, Queue
from review.queues.access import may_make
from review.queues.assign import Direction
from review.verdicts.toolbar import CHOICES
from search.public.weights import DEFAULT_PRESET, PRESETS, presets_with, site_weights

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SIZES = (20, 50, 100, 200, 500, 1000, 2000, 5000)
DEFAULT_SIZE = 200
MAX_ADDRESS = 4000
SOURCE_SENTENCES = {
    Queue.Source.NEAREST: gettext_lazy("The pairs that look most alike: duplicates and copies come first."),
    Queue.Source.UNCERTAIN: gettext_lazy(
        "The pairs about which the score says least: judging these teaches the weights and thresholds most."
    ),
}
"""What can be chosen on the page of queues; searches are queued where they are shown."""


class QueueForm(ExplainedForm):
    """A queue to be made."""

    source = forms.ChoiceField(choices=Queue.Source.choices, label=gettext_lazy("Pairs"))
    collection = forms.ModelChoiceField(
        Collection.objects.none(),
        required=False,
        label=gettext_lazy("Images"),
        empty_label=gettext_lazy("All images"),
        widget=forms.Select(attrs={"class": "input"}),
        error_messages={
            "invalid_choice": gettext_lazy("You may not have the pairs of this collection judged; choose another.")
        },
    )
    wanted = forms.TypedChoiceField(
        coerce=int,
        required=False,
        choices=[(size, f"{size:,}") for size in SIZES],
        label=gettext_lazy("Pairs at most"),
        widget=forms.Select(attrs={"class": "input"}),
    )
    preset = forms.ChoiceField(
        required=False,
        choices=[(name, preset.label) for name, preset in PRESETS.items()],
        label=gettext_lazy("What counts"),
        widget=forms.Select(attrs={"class": "input"}),
    )
    name = forms.CharField(
        required=False,
        max_length=120,
        label=gettext_lazy("Name"),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    two_readers = forms.BooleanField(required=False, label=gettext_lazy("Two readers, blind to each other"))
    address = forms.CharField(required=False, max_length=MAX_ADDRESS)  # the query string of a search
    image = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)  # that the search starts from

    def __init__(self, data: Any = None, *, user: User, **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)
        self.user = user
        collections: forms.ModelChoiceField[Collection] = self.fields["collection"]  # type: ignore[assignment]
        least = Role.REVIEWER if self.data.get("source") == Queue.Source.SEARCH else Role.CURATOR
        collections.queryset = Collection.objects.with_role(user, least)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if self.errors:
            return found
        if not may_make(self.user, found["source"], found["collection"]):
            raise forms.ValidationError(
                _("Queues of these pairs are made by curators; choose a collection that you curate."),
                code="not_its_curator",
            )
        found["wanted"] = found["wanted"] or DEFAULT_SIZE
        found["name"] = found["name"].strip() or self._usual_name(found)
        return found

    def search_address(self) -> str:
        """Return the search, started from the image of the gallery that it is about: uploads are gone after a day."""
        address = QueryDict(self.cleaned_data["address"], mutable=True)
        if image := self.cleaned_data["image"]:
            address.pop("query", None)
            address["image"] = str(image)
        return address.urlencode()

    def weights(self) -> dict[str, float]:
        """Return the weight of every method by which the nearest pairs are found."""
        preset = self.cleaned_data.get("preset") or DEFAULT_PRESET
        return presets_with(site_weights())[preset].full_weights()

    def _usual_name(self, found: dict[str, Any]) -> str:
        if found["source"] == Queue.Source.SEARCH:
            image = Image.objects.visible_to(self.user).filter(pk=found["image"] or 0).first()
            return (_("Images like %(name)s") % {"name": image})[:120] if image else _("Hits of a search")
        pairs = str(Queue.Source(found["source"]).label).capitalize()
        return f"{pairs}: {found['collection'] or _('all images')}"[:120]


class ReadingForm(ExplainedForm):
    """A verdict on a pair of a queue."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Verdict"), choices=[(kind.value, kind.label) for kind, _key in CHOICES]
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=MAX_NOTE, empty_value="", strip=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_ID)

    def clean_note(self) -> str:
        """Browsers send other ends of lines than those that the page was given."""
        note: str = self.cleaned_data["note"]
        return note.replace("\r\n", "\n").strip()


def read_step(data: Any) -> tuple[Direction, int]:
    """Return which pair an address asks for: `?after=`, `?forward=`, `?back=` or `?at=` a place; else the next."""
    for step in Direction:
        text = str(data.get(step.value, ""))
        if text.isascii() and text.isdigit() and len(text) < 10:
            return step, int(text)
    return Direction.AFTER, 0
