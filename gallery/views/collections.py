"""Collections: the list of them, and making a new one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from gallery.curation.collection_forms import CollectionForm
from gallery.curation.collections import make_collection
from gallery.forms import read_text
from gallery.keyset import page_after
from gallery.models import Collection, Image
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role

PAGE_SIZE = 48
NUM_PICTURES = 4
MAX_NAME = 120
Links = QuerySet[Any]


@require_safe
def collections(request: HttpRequest) -> HttpResponse:
    """Show the collections that this person may know of, by name, with how many images they hold and the newest."""
    asked = read_text(request.GET.get("q", "")).strip()[:MAX_NAME]
    known = Collection.objects.visible_to(request.user).order_by("name")
    found = known.filter(name__icontains=asked) if asked else known
    after = read_text(request.GET.get("after", ""))
    page = page_after(_with_contents(found), PAGE_SIZE, ["name"], [after] if after else None)
    pictures = Image.objects.in_bulk({pk for each in page.rows for pk in _picture_ids(each)})
    place = ({"q": asked} if asked else {}) | {"after": page.last.name} if page.last else None
    context = {
        "cards": [(each, [pictures[pk] for pk in _picture_ids(each) if pk in pictures]) for each in page.rows],
        "asked": asked,
        "is_later": bool(after),
        "more": f"?{urlencode(place)}" if place else "",
        "may_make": request.user.is_authenticated and permissions_of(request.user).may(Role.CONTRIBUTOR),
    }
    return render(request, "gallery/collections.html", context)


def _with_contents(found: QuerySet[Collection]) -> QuerySet[Any]:
    """Add the number of images shown and the ids of the newest; who may see a collection may see all it shows."""
    links: Links = Image.collections.through._default_manager.filter(
        collection=OuterRef("pk"), image__status=Image.Status.READY, image__hidden=False, image__trashed_at=None
    )
    count = links.order_by().values("collection").annotate(n=Count("pk")).values("n")
    newest = links.order_by("-pk").values("image")
    pictures = {f"picture_{place}": Subquery(newest[place : place + 1]) for place in range(NUM_PICTURES)}
    # Without rows there is no group to count, and the subquery gives NULL.
    return found.annotate(num_images=Coalesce(Subquery(count, output_field=IntegerField()), 0), **pictures)


def _picture_ids(collection: Any) -> list[int]:
    ids = [getattr(collection, f"picture_{place}") for place in range(NUM_PICTURES)]
    return [pk for pk in ids if pk is not None]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@requires(Role.CONTRIBUTOR, somewhere=False)
def new_collection(request: HttpRequest) -> HttpResponse:
    """Make a collection; who makes a private one is its curator."""
    form = CollectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        asked = form.cleaned_data
        made = make_collection(asked["name"], asked["description"], request.user, private=asked["private"])
        return redirect("gallery:collection", made.pk)
    status = 400 if form.is_bound else 200
    return render(request, "gallery/new_collection.html", {"form": form}, status=status)
