"""Bytes: thumbnails and display copies, originals for download, and the sign of life."""

from __future__ import annotations

from typing import BinaryIO

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import condition, require_safe

from gallery.decoding import Refused, get_decoder
from gallery.models import HASH_LENGTH, Image
from gallery.refusals import sends_a_file
from gallery.storage.blobs import BlobAbsentError
from gallery.storage.derivatives import DERIVATIVE_SIDES, Derivative, open_derivative, restore_derivatives
from gallery.storage.originals import open_original

KINDS: dict[str, Derivative] = {kind: kind for kind in DERIVATIVE_SIDES}
# Whatever a browser makes of the bytes: in an origin of its own, where no script runs.
SANDBOX = "sandbox; default-src 'none'"
# Private: a proxy must not hand to others what this person may see.
KEEP = "private, max-age=31536000, immutable"


def _etag(request: HttpRequest, kind: str, sha256: str) -> str:
    return f'"{sha256}-{kind}"'


@require_safe
@sends_a_file
def media(request: HttpRequest, kind: str, sha256: str) -> HttpResponseBase:
    """Send a re-encoded copy to those who may see the image; its content never changes, so browsers keep it."""
    derivative = KINDS.get(kind)
    # It becomes a path below, so nothing but letters and digits.
    if derivative is None or len(sha256) != HASH_LENGTH or not sha256.isalnum():
        raise Http404
    if not Image.objects.visible_to(request.user).filter(sha256=sha256).exists():
        get_object_or_404(Image.objects.in_trash_of(request.user).only("pk"), sha256=sha256)
    return _copy(request, derivative, sha256)


# Apart from `media`, so that it comes after the question who may see: 304 also tells that an image is here.
@condition(etag_func=_etag)
def _copy(request: HttpRequest, kind: Derivative, sha256: str) -> HttpResponseBase:
    response = _send(_opened_copy(sha256, kind), content_type="image/webp")
    response["Cache-Control"] = KEEP
    return response


def _opened_copy(sha256: str, kind: Derivative) -> BinaryIO:
    """Open a copy; lost ones are made from the original, so that a backup can do without them."""
    try:
        return open_derivative(sha256, kind)
    except BlobAbsentError:
        try:
            restore_derivatives(sha256, get_decoder())
        except Refused as error:
            raise Http404 from error
        return open_derivative(sha256, kind)


@require_safe
@sends_a_file
def original(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the very bytes that were uploaded, as a download that no browser opens by itself."""
    image = get_object_or_404(Image.objects.visible_to(request.user), pk=pk)
    response = _send(open_original(image.sha256), content_type="application/octet-stream", name=image.original_name)
    # Asked about each time, unlike copies: the image may have been closed to this person since.
    response["Cache-Control"] = "private, no-cache"
    return response


def _send(file: BinaryIO, *, content_type: str, name: str = "") -> FileResponse:
    response = FileResponse(file, content_type=content_type, as_attachment=bool(name), filename=name)
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Answer as long as this process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")
