"""Text responses are compressed; images and files are sent as they are."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXTS = frozenset(
    {"text/html", "text/csv", "text/plain", "text/css", "text/javascript", "application/json", "image/svg+xml"}
)
"""Types that shrink. Thumbnails are compressed as they are, and originals are sent byte by byte with their length."""


class TextGZipMiddleware(GZipMiddleware):
    """Django's compression, padded by chance against BREACH, for answers of text alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return super().process_response(request, response) if kind in TEXTS else response
