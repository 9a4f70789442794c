"""Upload: many files by a plain form, or one request per file by the page's module."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from gallery.forms import UploadForm
from gallery.intake.store import Outcome, store_image
from gallery.intake.upload_handler import disk_was_full
from gallery.models import Collection, Image
from gallery.people.permissions import requires
from gallery.people.roles import Role
from gallery.reasons import REASONS

SENTENCES = dict(REASONS)
TAKEN_OUT_AGAIN = gettext_lazy("This file was in the trash; it is taken out again, with all that was known of it.")
OUT_OF_SIGHT = gettext_lazy("The gallery already has this file, but a curator took it out of sight.")
REFUSAL_STATUS = {
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "disk_full": HTTPStatus.INSUFFICIENT_STORAGE,
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CONTRIBUTOR)
def upload(request: HttpRequest) -> HttpResponse:
    """Store the files sent, each with an outcome of its own, or show the form."""
    if request.method != "POST":
        return _page(
            request, UploadForm(initial={"collection": request.GET.get("collection", "")}, viewer=request.user)
        )
    form = UploadForm(request.POST, request.FILES, viewer=request.user)
    wants_json = request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    # Before the form is looked at, which would only miss the files that were given up.
    if disk_was_full(request):
        return _disk_full(request, form, wants_json)
    if not form.is_valid():
        if wants_json:
            message = " ".join(str(error) for errors in form.errors.values() for error in errors)
            return JsonResponse({"error": "form", "message": message}, status=HTTPStatus.BAD_REQUEST)
        return _page(request, form, status=HTTPStatus.BAD_REQUEST)
    results = _store(request, form)
    # The page's own uploader sends one file at a time and goes by the status.
    status = results[0]["status"] if len(results) == 1 else HTTPStatus.OK
    if wants_json:
        answers = [{name: value for name, value in result.items() if name != "status"} for result in results]
        return JsonResponse({"results": answers}, status=status)
    again = UploadForm(initial={"collection": form.cleaned_data["collection"]}, viewer=request.user)
    return _page(request, again, results, status=status)


def _page(
    request: HttpRequest, form: UploadForm, results: list[dict[str, Any]] | None = None, status: int = HTTPStatus.OK
) -> HttpResponse:
    collections = Collection.objects.with_role(request.user, Role.CONTRIBUTOR)
    context = {"form": form, "results": results or [], "collections": collections}
    return render(request, "gallery/upload.html", context, status=status)


def _disk_full(request: HttpRequest, form: UploadForm, wants_json: bool) -> HttpResponse:
    """Say that nothing of the request could be kept: the disk filled up while its files were on their way."""
    result = _result(request, _("this upload"), Outcome("refused", None, "disk_full"))
    if wants_json:
        answer = {name: value for name, value in result.items() if name != "status"}
        return JsonResponse({"results": [answer]}, status=HTTPStatus.INSUFFICIENT_STORAGE)
    return _page(request, form, [result], status=HTTPStatus.INSUFFICIENT_STORAGE)


def _store(request: HttpRequest, form: UploadForm) -> list[dict[str, Any]]:
    asked, results = form.cleaned_data, []
    collections = [asked["collection"]] if asked["collection"] else []
    files: list[UploadedFile[Any]] = asked["files"]
    for file in files:
        name, opened = file.name or _("unnamed"), cast(BinaryIO, file)
        outcome = store_image(opened, name=name, user=request.user, collections=collections, private=asked["private"])
        results.append(_result(request, name, outcome))
    return results


def _result(request: HttpRequest, name: str, outcome: Outcome) -> dict[str, Any]:
    kept = outcome.image if outcome.kind != "refused" else None
    # Known bytes may be of an image that a curator took out of sight: its address is not told then.
    image = Image.objects.visible_to(request.user).filter(pk=kept.pk).first() if kept else None
    return {
        "name": name,
        "outcome": outcome.kind,
        "reason": outcome.reason,
        "message": _message(outcome, image),
        "image": _image(image) if image else None,
        "status": _status(outcome),
    }


def _status(outcome: Outcome) -> int:
    if outcome.kind == "refused":
        return REFUSAL_STATUS.get(outcome.reason, HTTPStatus.UNPROCESSABLE_ENTITY)
    return HTTPStatus.CREATED if outcome.kind == "stored" else HTTPStatus.OK


def _message(outcome: Outcome, image: Image | None) -> str:
    """Say what became of a file; `image` is where it can be seen by who brought it."""
    if outcome.restored:
        return str(TAKEN_OUT_AGAIN)
    if outcome.kind == "stored":
        return _("Stored.")
    if outcome.kind == "duplicate" and image is None:
        return str(OUT_OF_SIGHT)
    if outcome.kind == "duplicate":
        return _("The gallery already has this file: %(name)s.") % {"name": image}
    return str(SENTENCES.get(outcome.reason, outcome.detail))


def _image(image: Image) -> dict[str, Any]:
    return {
        "id": image.pk,
        "url": image.get_absolute_url(),
        "thumb": reverse("gallery:media", args=["thumb", image.sha256]),
    }
