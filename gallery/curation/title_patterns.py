"""Titles of many images by one pattern: words, and places that each image fills with its own."""

from __future__ import annotations

import re
from pathlib import PurePath

from django.utils.timezone import localtime

from gallery.models import Image
from jobs.errors import CodedError

PLACE = re.compile(r"\{([^{}]*)\}")
PLACES = ("number", "name", "title", "label", "date")
MAX_TITLE = 200


class PatternError(CodedError):
    """A pattern that gives no usable titles; the code says why."""


def check_pattern(pattern: str) -> None:
    """Refuse a pattern with places that do not exist.

    Raises
    ------
    PatternError : names the first of them, and those that there are
    """
    unknown = [name for name in PLACE.findall(pattern) if name not in PLACES]
    if unknown:
        raise PatternError("unknown_place", known=[f"{{{name}}}" for name in PLACES], name=unknown[0])


def fill(pattern: str, image: Image, number: int) -> str:
    """Return the title that a checked pattern gives an image.

    Parameters
    ----------
    number : the place of the image among those that are edited, the oldest is 1

    Raises
    ------
    PatternError : the title would be too long
    """
    values = {
        "number": str(number),
        "name": PurePath(image.original_name).stem,
        "title": image.title,
        "label": image.label,
        "date": f"{localtime(image.uploaded_at):%Y-%m-%d}",
    }
    title = " ".join(PLACE.sub(lambda place: values[place[1]], pattern).split())
    if len(title) > MAX_TITLE:
        raise PatternError("title_too_long", most=MAX_TITLE, name=image.original_name, length=len(title))
    return title
