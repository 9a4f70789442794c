"""How the examples of a search stand in its address: `image=7&box=0,0,0.5,1&like=9&unlike=8@0.2,0.2,0.5,0.5`.

The first example keeps the names that addresses of one image have always had; each of the others is one value.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from gallery.forms import LARGEST_ID
from search.exceptions import QueryError
from search.query.request import Box, DescribedImage, GalleryImage, UploadedImage, WantedImage

PART_MARK = "@"


class BoxField(forms.CharField):
    """A part of an image: left, top, width and height as fractions of its sides."""

    def clean(self, value: Any) -> Box | None:
        """Return the box; whether it lies within its image is seen when that is there."""
        text = super().clean(value)
        return read_box(text) if text else None


class ExamplesField(forms.Field):
    """Images of the gallery by number and uploaded ones by key, each with a part of it after an "@" or without."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, unlike: bool) -> None:
        super().__init__(required=False)
        self.unlike = unlike

    def clean(self, value: Any) -> list[GalleryImage | UploadedImage]:
        return [read_example(text, unlike=self.unlike) for text in value or []]


def read_box(text: str) -> Box:
    """Return a box.

    Raises
    ------
    ValidationError : it is not four numbers
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        expected = _("Expected a part of an image as left,top,width,height, each 0 to 1; got “%(got)s”.")
        raise forms.ValidationError(expected, params={"got": text[:60]})
    return Box(*numbers)


def read_example(text: str, *, unlike: bool) -> GalleryImage | UploadedImage:
    """Return one example.

    Raises
    ------
    ValidationError : it names no image
    """
    name, mark, part = str(text).partition(PART_MARK)
    box = read_box(part) if mark else None
    # Numbers of thousands of digits are not even turned into one.
    if name.isdecimal() and len(name) <= len(str(LARGEST_ID)) and 0 < int(name) <= LARGEST_ID:
        return GalleryImage(int(name), unlike, box)
    try:
        return UploadedImage(uuid.UUID(name), unlike, box)
    except ValueError as error:
        expected = _("Expected the number of an image, or the key of an uploaded one; got “%(got)s”.")
        raise forms.ValidationError(expected, params={"got": name[:60]}) from error


def write_examples(images: Sequence[WantedImage]) -> dict[str, list[str]]:
    """Return the values of the address by name; the opposite of what the fields read.

    Raises
    ------
    QueryError : one of the images is kept nowhere
    """
    found: dict[str, list[str]] = {}
    for image in images:
        if isinstance(image, DescribedImage):
            raise QueryError("kept_image_expected")
        if image.unlike:
            found.setdefault("unlike", []).append(write_example(image))
        elif not found:
            found["image" if isinstance(image, GalleryImage) else "query"] = [_key(image)]
            found |= {"box": [str(image.box)]} if image.box else {}
        else:
            found.setdefault("like", []).append(write_example(image))
    return found


def write_example(image: GalleryImage | UploadedImage) -> str:
    """Return one example as the address has it."""
    return _key(image) + (f"{PART_MARK}{image.box}" if image.box else "")


def _key(image: GalleryImage | UploadedImage) -> str:
    return str(image.image_id if isinstance(image, GalleryImage) else image.query_id)
