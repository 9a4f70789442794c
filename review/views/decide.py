"""Deciding about a pair and taking it back: answered in place for htmx, by going back where it was asked otherwise."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from gallery.models import Image
from gallery.notices import way_back
from gallery.people.permissions import requires
from gallery.people.roles import Role
from jobs.errors import sentence
from review.comparing.rows import textbook_values_of
from review.exceptions import VerdictError
from review.models import Verdict
from review.verdicts import decide as verdicts_decide
from review.verdicts.decide import NewerVerdictError
from review.verdicts.forms import DecideForm
from review.verdicts.toolbar import may_decide, may_judge, toolbar_of
from search.exceptions import SearchError
from search.public.pairs import score_pair
from search.public.searching import read_request, weights_of
from search.public.weights import site_weights

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Pair = tuple[Image, Image]


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Record a verdict on two images; whatever goes wrong, nothing that was typed is lost."""
    form = DecideForm(request.POST)
    valid = form.is_valid()
    # Before the form is judged: every answer but one shows the buttons of these two images.
    pair = _pair(request, form)
    if pair is None:
        return _lost(request, form)
    if not may_decide(request.user, *pair):
        problem = _("Nothing was recorded: deciding needs the role “%(role)s” for both images. An admin can give it.")
        problem %= {"role": Role.REVIEWER.label}
        return _show(request, pair, form, HTTPStatus.FORBIDDEN, problem=problem, code="role_for_both_images")
    if not valid:
        problem = " ".join([_("Nothing was recorded."), *form.problems()])
        return _show(request, pair, form, HTTPStatus.BAD_REQUEST, problem=problem, code=form.codes())
    asked = form.cleaned_data
    state = pair_state(pair, asked["weights"], request.user)
    hashes = pair[0].sha256, pair[1].sha256
    about = {"note": asked["note"], "seen": asked["seen"], "state": state}
    try:
        done = verdicts_decide.decide(cast("User", request.user), *hashes, asked["kind"], **about)
    except NewerVerdictError as error:
        return _show(request, pair, form, HTTPStatus.CONFLICT, problem=str(error), code=error.code, newer=error.verdict)
    except VerdictError as error:
        return _show(request, pair, form, HTTPStatus.BAD_REQUEST, problem=str(error), code=error.code)
    return _done(request, pair, done, _("Recorded: %(kind)s.") % {"kind": done.get_kind_display()}, "recorded")


@require_POST
@requires(Role.REVIEWER)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's newest verdict on a pair back; a role for its images that was withdrawn is needed for that, too."""
    user = cast("User", request.user)
    own = Verdict.objects.filter(pk=pk, author_name=user.get_username()).first()
    if own is None:
        raise Http404(_("You made no verdict of this number."))
    if not may_judge(user, (own.first_sha256, own.second_sha256)):
        raise PermissionDenied(sentence("role_withdrawn", {"role": Role.REVIEWER.label}))
    try:
        verdict = verdicts_decide.undo(user, pk)
    except NewerVerdictError as error:
        problem = _("Nothing was undone. %(why)s") % {"why": error}
        if pair := _images(request, error.verdict):
            return _show(request, pair, None, HTTPStatus.CONFLICT, problem=problem, code="nothing_undone")
        messages.error(request, problem, extra_tags="nothing_undone")
        return redirect(_back(request))
    if verdict.kind == Verdict.Kind.WITHDRAWN:
        said = _("Undone: you have no verdict on this pair now.")
    else:
        said = _("Undone: your verdict is “%(kind)s” again.") % {"kind": verdict.get_kind_display()}
    return _done(request, _images(request, verdict), verdict, said, "undone")


def pair_state(pair: Pair, address: str, user: User | AnonymousUser) -> dict[str, Any]:
    """Return what a verdict on a pair rests on: scores, weights, versions, generation, and the search's thresholds.

    A search within a collection is judged by that collection's random pairs, as the page showed it. Weights that cannot
    be used are those of the site instead; the state says which were.
    """
    asked, _problems = read_request(QueryDict(address), user)
    within = asked.collection_id
    try:
        score = score_pair(pair[0].pk, pair[1].pk, weights_of(asked), collection_id=within)
    except SearchError:
        score = score_pair(pair[0].pk, pair[1].pk, site_weights(), collection_id=within)
    thresholds = asked.scores.as_thresholds()
    score = score.with_textbook(textbook_values_of(pair[0].sha256, pair[1].sha256))
    return score.as_state() | {"first": pair[0].sha256} | ({"thresholds": thresholds} if thresholds else {})


def _pair(request: HttpRequest, form: DecideForm) -> Pair | None:
    """Return the two images that the form names, in its order; None when one is not there for this person."""
    ids = [form.cleaned_data.get(name) for name in ("first", "second")]
    found = Image.objects.visible_to(request.user).in_bulk([pk for pk in ids if pk])
    first, second = (found.get(pk) if pk else None for pk in ids)
    return (first, second) if first and second and first != second else None


def _images(request: HttpRequest, verdict: Verdict) -> Pair | None:
    hashes = verdict.first_sha256, verdict.second_sha256
    found = {each.sha256: each for each in Image.objects.visible_to(request.user).filter(sha256__in=hashes)}
    return (found[hashes[0]], found[hashes[1]]) if len(found) == 2 else None


def _done(request: HttpRequest, pair: Pair | None, verdict: Verdict, said: str, code: str) -> HttpResponse:
    if request.headers.get("HX-Request") and pair:
        return _show(request, pair, None, HTTPStatus.OK, done=verdict, said=said, code=code)
    messages.success(request, said, extra_tags=code)
    return redirect(_back(request))


def _show(request: HttpRequest, pair: Pair, form: DecideForm | None, status: HTTPStatus, **about: Any) -> HttpResponse:
    """Show the verdict buttons as they are now, by themselves for htmx, else on a page with both images."""
    context: dict[str, Any] = {
        "toolbar": toolbar_of(request.user, *pair),
        "kept": form.kept() if form else {},
        "weights": request.POST.get("weights", ""),
        "next": _back(request),
        **about,
    }
    part = request.headers.get("HX-Request")
    return render(request, "review/_verdict.html" if part else "review/decide.html", context, status=status)


def _lost(request: HttpRequest, form: DecideForm) -> HttpResponse:
    """Answer a verdict on images of which one is gone."""
    context = {"kept": form.kept(), "next": _back(request), "lost": True}
    part = request.headers.get("HX-Request")
    template = "review/_verdict_lost.html" if part else "review/decide.html"
    return render(request, template, context, status=HTTPStatus.NOT_FOUND)


def _back(request: HttpRequest) -> str:
    return way_back(request, reverse("review:verdicts"))
