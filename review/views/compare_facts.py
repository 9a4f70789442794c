"""Metadata of two images side by side, differences highlighted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from gallery.models import Image


@dataclass(frozen=True, slots=True)
class ImageFact:
    """One line: what it is about, and what each image says."""

    label: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        return self.first != self.second


def make_facts(first: Image, second: Image) -> list[ImageFact]:
    """Return the facts of which at least one image has something to say; relations should be prefetched."""
    one, other = dict(_facts(first)), dict(_facts(second))
    labels = list(dict.fromkeys([*one, *other]))
    lines = [ImageFact(label, one.get(label, ""), other.get(label, "")) for label in labels]
    return [line for line in lines if line.first or line.second]


def _facts(image: Image) -> Iterator[tuple[str, str]]:
    yield _("Title"), image.title
    yield _("File name"), image.original_name
    yield _("Label"), image.label
    yield _("Caption"), image.caption
    yield _("Size"), f"{image.width} × {image.height}"
    yield _("File type"), image.format
    yield _("File size"), f"{filesizeformat(image.num_bytes)} ({intcomma(image.num_bytes)})"
    yield _("Frames"), str(image.num_frames) if image.num_frames > 1 else ""
    yield _("Collections"), ", ".join(collection.name for collection in image.collections.all())
    yield _("Tags"), ", ".join(tag.name for tag in image.tags.all())
    yield _("Uploaded"), formats.date_format(timezone.localtime(image.uploaded_at), "DATETIME_FORMAT")
    yield _("Uploaded by"), str(image.uploaded_by or "")
    yield _("SHA-256 of the file"), image.sha256
    yield _("SHA-256 of the pixels"), image.pixels_sha256
    for attribute in image.attributes.all():
        yield attribute.name, attribute.value
