"""What counts in searches within one collection: a part of the collection's settings."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from gallery.models import Collection
from gallery.people.permissions import requires
from gallery.people.roles import Role
from search.forms import CollectionWeightsForm, weight_field
from search.models import CollectionWeights
from search.presentation import method_looks
from search.scoring.presets import PRESETS
from search.weights import adopted


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
def collection_weights(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what counts in a collection, to htmx as a part of its settings, or save it."""
    collection = get_object_or_404(Collection.objects.with_role(request.user, Role.CURATOR), pk=pk)
    if request.method != "POST":
        return _show(request, collection, CollectionWeightsForm(initial=_initial(collection)))
    form = CollectionWeightsForm(request.POST)
    if not form.is_valid():
        return _show(request, collection, form)
    choice = form.cleaned_data["choice"]
    if choice == form.OWN:
        adopted.decide_for(collection, request.user, weights=form.own_weights())
    else:
        adopted.decide_for(collection, request.user, preset="" if choice == form.SITE else choice)
    text = _("What counts in searches of “%(name)s” is saved.") % {"name": collection}
    messages.success(request, text, extra_tags="weights_saved")
    return redirect("gallery:collection_settings", pk)


def _initial(collection: Collection) -> dict[str, object]:
    own = adopted.weights_for(collection.pk)
    preset = CollectionWeights.objects.filter(pk=collection.pk).values_list("preset", flat=True).first()
    named = preset if preset in PRESETS else CollectionWeightsForm.OWN
    choice = CollectionWeightsForm.SITE if own is None else named
    weights = own or adopted.site_weights()
    return {"choice": choice} | {weight_field(method): weight for method, weight in weights.items()}


def _show(request: HttpRequest, collection: Collection, form: CollectionWeightsForm) -> HttpResponse:
    context = {
        "collection": collection,
        "form": form,
        "choices": [
            (value, label, _(PRESETS[value].description) if value in PRESETS else "")
            for value, label in form.fields["choice"].choices  # type: ignore[attr-defined]
        ],
        "rows": [(look, form[weight_field(name)]) for name, look in method_looks().items()],
    }
    # A form that was refused is shown as a page of its own: the settings' other forms would lose what was typed.
    is_part = request.headers.get("HX-Request") and request.method != "POST"
    template = "search/_collection_weights.html" if is_part else "search/collection_weights.html"
    return render(request, template, context, status=HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK)
