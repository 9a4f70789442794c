"""The status page, the banner that every page carries, and the answer to load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from gallery.models import Image
from search import features, health, snapshots, tasks
from search.models import WorkState
from search.succession import pending_successions
from search.versions import versions_in_use
from search.views.cards import MethodLook, method_looks


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show what works now; the page asks again by itself."""
    template = "search/_status.html" if request.headers.get("HX-Request") == "true" else "search/status.html"
    return render(request, template, _context())


def _context() -> dict[str, Any]:
    active, newest = health.look_at_generations()
    counts, unavailable = features.counts(), features.unavailable_methods()
    looks = method_looks()
    num_images = Image.objects.shown().count()
    rows = [
        _method_row(look, counts.get(name, {}), unavailable.get(name, ""), num_images) for name, look in looks.items()
    ]
    failures = [
        {"look": looks[failure.method], "reason": health.failure_sentence(failure.reason), "num": failure.num_images}
        for failure in health.look_at_failures()
    ]
    reductions = health.look_at_reductions(active)
    return {
        "queues": health.look_at_queues(),
        "generation": active,
        "newest": newest,
        "methods": rows,
        "failures": failures,
        "num_waiting": sum(row["waiting"] for row in rows),
        "degraded": snapshots.current_snapshot().degraded,
        "recalls": [(looks[name], recall) for name, recall in (active.recall if active else {}).items()],
        "reductions": [(looks[found.method], found) for found in reductions if found.method in looks],
        "successions": [looks[name].label for name in (pending_successions(active) if active else ())],
        "num_images": num_images,
        "disk": health.look_at_disk(),
        "data_dir": settings.DATA_DIR,
        "exact_limit": settings.ENV.exact_search_max_images,
        "versions": versions_in_use(),
    }


def _method_row(look: MethodLook, counts: Mapping[str, int], unavailable: str, num_images: int) -> dict[str, Any]:
    """Return a line of the table; images that nobody has asked for yet wait like those that are asked for."""
    ready, failed = counts.get(WorkState.READY, 0), counts.get(WorkState.FAILED, 0)
    waiting = 0 if unavailable else max(num_images - ready - failed, 0)
    percent = round(100 * ready / max(ready + failed + waiting, 1), 2)
    return {"look": look, "counts": counts, "waiting": waiting, "percent": percent, "unavailable": unavailable}


@require_safe
def banner(request: HttpRequest) -> HttpResponse:
    """Say what does not work, or nothing."""
    active, _newest = health.look_at_generations()
    context = {"queues": health.look_at_queues(), "degraded": active.error if active else ""}
    response = render(request, "search/_banner.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Want failed features once more, of one image or of all."""
    image_id = request.POST.get("image", "")
    image_ids = [int(image_id)] if image_id.isdecimal() else None
    num_rows = features.retry_failed(image_ids)
    queued = tasks.enqueue_extraction(image_ids or [])
    text = ngettext("%(num)d feature is computed again.", "%(num)d features are computed again.", num_rows)
    messages.info(request, text % {"num": num_rows})
    if num_rows and not queued:
        messages.warning(request, _("The queue cannot be reached now; the work starts by itself when it is back."))
    return redirect(_back(request))


@require_POST
def rebuild(request: HttpRequest) -> HttpResponse:
    """Build a new generation; for staff."""
    if not request.user.is_staff:
        return HttpResponse(_("Only staff may rebuild the index; log in as staff first."), status=403)
    if tasks.enqueue_build():
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
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("search:status")
