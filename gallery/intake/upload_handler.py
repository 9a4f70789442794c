"""Uploads on their way in: streamed to a temporary file; a disk that fills up meanwhile is noticed, not crashed on."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from jobs.files import is_disk_full

MARK = "likeness.disk_full"


def disk_was_full(request: HttpRequest) -> bool:
    """Tell whether the files of this request found no room. Reads the request's body."""
    # FILES first: to ask for it reads the body, and only that sets the mark.
    return bool(request.FILES is not None and request.META.get(MARK))


class SpoolingHandler(TemporaryFileUploadHandler):
    """Django's handler, which would answer a full disk with an internal error before any view could say so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().new_file(*args, **kwargs)
        except OSError as error:
            self._give_up(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        try:
            return super().receive_data_chunk(raw_data, start)
        except OSError as error:
            self._give_up(error)

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        try:
            return super().file_complete(file_size)  # type: ignore[no-any-return, unused-ignore]
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> NoReturn:
        """Take no more of the request and let the view answer; other errors are raised again."""
        if not is_disk_full(error) or self.request is None:
            raise error
        # META outlives the parser, which swallows StopUpload and tells the view nothing.
        self.request.META[MARK] = True
        # False lets Django read the rest away: a browser that is still sending shows no answer.
        raise StopUpload(connection_reset=False) from error
