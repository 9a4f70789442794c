"""The list of review queues: how far each is, making new ones, closing, opening and deleting them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.forms import read_id
from gallery.keyset import page_after
from gallery.people.permissions import requires
from gallery.people.roles import Role
from jobs.rows import JobState
from review.models import Queue
from review.queues import create
from review.queues.access import manageable, queues_for
from review.queues.forms import DEFAULT_SIZE, SOURCE_SENTENCES, QueueForm
from review.queues.gather import gathering
from review.queues.progress import QueueProgress, progress_of_queues
from search.public.health import look_at_queues

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PAGE_SIZE = 25
MAX_WATCHED = 50
ACTS = {"close": create.close, "reopen": create.reopen, "retry": create.retry}


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One queue of the list."""

    queue: Queue
    progress: QueueProgress
    may_manage: bool

    @property
    def percent(self) -> int:
        return round(100 * self.progress.num_decided / max(self.progress.num_to_decide, 1))


@require_safe
@requires(Role.REVIEWER)
def queues(request: HttpRequest) -> HttpResponse:
    """Show a page of the queues, newest first."""
    user = cast("User", request.user)
    rows = queues_for(user).select_related("collection", "asked_by")
    before = read_id(request.GET.get("before", ""))
    page = page_after(rows, PAGE_SIZE, ["-pk"], [before] if before else None)
    context = {
        "lines": lines_of(user, page.rows),
        "older": f"?before={page.last.pk}" if page.last else "",
        "is_older": bool(before),
        "form": QueueForm(user=user, initial={"wanted": DEFAULT_SIZE, "source": Queue.Source.NEAREST}),
        "sources": [(source.value, source.label, text) for source, text in SOURCE_SENTENCES.items()],
        **_watched(page.rows),
    }
    return render(request, "review/queues.html", context)


@require_safe
@requires(Role.REVIEWER)
def progress(request: HttpRequest) -> HttpResponse:
    """Tell how far the gathering is that the page watches; when some ended, send the page to what came of it."""
    asked = [read_id(text) for text in request.GET.get("watched", "").split(",")][:MAX_WATCHED]
    found = list(queues_for(cast("User", request.user)).filter(pk__in=asked))
    # Deleted or closed to them meanwhile: look at the list again.
    if len(found) < len(asked) or not all(queue.is_active for queue in found):
        response = HttpResponse()
        response["HX-Redirect"] = reverse("review:queues")
        return response
    return render(request, "review/_queues_progress.html", _watched(found))


@require_POST
@requires(Role.REVIEWER)
def make(request: HttpRequest) -> HttpResponse:
    """Make a queue: of a search at once, of a collection in the background."""
    user = cast("User", request.user)
    form = QueueForm(request.POST, user=user)
    if not form.is_valid():
        for problem in form.problems():
            messages.error(request, problem, extra_tags=form.codes())
        return redirect("review:queues")
    found = form.cleaned_data
    parameters: dict[str, Any] = {"weights": form.weights()}
    if found["source"] == Queue.Source.SEARCH:
        parameters = {"address": form.search_address()}
    about = {"name": found["name"], "collection": found["collection"], "two_readers": found["two_readers"]}
    queue = create.ask(found["source"], user, wanted=found["wanted"], **about, **parameters)
    if found["source"] == Queue.Source.SEARCH:
        return _of_search(request, queue)
    if not gathering.send(queue.pk):
        text = _("The queue cannot be reached now; gathering starts by itself when it is back.")
        messages.warning(request, text, extra_tags="queue_unreachable")
    return redirect("review:queues")


@require_POST
@requires(Role.REVIEWER)
def change(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Close, open again or delete a queue, or have its pairs gathered once more."""
    user = cast("User", request.user)
    queue = managed(user, pk)
    if act == "delete":
        create.delete(queue, user)
        sentence = _("The queue “%(name)s” is deleted; the verdicts stay.") % {"name": queue.name}
        messages.success(request, sentence, extra_tags="deleted")
    elif act not in ACTS:
        raise Http404(_("A queue can be closed, reopened, tried again or deleted; there is nothing else here."))
    elif not ACTS[act](queue, user):
        messages.info(
            request,
            _("Nothing was changed: the queue “%(name)s” is %(state)s.")
            % {"name": queue.name, "state": Queue.objects.get(pk=pk).life.label},
            extra_tags="nothing_changed",
        )
    elif act == "close":
        sentence = _("The queue “%(name)s” hands out no more pairs.") % {"name": queue.name}
        messages.success(request, sentence, extra_tags="closed")
    elif act == "reopen":
        sentence = _("The queue “%(name)s” is open again.") % {"name": queue.name}
        messages.success(request, sentence, extra_tags="reopened")
    return redirect("review:queues")


def managed(user: User, pk: int) -> Queue:
    """Return a queue that a person looks after; one that this person may not know of is a 404.

    Raises
    ------
    PermissionDenied : others look after it
    """
    queue = get_object_or_404(queues_for(user).select_related("collection", "asked_by"), pk=pk)
    if not manageable(user, [queue]):
        raise PermissionDenied(_("Queues are looked after by curators and by who made them; ask one of those."))
    return queue


def lines_of(user: User, listed: list[Queue]) -> list[QueueLine]:
    """Return queues with how far they are and whether a person looks after them."""
    progress_by_queue, own = progress_of_queues(listed), manageable(user, listed)
    return [QueueLine(queue, progress_by_queue[queue.pk], queue.pk in own) for queue in listed]


def _of_search(request: HttpRequest, queue: Queue) -> HttpResponse:
    """Gather the hits of a search, which takes no longer than showing them, and go to read them."""
    gathering.run(queue.pk)
    queue.refresh_from_db()
    if queue.is_open:
        return redirect("review:queue", queue.pk)
    if queue.is_active:  # the database was busy: a worker does it
        return redirect("review:queues")
    messages.error(request, queue.error_sentence, extra_tags=queue.error_code)
    Queue.objects.filter(pk=queue.pk, state=JobState.FAILED).delete()  # nothing was gathered: nothing is lost
    return redirect(f"{reverse('search:results')}?{queue.parameters['address']}")


def _watched(listed: list[Queue]) -> dict[str, Any]:
    """Return what is being gathered."""
    active = [queue for queue in listed if queue.is_active]
    found = look_at_queues() if active else None
    return {
        "active": active,
        "watched": ",".join(str(queue.pk) for queue in active),
        "no_worker": bool(found and (found.error or settings.QUEUE_MAINTENANCE in found.idle)),
    }
