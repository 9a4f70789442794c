"""Duplicates: groups in tiers, the state of the scan, and a button for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from gallery.models import Image, RepeatUpload
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role
from jobs.rows import ACTIVE, JobState
from review.duplicates import schedule
from review.duplicates.decide import bulk
from review.duplicates.decide.in_force import in_force
from review.duplicates.forms import GroupsForm
from review.duplicates.scan import duplicate_scan
from review.duplicates.show.cards import make_cards
from review.duplicates.show.listing import Place, page_of
from review.duplicates.show.visible import GroupFilter, Tier, num_by_tier, open_groups
from review.models import DuplicateBulk, DuplicateDecision, DuplicateScan
from search.public.health import look_at_queues

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

TIERS = {
    Tier.BYTES: (
        gettext_lazy("Identical bytes"),
        gettext_lazy("One file that came again, under the same or another name. It is kept once."),
    ),
    Tier.PIXELS: (
        gettext_lazy("Identical pixels"),
        gettext_lazy("Different files that show exactly the same, pixel by pixel."),
    ),
    Tier.EDITED: (
        gettext_lazy("Edited copies"),
        gettext_lazy("The same picture, cropped, scaled, compressed, recolored, turned or mirrored."),
    ),
    Tier.NEAR: (
        gettext_lazy("Near duplicates"),
        gettext_lazy("Very much alike by all methods together: often two photographs of one thing."),
    ),
}


@require_safe
@requires(Role.VIEWER)
@vary_on_headers("HX-Request")
def duplicates(request: HttpRequest) -> HttpResponse:
    """Show one page of a tier, or to htmx only its groups."""
    form = GroupsForm(request.GET, user=request.user)
    asked, scan = form.choice(), schedule.newest_ready()
    if scan is None:
        context = {"form": form, **progress_context(request.user, None)}
        return render(request, "review/duplicates.html", context)
    counts = num_by_tier(scan, asked, request.user)
    tier = Tier(asked.tier or first_tier(counts))
    choice = GroupFilter(tier.value, asked.collection, asked.image_id)
    after = Place.read(request.GET.get("after", ""))
    groups, last = page_of(open_groups(scan, choice, request.user), after)
    query = {**form.query(), "tier": str(tier.value)}
    context = {
        "cards": make_cards(groups, request.user),
        "more": f"?{urlencode({**query, 'after': str(last)})}" if last else "",
    }
    if request.headers.get("HX-Request") and after is not None:
        return render(request, "review/_duplicate_cards.html", context)
    context |= {
        "form": form,
        "scan": scan,
        "choice": choice,
        "tiers": tier_tabs(counts, choice, form.query()),
        "sentence": TIERS[tier][1],
        "num_groups": counts[tier],
        "kinds": DuplicateDecision.Kind,
        **_about_image(choice, request.user),
        **last_decision(request.user),
        **progress_context(request.user, scan),
    }
    return render(request, "review/duplicates.html", context)


@require_safe
@requires(Role.VIEWER)
def progress(request: HttpRequest) -> HttpResponse:
    """Tell how far the work is that the page watches; when it has ended, have the page loaded again."""
    scan = schedule.newest_ready()
    context = progress_context(request.user, scan)
    watched = {name: request.GET.get(name, "") for name in ("scan", "bulk")}
    ended = (watched["scan"] and context["active_scan"] is None) or (watched["bulk"] and not context["bulks"])
    if ended:
        response = HttpResponse()
        response["HX-Refresh"] = "true"  # numbers, cards and messages all change
        return response
    return render(request, "review/_duplicates_progress.html", context)


@require_POST
@requires(Role.REVIEWER)
def scan(request: HttpRequest) -> HttpResponse:
    """Have duplicates looked for now."""
    wanted = schedule.ask()
    if wanted.state == JobState.WAITING and not duplicate_scan.send(wanted.pk):
        text = _("The queue cannot be reached now; the scan starts by itself when it is back.")
        messages.warning(request, text, extra_tags="queue_unreachable")
    return redirect("review:duplicates")


def tier_tabs(counts: dict[int, int], choice: GroupFilter, query: dict[str, str]) -> list[dict[str, Any]]:
    """Return the tiers with their numbers of groups and their addresses."""
    return [
        {
            "tier": tier.value,
            "label": label,
            "count": counts[tier],
            "url": f"?{urlencode({**query, 'tier': tier.value})}",
            "current": tier == choice.tier,
        }
        for tier, (label, _sentence) in TIERS.items()
    ]


def progress_context(user: User | AnonymousUser, scan: DuplicateScan | None) -> dict[str, Any]:
    """Return what waits and runs, and what went wrong last."""
    active = schedule.active_scan()
    bulks = list(_active_bulks(user))
    failed = DuplicateScan.objects.filter(state=JobState.FAILED).first()
    queue = look_at_queues() if active or bulks else None
    return {
        "scan": scan,
        "active_scan": active,
        "bulks": bulks,
        "unfinished": _unfinished_bulk(user),
        "failed": failed if failed and not active and (scan is None or failed.pk > scan.pk) else None,
        "no_worker": bool(queue and (queue.error or settings.QUEUE_MAINTENANCE in queue.idle)),
        "may_scan": user.is_authenticated and permissions_of(user).may_somewhere(Role.REVIEWER),
    }


def last_decision(user: User | AnonymousUser) -> dict[str, Any]:
    """Return what this person decided last and has not undone."""
    if not user.is_authenticated:
        return {"last_decision": None}
    # A plan may name tens of thousands of groups; no page needs it.
    mine = in_force().filter(author=user).select_related("bulk").defer("bulk__plan")
    return {"last_decision": mine.first()}


def _active_bulks(user: User | AnonymousUser) -> Any:
    rows = DuplicateBulk.objects.filter(state__in=ACTIVE).defer("plan").order_by("pk")
    return rows.filter(asked_by=user) if user.is_authenticated else rows.none()


def _unfinished_bulk(user: User | AnonymousUser) -> DuplicateBulk | None:
    """Return this person's newest act on many groups, where it has ended and not all of it could be done.

    Of one that a page waited for, what was passed over has been told there.
    """
    if not user.is_authenticated:
        return None
    newest = DuplicateBulk.objects.filter(asked_by=user).defer("plan").first()
    if newest is None or newest.is_active:
        return None
    untold = newest.num_skipped > 0 and not bulk.fits_a_page(newest)
    return newest if untold or newest.state == JobState.FAILED else None


def first_tier(counts: dict[int, int]) -> int:
    """Return the most certain tier that has groups."""
    return next((tier for tier, num in counts.items() if num), Tier.PIXELS.value)


def _about_image(choice: GroupFilter, user: User | AnonymousUser) -> dict[str, Any]:
    """Return the image that is asked for and how often its bytes came again: it may be in no group yet."""
    if choice.image_id is None:
        return {}
    image = Image.objects.visible_to(user).filter(pk=choice.image_id).first()
    num = RepeatUpload.objects.filter(image=image).count() if image else 0
    return {"asked_image": image, "num_repeats": num, "asked_for_image": True}
