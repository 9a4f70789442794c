"""Reading a queue: one pair after another, each decided by a key or a button, with or without scripts.

Scripts show the next pair, which they loaded before, as soon as a verdict is given, and send the verdict behind it;
they get JSON. Without scripts every answer is a page.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from gallery.models import Image
from gallery.people.permissions import permissions_of, require, requires
from gallery.people.roles import Role
from jobs.errors import sentence
from review.exceptions import QueueError, ReviewError
from review.models import Queue, QueuedPair, Reading, Verdict
from review.queues import reading
from review.queues.access import queues_for
from review.queues.assign import Assignment, assign_pair, release
from review.queues.forms import ReadingForm, read_step
from review.queues.progress import reader_progress
from review.verdicts.consensus import ADJUDICATOR_SLOT
from review.verdicts.decide import NewerVerdictError, newest_of
from review.verdicts.toolbar import CHOICES, VerdictButton, may_judge
from search.exceptions import SearchError
from search.public.pairs import score_pair

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@require_safe
@requires(Role.REVIEWER)
@never_cache  # the Back button must not bring back a pair that is decided
def queue(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a pair into this person's hands and show it."""
    user = cast("User", request.user)
    found = get_object_or_404(queues_for(user).select_related("collection"), pk=pk)
    context = _turn(user, found, assign_pair(found, user, *read_step(request.GET)))
    context["last"] = _last_reading(found, user)
    return render(request, "review/queue.html", context)


