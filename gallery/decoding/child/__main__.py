"""Answer requests from standard input until it closes: one file at a time, each with a picture or a named reason."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from gallery.decoding.child.answers import Answer, inspect, pixels
from gallery.decoding.child.completeness import ends_early
from gallery.decoding.child.confinement import allow_time, confine, end_with
from gallery.decoding.child.faults import explain
from gallery.decoding.child.formats import prepare_formats
from gallery.decoding.contract import UNAVAILABLE, Limits
from gallery.decoding.wire import LENGTH, SIZES, pack_head, unpack_head

CHUNK_BYTES = 2**20
ACTIONS: dict[str, Callable[[dict[str, Any], Limits], Answer]] = {"inspect": inspect, "pixels": pixels}


def answer(request: dict[str, Any], limits: Limits) -> Answer:
    """Do what is asked; whatever goes wrong with the file becomes a reason."""
    try:
        return ACTIONS[request["action"]](request, limits)
    except Exception as error:  # noqa: BLE001 (what decoders raise on hostile bytes is an open set)
        try:
            reason, detail = explain_file(error, request["path"])
        except OSError as absence:
            return {"unavailable": absence.errno or errno.EIO}, []
        return {"reason": reason, "detail": detail}, []


def explain_file(error: Exception, path: str) -> tuple[str, str]:
    """Return why a file cannot be decoded, as `explain` does.

    Raises
    ------
    OSError : nothing is wrong with it as far as is known: it is not here, or cannot be read
    """
    if isinstance(error, OSError) and error.errno in UNAVAILABLE:
        raise error
    reason, detail = explain(error)
    if reason in ("corrupt", "truncated"):
        with open(path, "rb") as file:
            while file.read(CHUNK_BYTES):  # libraries take what a disk fails to give for damage
                pass
            reason = "truncated" if ends_early(file) else reason
    return reason, detail


def send(file: BinaryIO, head: dict[str, Any], blobs: list[bytes]) -> None:
    """Write one message."""
    file.write(pack_head(head | {SIZES: [len(blob) for blob in blobs]}))
    for blob in blobs:
        file.write(blob)
    file.flush()


def serve(limits: Limits, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the requests end."""
    while length := requests.read(LENGTH.size):
        request = unpack_head(requests.read(*LENGTH.unpack(length)))
        allow_time(limits.timeout_seconds)
        send(answers, *answer(request, limits))


def main() -> None:
    """Set up the process and serve."""
    limits, life = Limits(**json.loads(sys.argv[1])), int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not reach the answers
    end_with(life)
    prepare_formats(limits.max_pixels)
    confine(limits.memory_bytes)
    serve(limits, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
