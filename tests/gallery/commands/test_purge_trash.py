"""The command that empties the trash."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from gallery.models import Image
from tests.gallery.rows import make_images

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]


def _purge(*options: str) -> str:
    out = StringIO()
    call_command("purge_trash", *options, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def images() -> list[Image]:
    """One image that is shown, one new in the trash, one old in it."""
    images = make_images(3)
    now = timezone.now()
    Image.objects.filter(pk=images[1].pk).update(trashed_at=now)
    Image.objects.filter(pk=images[2].pk).update(trashed_at=now - timedelta(days=31))
    return images


def test_it_works(images: list[Image]) -> None:
    assert re.findall(r"\d+", _purge()) == ["1", "1"]
    assert set(Image.objects.all()) == set(images[:2])
    assert re.findall(r"\d+", _purge()) == ["0", "1"]


def test_all_of_it(images: list[Image]) -> None:
    assert json.loads(_purge("--all", "--json")) == {"deleted": 2, "left": 0}
    assert list(Image.objects.all()) == images[:1]
