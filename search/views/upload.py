"""An image brought from outside: accepted, described by the interactive worker while the page waits, then searched."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.decoding import Refused
from gallery.intake.upload_handler import disk_was_full
from gallery.models import Image
from gallery.refusals import sends_a_file
from gallery.storage.blobs import BlobAbsentError
from gallery.storage.uploaded_queries import open_preview
from jobs import errors
from jobs.rows import JobState
from search.background import health
from search.forms import QueryUploadForm
from search.models import Query
from search.presentation import method_looks
from search.query.description import uploaded_query
from search.query.typed_words import MAX_CHARACTERS
from search.query.uploads import own_queries, remember, session_queries, store_query

NUM_EXAMPLES = 12
"""Gallery images offered on the start page."""
STATUS_OF_REASON = {"too_large": 413, "disk_full": 507}
ASK_AGAIN_AFTER = timedelta(seconds=5)
"""A query that waits longer while its queue is empty has lost its job: Redis was down, or came back empty."""


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take an image to search by; answers with a redirect to its result page, or with JSON where that is asked for."""
    form = QueryUploadForm(request.POST, request.FILES)
    # Before the form, to which the file that could not be kept would look like none at all.
    if disk_was_full(request):
        return _refused(request, "disk_full", errors.sentence("disk_full"), 507)
    if not form.is_valid():
        return _refused(request, "missing", " ".join(str(error) for error in form.errors["file"]), 400)
    file = form.cleaned_data["file"]
    try:
        user = request.user if request.user.is_authenticated else None
        query = store_query(file, file.name or "image", user, queries_of(request))
    except Refused as refusal:
        sentence = errors.sentence(refusal.reason)
        return _refused(request, refusal.reason, sentence, STATUS_OF_REASON.get(refusal.reason, 422))
    if not request.user.is_authenticated:
        remember(request.session, query)
    if query.state != JobState.READY:
        uploaded_query.send(query.pk)
    url = _result_url(query.pk)
    if _wants_json(request):
        return JsonResponse({"query": str(query.pk), "url": url}, status=201)
    return redirect(url)


def queries_of(request: HttpRequest) -> QuerySet[Query]:
    """Return the uploaded queries of who asks."""
    return own_queries(request.user, session_queries(request.session))


def start_page(request: HttpRequest, problems: list[str], status: int = 200) -> HttpResponse:
    """Show where an image is dropped, pasted or chosen, with what was wrong with the last try."""
    # Not a random choice: ORDER BY RANDOM reads the whole table.
    newest = list(Image.objects.visible_to(request.user)[: 20 * NUM_EXAMPLES])
    spread = newest[:: max(1, len(newest) // NUM_EXAMPLES)][:NUM_EXAMPLES]  # neighbors came together and look alike
    examples = [(image, f"{reverse('search:results')}?image={image.pk}") for image in spread]
    context = {
        "problems": problems,
        "looks": method_looks().values(),
        "recent": examples,
        "most_characters": MAX_CHARACTERS,
    }
    return render(request, "search/start.html", context, status=status)


def progress_page(request: HttpRequest, query: Query) -> HttpResponse:
    """Show how far an uploaded query is; the page moves on by itself, without scripts too."""
    return render(request, "search/progress.html", _progress(query))


@require_safe
def query_status(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the waiting page: the state in words, or the order to show the results."""
    query = get_object_or_404(queries_of(request).defer("vectors"), pk=pk)
    if query.state == JobState.READY:
        response = HttpResponse()
        response["HX-Redirect"] = _result_url(pk)
        return response
    context = _progress(query)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)  # nothing new: the page stays as it is, and screen readers are left alone
    return render(request, "search/_progress.html", context)


@require_POST
def query_retry(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Compute a failed query once more."""
    query = get_object_or_404(queries_of(request).defer("vectors"), pk=pk)
    uploaded_query.retry(query.pk)
    return redirect(_result_url(pk))


@require_safe
@sends_a_file
def query_preview(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Send the re-encoded preview of an uploaded query."""
    gone = _("This uploaded query is gone: queries are kept for a day. Upload the image again.")
    # Somebody else's query and none at all look the same.
    if not queries_of(request).filter(pk=pk).exists():
        raise Http404(gone)
    try:
        file = open_preview(pk)
    except BlobAbsentError as error:
        raise Http404(gone) from error
    response = FileResponse(file, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=86400, immutable"
    # Bytes that came from outside, though re-encoded: opened alone they may do nothing.
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _obstacle(query: Query) -> str:
    """Return what a waiting query lacks: "redis", a "worker", or nothing; a lost job is sent again."""
    found = health.look_at_queues()
    if found.error:
        return "redis"
    queue = found.named(settings.QUEUE_INTERACTIVE)
    if not queue.num_jobs and timezone.now() - query.created_at > ASK_AGAIN_AFTER:
        uploaded_query.send(query.pk)
    return "" if queue.num_workers else "worker"


def _progress(query: Query) -> dict[str, object]:
    """Return what the waiting page says; Redis is asked only while the query waits."""
    obstacle = _obstacle(query) if query.state == JobState.WAITING else ""
    return {
        "query": query,
        "obstacle": obstacle,
        "seen": f"{query.state}-{obstacle}",
        "failed": query.has_ended,
        "reason": query.error_sentence,
    }


def _result_url(pk: uuid.UUID) -> str:
    return f"{reverse('search:results')}?query={pk}"


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _refused(request: HttpRequest, reason: str, message: str, status: int) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"reason": reason, "message": message}, status=status)
    return start_page(request, [message], status)
