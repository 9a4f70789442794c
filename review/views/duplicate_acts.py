"""Deciding about one group, and taking a decision back: in place for htmx, else by going back where it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from gallery.forms import read_id
from gallery.notices import way_back
from gallery.people.permissions import requires
from gallery.people.roles import Role
from jobs.rows import JobState
from review.duplicates.decide import bulk, decisions
from review.duplicates.decide.in_force import Kind
from review.duplicates.forms import APART, GroupDecisionForm, GroupsForm
from review.duplicates.schedule import newest_ready
from review.duplicates.show.cards import make_cards
from review.duplicates.show.visible import num_by_tier
from review.exceptions import DuplicatesError, VerdictError
from review.models import DuplicateBulk, DuplicateDecision, DuplicateGroup, Verdict
from review.views.duplicates import first_tier, tier_tabs

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.utils.functional import _StrPromise

NOT_YOURS = gettext_lazy("You made no decision of this number; nothing was undone.")
TAKES_A_WHILE = gettext_lazy("This takes a while; a worker does it, and this page shows how far it is.")


@require_POST
@requires(Role.REVIEWER)
def decide(request: HttpRequest) -> HttpResponse:
    """Keep all images of a group, keep one, or tell one apart from the others."""
    form = GroupDecisionForm(request.POST)
    if not form.is_valid():
        return _refused(request, " ".join(form.problems(named=False)), form.codes())
    asked, user = form.cleaned_data, cast("User", request.user)
    # Before the act: afterwards a new scan may have replaced the group.
    about = _about(DuplicateGroup.objects.select_related("scan").filter(pk=asked["group"]).first())
    try:
        if asked["action"] == APART:
            return _told_apart(request, asked["group"], decisions.tell_apart(asked["apart"], asked["image"], user))
        if asked["action"] == Kind.KEEP_ALL:
            decision = decisions.keep_all(asked["image"], user, about=about)
        else:
            others = [pk for pk in asked["image"] if pk != asked["keeper"]]
            decision = decisions.keep_one(asked["keeper"], others, user, merges=asked["merges"], about=about)
    except (DuplicatesError, VerdictError) as error:
        return _refused(request, str(error), error.code)
    return _settled(request, decision, said_of(decision, len(asked["image"])))


@require_POST
@requires(Role.REVIEWER)
def undo(request: HttpRequest) -> HttpResponse:
    """Take one's decision back, about one group or about many."""
    user = cast("User", request.user)
    if number := read_id(request.POST.get("bulk", "")):
        return _undo_bulk(request, number, user)
    number = read_id(request.POST.get("decision", ""))
    decision = DuplicateDecision.objects.filter(pk=number, author=user).first()
    if decision is None:
        return _refused(request, NOT_YOURS, "not_yours")
    groups = list(DuplicateGroup.objects.filter(decision=decision))  # before: undo parts them from the decision
    try:
        num_restored = decisions.undo(decision, user)
    except DuplicatesError as error:
        return _refused(request, str(error), error.code)
    said = _undone(decision, num_restored)
    if not request.headers.get("HX-Request"):
        messages.success(request, said, extra_tags=Kind.UNDONE.value)
        return redirect(back_of(request))
    for group in groups:  # as the database has them by now
        group.decision = None
    context = {"cards": make_cards(groups, user), "said": said, "note": Kind.UNDONE.value, **_around(request)}
    return render(request, "review/_duplicate_undone.html", context)


@require_POST
@requires(Role.REVIEWER)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with one's own act on many groups that was given up."""
    row = get_object_or_404(DuplicateBulk, pk=pk, asked_by=cast("User", request.user))
    if not bulk.bulk_decisions.retry(row.pk):
        messages.info(request, _("This goes on or has ended already."), extra_tags="not_ended")
    return redirect(back_of(request))


def _about(group: DuplicateGroup | None) -> dict[str, Any]:
    """Return what a decision about a group rests on; of a group that a scan has replaced nothing is known."""
    if group is None:
        return {}
    found = {"tier": group.tier, "score": group.score, "chain": group.chain}
    return found | {"scan": group.scan_id, "generation": group.scan.generation}


def said_of(decision: DuplicateDecision, num_images: int) -> str:
    """Return what a decision did, as one sentence."""
    if decision.kind == Kind.KEEP_ALL:
        text = ngettext(
            "Kept as it is; it does not come again.",
            "Kept all %(n)d side by side; this set does not come again.",
            num_images,
        )
        return text % {"n": num_images}
    num = num_images - 1
    text = ngettext("Kept one; %(n)d other is in the trash.", "Kept one; %(n)d others are in the trash.", num)
    return text % {"n": num}


def back_of(request: HttpRequest) -> str:
    """Return where the form was sent from, if that is a page of this site."""
    return way_back(request, reverse("review:duplicates"))


