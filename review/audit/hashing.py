"""Hashes of the audit log: one SHA-256 sum per row, over the row's contents and the hash of the row before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

FIRST = ""
"""What stands for the hash before the first row."""


def settled(value: Any) -> Any:
    """Return JSON data in the form in which every database gives them back.

    PostgreSQL keeps numbers by their value and refuses NUL and lone surrogates; SQLite keeps the text. What is hashed
    must be read back the same from both, so whole floats become integers and those characters are replaced.

    Parameters
    ----------
    value : what `DjangoJSONEncoder` can write

    Returns
    -------
    plain : dicts with text keys, lists, text, integers, floats, booleans and None only

    Raises
    ------
    TypeError, ValueError : not JSON data, or a number that is not finite
    """
    return _settle(json.loads(json.dumps(value, cls=DjangoJSONEncoder, allow_nan=False)))


def _settle(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _settle(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settle(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def row_hash(
    *,
    number: int,
    happened_at: datetime,
    actor_id: int | None,
    actor_name: str,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    previous_hash: str,
) -> str:
    """Return the hash of one row of the audit log.

    Parameters
    ----------
    number : place in the chain, 1 or more
    happened_at : aware; hashed in UTC with microseconds
    actor_id, actor_name : who, None and empty without an account
    action, subject, details : what; `details` as `settled` returns them
    previous_hash : hash of the row before, empty for the first

    Returns
    -------
    hash : 64 hexadecimal digits: SHA-256 of the UTF-8 text of the fields as JSON with sorted keys, no spaces and no
        escapes, followed by `previous_hash`

    Notes
    -----
    The chain of hashes is that of Haber and Stornetta, "How to time-stamp a digital document", J. Cryptology 3 (1991):
    whoever changes a row has to change every later one, so one hash written down elsewhere vouches for all before it.
    """
    fields = {
        "number": number,
        "happened_at": happened_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": actor_id,
        "actor_name": actor_name,
        "action": action,
        "subject": subject,
        "details": details,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256((text + previous_hash).encode()).hexdigest()
