"""The status page, the banner that every page carries, and the answer to load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from gallery.forms import read_id
from gallery.models import IN_TRASH, Image
from gallery.notices import way_back
from gallery.people.permissions import require, requires
from gallery.people.roles import Role
from jobs.rows import JobState
from search.background import health, tasks
from search.features import feature_counts, registry, wanted_rows
from search.features.version_rollout import is_complete, pending_successions
from search.generations import snapshot
from search.generations.visibility import closed_images
from search.presentation import MethodLook, method_looks
from search.storage import data_folder
from search.versions import versions_in_use

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show what works now; the page asks again by itself."""
    template = "search/_status.html" if request.headers.get("HX-Request") == "true" else "search/status.html"
    return render(request, template, _context(request.user))


def _context(viewer: User | AnonymousUser) -> dict[str, Any]:
    closed = closed_images(viewer)
    active, newest = health.look_at_generations()
    counts, unavailable = _counts(closed), registry.unavailable_methods()
    looks, stand_ins = method_looks(), registry.stand_ins()
    num_images = Image.objects.visible_to(viewer).filter(hidden=False).count()
    rows = [
        _method_row(look, counts.get(name, {}), str(unavailable.get(name, "")), num_images)
        for name, look in looks.items()
    ]
    instead = [{"look": looks[name], "code": error.code, "reason": str(error)} for name, error in stand_ins.items()]
    failures = [
        {"look": looks[failure.method], "reason": failure.reason, "num": failure.num_images}
        for failure in health.look_at_failures(closed=closed)
    ]
    reductions = health.look_at_reductions(active)
    pending = pending_successions(active) if active else {}
    working = {row["look"].name for row in rows if row["waiting"]}
    # A successor that nothing is computed for any more and that is not complete: too much of it failed.
    stuck = [
        name
        for name, new in pending.items()
        if active and name not in working and not is_complete(name, active.versions[name], new)
    ]
    return {
        "queues": health.look_at_queues(),
        "generation": active,
        "newest": newest,
        "methods": rows,
        "failures": failures,
        "instead": instead,
        "num_waiting": sum(row["waiting"] for row in rows),
        # Of this process, which may see what no other one has noticed yet.
        "degraded": snapshot.current_snapshot().degraded,
        "recalls": [(looks[name], recall) for name, recall in (active.recall if active else {}).items()],
        "reductions": [(looks[found.method], found) for found in reductions if found.method in looks],
        "successions": [looks[name].label for name in pending if name not in stuck],
        "stuck": [looks[name].label for name in stuck],
        "num_images": num_images,
        "sees_all": closed is None,
        "disk": health.look_at_disk(),
        "data_dir": data_folder(),
        "exact_limit": settings.ENV.exact_search_max_images,
        "versions": versions_in_use(),
    }


def _counts(closed: QuerySet[Image] | None) -> dict[str, dict[str, int]]:
    """Count features by method and state, of the images that who asks can find.

    Those of images that are closed, hidden or in the trash are counted out of all: they are few, and found by indexes.
    """
    counts, images = feature_counts.counts(), Image.objects.order_by()
    beyond = images.filter(hidden=True).values("pk").union(images.filter(IN_TRASH).values("pk"))
    if closed is not None:
        beyond = beyond.union(closed.order_by().values("pk"))
    for method, states in feature_counts.counts_among(beyond).items():
        for state, number in states.items():
            counts[method][state] -= number
    return counts


def _method_row(look: MethodLook, counts: Mapping[str, int], unavailable: str, num_images: int) -> dict[str, Any]:
    """Return a line of the table; images that nobody has asked for yet wait like those that are asked for."""
    ready, failed = counts.get(JobState.READY, 0), counts.get(JobState.FAILED, 0)
    waiting = 0 if unavailable else max(num_images - ready - failed, 0)
    percent = round(100 * ready / max(ready + failed + waiting, 1), 2)
    return {"look": look, "counts": counts, "waiting": waiting, "percent": percent, "unavailable": unavailable}


@require_safe
def banner(request: HttpRequest) -> HttpResponse:
    """Say what does not work, or nothing."""
    active, _newest = health.look_at_generations()
    # By the row, not by a snapshot: every page asks, and must not wait for an index to be opened.
    context = {"queues": health.look_at_queues(), "degraded": active.error_sentence if active else ""}
    response = render(request, "search/_banner.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@requires(Role.CURATOR)
def retry(request: HttpRequest) -> HttpResponse:
    """Want failed features once more: of one image, for its curators, or of all, for curators of the site."""
    if image_id := read_id(request.POST.get("image", "")):
        images = Image.objects.with_role(request.user, Role.CURATOR).filter(pk=image_id)
        image_ids: list[int] | None = [get_object_or_404(images).pk]
    else:
        require(request.user, Role.CURATOR)
        image_ids = None
    # Before the hint: without Redis the rows are wanted all the same, and the reconciler finds them.
    num_rows = wanted_rows.retry_failed(image_ids)
    queued = tasks.enqueue_extraction(image_ids or [])
    text = ngettext("%(num)d feature is computed again.", "%(num)d features are computed again.", num_rows)
    messages.info(request, text % {"num": num_rows})
    if num_rows and not queued:
        messages.warning(request, _("The queue cannot be reached now; the work starts by itself when it is back."))
    return redirect(_back(request))


@require_POST
@requires(Role.ADMIN)
def rebuild(request: HttpRequest) -> HttpResponse:
    """Build a new generation."""
    if tasks.ask_for_build(request.user):
        messages.info(request, _("A new generation is being built; search goes on with the present one meanwhile."))
    else:
        messages.error(request, _("The queue cannot be reached, so nothing was started; see below what is down."))
    return redirect("search:status")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when all that the site needs works, else 503 with the name of what is down."""
    checks = health.readiness()
    down = [name for name, answer in checks.items() if answer != "ok"]
    response = JsonResponse({"ready": not down, "down": down, "checks": checks}, status=503 if down else 200)
    response["Cache-Control"] = "no-store"
    return response


def _back(request: HttpRequest) -> str:
    """Return the page that the form stood on, if it is one of ours."""
    return way_back(request, reverse("search:status"))
