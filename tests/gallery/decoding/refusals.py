"""What a decoder refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.decoding import Decoder, Refused
from gallery.reasons import REASONS

SIDES = {"thumb": 32, "display": 100}


def refusal(decoder: Decoder, path: Path, name: str = "") -> str:
    with pytest.raises(Refused) as caught:
        decoder.inspect(path, SIDES, name=name)
    assert caught.value.reason in dict(REASONS)
    return caught.value.reason
