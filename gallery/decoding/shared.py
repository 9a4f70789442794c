"""The decoders of this process, with the limits of its settings."""

from __future__ import annotations

import atexit
import os
import threading

from gallery.decoding.contract import Limits
from gallery.decoding.decoder import Decoder

_decoders: list[Decoder] = []
_lock = threading.Lock()


def get_decoder() -> Decoder:
    """Return the decoder that this process shares among its threads."""
    return get_decoders(1)[0]


def get_decoders(count: int = 0) -> list[Decoder]:
    """Return decoders for work in parallel, each with a child of its own; 0: one for each processor."""
    with _lock:
        wanted = count or os.cpu_count() or 1
        while len(_decoders) < wanted:
            _decoders.append(Decoder(_configured_limits()))
        return _decoders[:wanted]


def close_decoders() -> None:
    """End the children of this process; they start again when needed."""
    for decoder in _decoders:
        decoder.close()


def _configured_limits() -> Limits:
    from django.conf import settings  # here, so that the child, which imports this package, does not load Django

    environment = settings.ENV
    return Limits(
        max_pixels=environment.max_pixels,
        max_frames=environment.max_frames,
        timeout_seconds=environment.decode_timeout_seconds,
        memory_bytes=environment.decode_memory_bytes,
    )


def _start_afresh() -> None:
    """A forked process must not wait for a lock held by a thread that stayed in its parent."""
    global _lock
    _lock = threading.Lock()


atexit.register(close_decoders)
os.register_at_fork(after_in_child=_start_afresh)
