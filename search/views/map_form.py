"""The parameters of the map's URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.forms import LARGEST_ID
from gallery.models import Collection, Image, ImageQuerySet
from search.forms import limit_collections
from search.map.files import PROJECTIONS
from search.map.points import COLORINGS
from search.methods import METHODS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PROJECTION_NAMES = {"tsne": _("t-SNE: neighbors together"), "pca": _("PCA: the plane of most variance")}
COLORING_NAMES = {"label": _("Label"), "collection": _("Collection"), "none": _("One color")}


class MapForm(forms.Form):
    """Which map, of which images, in which colors; everything has a default."""

    method = forms.ChoiceField(required=False, choices=[(name, name) for name in METHODS], label=_("Alike by"))
    projection = forms.ChoiceField(
        required=False, choices=[(name, PROJECTION_NAMES[name]) for name in PROJECTIONS], label=_("Laid out by")
    )
    collection = forms.ModelChoiceField(
        Collection.objects.all(), required=False, label=_("Collection"), empty_label=_("All images")
    )
    color = forms.ChoiceField(
        required=False, choices=[(name, COLORING_NAMES[name]) for name in COLORINGS], label=_("Color by")
    )
    view = forms.ChoiceField(required=False, choices=[("map", _("Map")), ("list", _("List"))], label=_("View"))
    after = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def __init__(self, *args: Any, viewer: User | AnonymousUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_collections(self.fields["collection"], viewer)

    def chosen(self, drawn: list[str]) -> dict[str, Any]:
        """Return every choice, the default where none was made or it could not be read.

        `drawn` are the methods that have a map, the usual one first.
        """
        # Whatever cannot be read is left to its default: a map needs no error page.
        self.is_valid()
        found = self.cleaned_data
        return {
            "method": found.get("method") or (drawn[0] if drawn else ""),
            "projection": found.get("projection") or PROJECTIONS[0],
            "collection": found.get("collection"),
            "color": found.get("color") or COLORINGS[0],
            "view": found.get("view") or "map",
            "after": found.get("after") or 0,
        }


def map_images(user: User | AnonymousUser, collection: Collection | None) -> ImageQuerySet:
    """Return the images that a map may show to this person: like search, none that is hidden."""
    images = Image.objects.visible_to(user).filter(hidden=False)
    return images.filter(collections=collection) if collection else images
