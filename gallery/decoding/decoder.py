"""The only way to open uploaded bytes: a child process with limits does it, and may die of it."""

from __future__ import annotations

import errno
import os
import re
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery.decoding.contract import Inspection, Limits, Refused
from gallery.decoding.process import ChildEndedError, ChildProcess, ChildTimeoutError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    RGBImage = NDArray[np.uint8]

MAX_DERIVATIVE_BYTES = 64 * 2**20  # no two pictures of these sizes take as much: a child that announces more lies
MAX_CRASHES = 2
REASON_CODE = re.compile(r"[a-z_]{1,32}")
TONE = re.compile(r"#[0-9a-f]{6}")
SHA256 = re.compile(r"[0-9a-f]{64}")

_decoders: weakref.WeakSet[Decoder] = weakref.WeakSet()  # weak: known here only for forks


class Decoder:
    """Owns one long-lived child; may be shared by threads, which then take turns.

    The child is started at the first question, replaced after a crash, a timeout, a lack of memory and every
    `limits.files_per_child` files, and ends with this process, however that ends.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        _decoders.add(self)

    @property
    def child_pid(self) -> int | None:
        """Process id of the child, for those who watch it; None while there is none."""
        return self._child.pid if self._child else None

    def inspect(self, path: Path, sides: Mapping[str, int], *, name: str = "") -> Inspection:
        """Decode a file whole and describe it.

        Parameters
        ----------
        path : the file
        sides : longest side in pixels of each derivative wanted, by kind
        name : the name it came under; a suffix that says another type than the content is refused

        Returns
        -------
        inspection : derivatives are WebP files without metadata, never larger than the image

        Raises
        ------
        Refused : too_many_pixels, too_many_frames, type_not_allowed, type_mismatch, truncated, corrupt,
            decoder_crashed, decoder_timeout, decoder_memory
        OSError : the file cannot be opened or read, which says nothing of it; FileNotFoundError if it is not there
        """
        request = {"action": "inspect", "path": str(path), "sides": dict(sides), "suffix": Path(name).suffix}
        head, blobs = self._ask(request, MAX_DERIVATIVE_BYTES)
        try:
            return _inspection(head, blobs, sides)
        except (KeyError, ValueError, TypeError) as error:
            raise Refused("decoder_crashed", "The decoder gave an answer that makes no sense.") from error

    def pixels(self, path: Path, max_side: int) -> RGBImage:
        """Decode a file for analysis.

        Parameters
        ----------
        path : the file
        max_side : longest side in pixels; larger images are scaled down, smaller ones stay as they are

        Returns
        -------
        image : ndarray of shape (H, W, 3), dtype uint8, sRGB, upright, transparency over white, own memory

        Raises
        ------
        Refused : see `inspect`, without too_many_frames and type_mismatch
        OSError : see `inspect`
        """
        import numpy as np  # here, so that the child, which imports this package, does not load it

        request = {"action": "pixels", "path": str(path), "max_side": max_side}
        head, blobs = self._ask(request, max_side * max_side * 3)
        try:
            # Over a bytearray, so it may be written to.
            return np.frombuffer(blobs[0], np.uint8).reshape(int(head["height"]), int(head["width"]), 3)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise Refused("decoder_crashed", "The decoder gave an answer that makes no sense.") from error

    def close(self) -> None:
        """End the child; the next question starts a new one."""
        with self._lock:
            self._end_child()

    def _ask(self, request: dict[str, Any], max_blob_bytes: int) -> tuple[dict[str, Any], list[bytearray]]:
        with self._lock:
            head, blobs = self._try(request, max_blob_bytes)
            if head.get("reason") == "decoder_memory":  # what it could not give back would fail the next file
                self._end_child()
        if "unavailable" in head:
            raise _absence(head["unavailable"], request["path"])
        if "reason" in head:
            reason = str(head["reason"])
            raise Refused(reason if REASON_CODE.fullmatch(reason) else "corrupt", str(head.get("detail", "")))
        return head, blobs

    def _try(self, request: dict[str, Any], max_blob_bytes: int) -> tuple[dict[str, Any], list[bytearray]]:
        """Ask; a child that dies gets one successor, for it may have been killed by others than the file."""
        for _crash in range(MAX_CRASHES):
            try:
                return self._ready_child().ask(request, max_blob_bytes)
            except ChildTimeoutError as error:
                self._end_child()
                detail = f"It took longer than {self.limits.timeout_seconds:g} seconds."
                raise Refused("decoder_timeout", detail) from error
            except ChildEndedError:
                self._end_child()
        raise Refused("decoder_crashed")

    def _ready_child(self) -> ChildProcess:
        if self._child and (self._child.num_asked >= self.limits.files_per_child or not self._child.alive()):
            self._end_child()
        if self._child is None:
            self._child = ChildProcess(self.limits)
        return self._child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def _forget(self) -> None:
        """In a forked process: the child belongs to the parent, and the lock may be held by a thread left there."""
        self._lock = threading.Lock()
        child, self._child = self._child, None
        if child is not None:
            child.let_go()


def _forget_all() -> None:
    for decoder in list(_decoders):
        decoder._forget()


os.register_at_fork(after_in_child=_forget_all)


def _absence(code: object, path: str) -> OSError:
    """Return the error of the system that the child met, of the class that Python has for it."""
    number = code if isinstance(code, int) and code in errno.errorcode else errno.EIO
    return OSError(number, os.strerror(number), path)


def _inspection(head: dict[str, Any], blobs: list[bytearray], sides: Mapping[str, int]) -> Inspection:
    """Check the child's answer: it has read hostile bytes, so its word is not taken."""
    derivatives = dict(zip(head["kinds"], map(bytes, blobs), strict=True))
    if derivatives.keys() != sides.keys():
        raise ValueError(f"expected the derivatives {sorted(sides)}, got {sorted(derivatives)}")
    if not (SHA256.fullmatch(head["pixels_sha256"]) and TONE.fullmatch(head["tone"])):
        raise ValueError("the digest or the tone is malformed")
    return Inspection(
        format=str(head["format"])[:8],
        width=int(head["width"]),
        height=int(head["height"]),
        num_frames=int(head["num_frames"]),
        pixels_sha256=head["pixels_sha256"],
        tone=head["tone"],
        derivatives=derivatives,
    )
