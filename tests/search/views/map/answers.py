"""What the addresses of the map answer."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from django.test import Client
from django.urls import reverse


def page(client: Client, query: str = "") -> str:
    response = client.get(f"{reverse('search:map')}?{query}")
    assert response.status_code == 200
    return response.content.decode()


class Binary:
    """A binary answer, read as the page's script reads it."""

    def __init__(self, data: bytes) -> None:
        (length,) = struct.unpack_from("<I", data)
        self.head: dict[str, Any] = json.loads(data[4 : 4 + length])
        self.start = 4 + length
        assert self.start % 8 == 0
        self.data = data

    def points(self) -> dict[int, tuple[float, float, str]]:
        """Return place and group of each image."""
        num, at = self.head["num"], self.start
        ids = np.frombuffer(self.data, "<f8", num, at)
        x, y = (np.frombuffer(self.data, "<f4", num, at + offset * num) for offset in (8, 12))
        groups = np.frombuffer(self.data, "<u2", num, at + 16 * num)
        assert len(self.data) == at + 18 * num
        names = [group["kind"] or group["name"] for group in self.head["groups"]]
        return {int(i): (float(a), float(b), names[g]) for i, a, b, g in zip(ids, x, y, groups, strict=True)}


def points(client: Client, query: str = "") -> Binary:
    response = client.get(f"{reverse('search:map_points')}?{query}")
    assert response.status_code == 200
    return Binary(response.content)