@require_safe
@requires(Role.REVIEWER)
@never_cache
def turn(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a pair into this person's hands and show it without the page around it, for scripts."""
    user = cast("User", request.user)
    found = get_object_or_404(queues_for(user), pk=pk)
    return render(request, "review/_turn.html", _turn(user, found, assign_pair(found, user, *read_step(request.GET))))


@require_POST
def decide(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Keep a verdict on a pair; whatever is refused, what was typed comes back."""
    user = cast("User", request.user)
    pair = _pair(user, pk, number)
    images = _images(pair)
    form = ReadingForm(request.POST)
    valid = form.is_valid()
    # Not by `requires`: who lost the role between two pairs gets back what was typed.
    if not _may_decide(user, pair, images):
        problem = _("Nothing was kept: deciding needs the role “%(role)s” for both images. An admin can give it.")
        problem %= {"role": Role.REVIEWER.label}
        return _refuse(request, pair, form, HTTPStatus.FORBIDDEN, problem, code="role_for_both_images")
    if not valid:
        problem = " ".join([_("Nothing was kept."), *form.problems()])
        return _refuse(request, pair, form, HTTPStatus.BAD_REQUEST, problem, code=form.codes())
    asked = form.cleaned_data
    about = {"note": asked["note"], "seen": asked["seen"], "state": _state(pair, images)}
    try:
        done = reading.decide(pair, user, asked["kind"], **about)
    except NewerVerdictError as error:
        return _refuse(request, pair, form, HTTPStatus.CONFLICT, str(error), error.verdict, code=error.code)
    except ReviewError as error:
        return _refuse(request, pair, form, HTTPStatus.BAD_REQUEST, str(error), code=error.code)
    said = sentence(done.why) or _("Recorded: %(kind)s.") % {"kind": done.verdict.get_kind_display()}
    if _wants_json(request):
        return JsonResponse({"said": said, "counted": done.counted, "verdict": done.verdict.pk})
    (messages.success if done.counted else messages.warning)(request, said, extra_tags=done.why or "recorded")
    return redirect(f"{reverse('review:queue', args=[pk])}?after={pair.position}")


@require_POST
@requires(Role.REVIEWER)
def undo(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Take one's reading of a pair back and show the pair again."""
    user = cast("User", request.user)
    pair = _pair(user, pk, number)
    try:
        if not may_judge(user, (pair.first_sha256, pair.second_sha256)):
            raise QueueError("role_withdrawn", role=str(Role.REVIEWER.label))
        reading.undo(pair, user)
    except ReviewError as error:
        if _wants_json(request):
            return JsonResponse({"problem": str(error)}, status=HTTPStatus.CONFLICT)
        messages.error(request, str(error), extra_tags=error.code)
        return redirect("review:queue", pk)
    if _wants_json(request):
        return JsonResponse({"said": _("Undone: decide again, or go on."), "position": pair.position, "pair": pair.pk})
    messages.success(request, _("Undone: decide again, or go on."), extra_tags="undone")
    return redirect(f"{reverse('review:queue', args=[pk])}?at={pair.position}")


@require_POST
@requires(Role.REVIEWER)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Give back what this person holds, so that others need not wait for it."""
    user = cast("User", request.user)
    release(get_object_or_404(queues_for(user), pk=pk), user)
    return redirect("review:queues")


def _turn(user: User, queue: Queue, found: Assignment | None) -> dict[str, Any]:
    """Return what the templates show of a pair in somebody's hands, or of there being none."""
    context: dict[str, Any] = {"queue": queue, "progress": reader_progress(queue, user), "turn": found}
    if found is None:
        conflicts = QueuedPair.objects.filter(queue=queue, state=QueuedPair.State.CONFLICT).count()
        return context | {"num_conflicts": conflicts}
    own = newest_of(user, found.pair.first_sha256, found.pair.second_sha256)
    kind = found.reading.verdict.kind if found.reading.verdict else ""
    return context | {
        "seen": own.pk if own else 0,
        "own": found.reading.verdict,
        "choices": [VerdictButton(value.value, str(value.label), key, value == kind) for value, key in CHOICES],
        "opinions": _opinions(found) if found.adjudicates else [],
    }


def _opinions(found: Assignment) -> list[Reading]:
    """Return what the two readers said, for the one who adjudicates."""
    readings = Reading.objects.filter(pair=found.pair, verdict__isnull=False).exclude(slot=ADJUDICATOR_SLOT)
    return list(readings.select_related("verdict", "reader").order_by("slot"))


def _last_reading(queue: Queue, user: User) -> Reading | None:
    """Return what this person decided last in a queue, which can be undone."""
    decided = Reading.objects.filter(pair__queue=queue, reader=user, decided_at__isnull=False)
    return decided.select_related("verdict", "pair").order_by("-decided_at").first()


def _pair(user: User, queue_id: int, number: int) -> QueuedPair:
    """Return a pair of a queue that a person may know of, or that this person had in hand before a role was withdrawn.

    Raises
    ------
    PermissionDenied, Http404 : others are not told whether there is such a pair
    """
    pairs = QueuedPair.objects.select_related("queue").filter(pk=number, queue=queue_id)
    if user.is_authenticated:
        theirs = Q(queue__in=queues_for(user).filter(pk=queue_id))
        pair = pairs.filter(theirs | Exists(Reading.objects.filter(pair=OuterRef("pk"), reader=user))).first()
        if pair is not None:
            return pair
    require(user, Role.REVIEWER, somewhere=True)
    raise Http404(_("There is no such pair in a queue that you may read."))


def _images(pair: QueuedPair) -> list[Image]:
    """Return the images of a pair that the library has, whoever may see them, the smaller SHA-256 first."""
    found = Image.objects.filter(sha256__in=(pair.first_sha256, pair.second_sha256))
    return sorted(found, key=lambda each: each.sha256)


def _may_decide(user: User, pair: QueuedPair, images: list[Image]) -> bool:
    """Tell whether a person may decide; about bytes that are gone, who had the pair in hand when they were there."""
    if not user.is_authenticated or not permissions_of(user).may_somewhere(Role.REVIEWER):
        return False
    if not queues_for(user).filter(pk=pair.queue_id).exists():
        return False
    ids = [image.pk for image in images]
    if Image.objects.with_role(user, Role.REVIEWER).filter(pk__in=ids).count() != len(ids):
        return False
    return len(ids) == 2 or Reading.objects.filter(pair=pair, reader=user).exists()


def _state(pair: QueuedPair, images: list[Image]) -> dict[str, Any]:
    """Return what a verdict rests on: scores as they are now by the weights that the queue was gathered with."""
    about = {"queue": pair.queue_id, "position": pair.position}
    if len(images) < 2:
        return about
    weights = pair.queue.parameters.get("weights", {})
    try:
        score = score_pair(images[0].pk, images[1].pk, weights, collection_id=pair.queue.collection_id)
    except SearchError:  # all methods that had a weight are gone
        return about
    return score.as_state() | {"first": pair.first_sha256} | about


def _refuse(
    request: HttpRequest,
    pair: QueuedPair,
    form: ReadingForm,
    status: HTTPStatus,
    problem: str,
    newer: Verdict | None = None,
    *,
    code: str,
) -> HttpResponse:
    """Say why a verdict was not kept, with what was typed, so that it can be sent again."""
    if _wants_json(request):
        answer: dict[str, Any] = {"problem": problem}
        if newer is not None:
            answer |= {"newer": newer.pk, "newer_kind": newer.get_kind_display()}
        return JsonResponse(answer, status=status)
    kinds = dict(form.fields["kind"].choices)  # type: ignore[attr-defined]
    context = {
        "pair": pair,
        "queue": pair.queue,
        "problem": problem,
        "code": code,
        "newer": newer,
        "kind": form.data.get("kind", ""),
        "kind_label": kinds.get(form.data.get("kind", ""), ""),
        "note": form.data.get("note", ""),
    }
    return render(request, "review/queue_refused.html", context, status=status)


def _wants_json(request: HttpRequest) -> bool:
    # The page's script asks for JSON alone; a form that is sent without it accepts pages.
    return not request.accepts("text/html")
