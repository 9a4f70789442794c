"""What search adds to an image's page: the state of its features, and a strip of the most similar images."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from gallery.models import Image
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from jobs.rows import JobState
from search.background import health
from search.exceptions import SearchError
from search.features import registry
from search.presentation import method_looks
from search.query.answer import search
from search.query.request import GalleryImage, SearchRequest
from search.query.subject import Subject
from search.views.cards import make_cards

STRIP_LENGTH = 12


@require_safe
def strip(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the most similar images in one row."""
    image = get_object_or_404(Image.objects.visible_to(request.user), pk=pk)
    asked = SearchRequest((GalleryImage(pk),), viewer=request.user, num_results=STRIP_LENGTH, most=STRIP_LENGTH)
    try:
        # The image was read for its permission; it need not be found again.
        found = search(asked, Subject.of_image(image))
    except SearchError as error:
        return render(request, "search/_strip.html", {"image": image, "problem": error})
    cards = make_cards(found.shown, found.images, queried=image)
    return render(request, "search/_strip.html", {"image": image, "cards": cards})


@require_safe
def feature_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Show, method by method, whether an image can be found; asks again by itself while something is to be computed."""
    image = get_object_or_404(Image.objects.visible_to(request.user), pk=pk)
    curated = Image.objects.with_role(request.user, Role.CURATOR)
    own = permissions_of(request.user)
    # The image is asked about only where this person curates anything at all.
    may_retry = own.sees_all or (own.may_somewhere(Role.CURATOR) and curated.filter(pk=pk).exists())
    return render(request, "search/_features.html", feature_context(image) | {"may_retry": may_retry})


def feature_context(image: Image) -> dict[str, object]:
    """Return what the feature status of an image shows."""
    states, unavailable = health.image_states(image.pk), registry.unavailable_methods()
    rows = []
    for name, look in method_looks().items():
        state, reason = states.get(name, (JobState.WAITING.value, ""))
        if name in unavailable:
            state, reason = "unavailable", str(unavailable[name])
        # A state of this machine rather than of the row, so not one of `JobState`.
        label = _("not available") if state == "unavailable" else JobState(state).label
        rows.append({"look": look, "state": state, "label": label, "reason": reason})
    return {
        "image": image,
        "rows": rows,
        "busy": any(row["state"] in (JobState.WAITING, JobState.RUNNING) for row in rows),
        "failed": any(row["state"] == JobState.FAILED for row in rows),
    }