def _undo_bulk(request: HttpRequest, number: int, user: User) -> HttpResponse:
    done = DuplicateBulk.objects.filter(pk=number, asked_by=user).first()
    if done is None:
        return _refused(request, NOT_YOURS, "not_yours")
    try:
        row = bulk.ask_undo(done, user)
    except DuplicatesError as error:
        return _refused(request, str(error), error.code)
    start(request, row)
    return redirect(back_of(request))


def start(request: HttpRequest, row: DuplicateBulk) -> None:
    """Have an act on many groups done: now, or by a worker when it is long; tell so."""
    if bulk.fits_a_page(row):
        bulk.bulk_decisions.run(row.pk)
        row.refresh_from_db()
        _tell_end(request, row)
        return
    if bulk.bulk_decisions.send(row.pk):
        messages.info(request, TAKES_A_WHILE, extra_tags="left_to_a_worker")
    else:
        sentence = _("The queue cannot be reached now; it starts by itself when it is back.")
        messages.warning(request, sentence, extra_tags="queue_unreachable")


def _tell_end(request: HttpRequest, row: DuplicateBulk) -> None:
    if row.state == JobState.FAILED:
        messages.error(request, row.error_sentence, extra_tags=row.error_code)
    elif row.is_active:
        sentence = _("This was interrupted; it is tried again by itself, and this page shows how far it is.")
        messages.warning(request, sentence, extra_tags="interrupted")
    else:
        messages.success(request, _bulk_said(row), extra_tags=f"many_{row.kind}")
        if row.num_skipped:
            about = {"num": row.num_skipped, "why": row.skip_sentence}
            messages.warning(request, _("%(num)d were left as they are: %(why)s") % about, extra_tags=row.skip_code)


def _bulk_said(row: DuplicateBulk) -> str:
    num = row.num_done
    if row.kind == Kind.UNDONE:
        text = ngettext("Undone: %(n)d group.", "Undone: %(n)d groups.", num)
    elif row.kind == Kind.KEEP_ALL:
        text = ngettext("%(n)d group is kept as it is.", "%(n)d groups are kept as they are.", num)
    else:
        text = ngettext(
            "Of %(n)d group one image is kept; the others are in the trash.",
            "Of %(n)d groups one image each is kept; the others are in the trash.",
            num,
        )
    return text % {"n": num}


def _undone(decision: DuplicateDecision, num_restored: int) -> str:
    if decision.kind == Kind.KEEP_ALL:
        return _("Undone: this set may come again.")
    gone = len(decision.state.get("trashed", ())) - num_restored
    text = ngettext("Undone: %(n)d image is back.", "Undone: %(n)d images are back.", num_restored) % {
        "n": num_restored
    }
    if gone > 0:
        text += " " + ngettext(
            "%(n)d was deleted for good or restored before.", "%(n)d were deleted for good or restored before.", gone
        ) % {"n": gone}
    return text


def _told_apart(request: HttpRequest, group_id: int, verdicts: Sequence[Verdict]) -> HttpResponse:
    """Show what is left of a group; the next scan leaves the image out for ever."""
    num = len(verdicts)
    text = ngettext(
        "Recorded as different from the other image; they are never brought together again.",
        "Recorded as different from %(n)d other images; they are never brought together again.",
        num,
    )
    said = text % {"n": num}
    if not request.headers.get("HX-Request"):
        messages.success(request, said, extra_tags=APART)
        return redirect(back_of(request))
    cards = make_cards(list(DuplicateGroup.objects.filter(pk=group_id)), request.user)
    verdict = verdicts[0] if num == 1 else None
    context = {"cards": cards, "said": said, "note": APART, "verdict": verdict, "apart": True}
    return render(request, "review/_duplicate_undone.html", {**context, **_around(request)})


def _settled(request: HttpRequest, decision: DuplicateDecision, said: str) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        messages.success(request, said, extra_tags=decision.kind)
        return redirect(back_of(request))
    context = {"decision": decision, "said": said, "note": decision.kind, **_around(request)}
    return render(request, "review/_duplicate_settled.html", context)


def _around(request: HttpRequest) -> dict[str, Any]:
    """Return what of the page changes with a group: its address, and the numbers of the tiers."""
    # The form was sent elsewhere; what the page filters by stands in the address that it was sent from.
    back, scan = back_of(request), newest_ready()
    form = GroupsForm(QueryDict(urlsplit(back).query), user=request.user)
    if scan is None:
        return {"next": back}
    counts = num_by_tier(scan, form.choice(), request.user)
    choice = form.choice()
    choice = replace(choice, tier=choice.tier or first_tier(counts))
    return {"next": back, "tiers": tier_tabs(counts, choice, form.query())}


def _refused(request: HttpRequest, problem: str | _StrPromise, code: str = "") -> HttpResponse:
    """Say why nothing was done; what was chosen stays on the page."""
    if request.headers.get("HX-Request"):
        context: dict[str, Any] = {"problem": problem, "code": code}
        return render(request, "review/_duplicate_problem.html", context, status=HTTPStatus.CONFLICT)
    messages.error(request, problem, extra_tags=code)
    return redirect(back_of(request))
