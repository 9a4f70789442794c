"""The protocol between the decoder and its child: a length, a JSON header, then the blobs that the header describes."""

from __future__ import annotations

import json
import struct
from typing import Any

LENGTH = struct.Struct(">I")
MAX_HEAD_BYTES = 64 * 2**10
SIZES = "sizes"


def pack_head(head: dict[str, Any]) -> bytes:
    """Return the bytes that go before the blobs of a message."""
    text = json.dumps(head).encode()
    return LENGTH.pack(len(text)) + text


def unpack_head(text: bytes | bytearray) -> dict[str, Any]:
    """Return the head of a message.

    Raises
    ------
    ValueError : not a JSON object
    """
    head = json.loads(text)
    if not isinstance(head, dict):
        raise ValueError(f"expected a JSON object from the decoder child, got {type(head).__name__}")
    return head
