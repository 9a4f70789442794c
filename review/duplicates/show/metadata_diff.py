"""The metadata of copies side by side, with what differs from the suggested keeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from gallery.models import Image
from review.duplicates.decide.keeper import Copy


@dataclass(frozen=True, slots=True)
class MetadataDifference:
    """One thing known of an image; `differs`: it is otherwise with the copy that should stay."""

    label: str
    value: str
    differs: bool


def facts_of(images: Sequence[Image]) -> list[Sequence[MetadataDifference]]:
    """Return what is known of each image of a group, the one that should stay first.

    Parameters
    ----------
    images : with their tags, visible collections and attributes prefetched
    """
    values = [_values(image) for image in images]
    kept = values[0]
    return [
        [MetadataDifference(label, value, value != kept[label]) for label, value in own.items() if value or kept[label]]
        for own in values
    ]


def copy_of(image: Image) -> Copy:
    """Return what `review.duplicates.decide.keeper` weighs of an image, from what is prefetched."""
    texts = (image.title, image.label, image.caption)
    related = (image.tags.all(), image.collections.all(), image.attributes.all())
    num_facts = sum(map(bool, texts)) + sum(len(each) for each in related)
    return Copy(image.pk, image.width * image.height, image.format, image.num_bytes, num_facts, image.uploaded_at)


def _values(image: Image) -> dict[str, str]:
    attributes = [f"{each.name}: {each.value}" for each in image.attributes.all()]
    return {
        _("Pixels"): f"{image.width} × {image.height}",
        _("File"): f"{image.format} · {filesizeformat(image.num_bytes)}",
        _("Name"): image.original_name,
        _("Added"): formats.date_format(timezone.localtime(image.uploaded_at), "SHORT_DATE_FORMAT"),
        _("Title"): image.title,
        _("Label"): image.label,
        _("Tags"): ", ".join(sorted(str(tag) for tag in image.tags.all())),
        _("Collections"): ", ".join(sorted(str(collection) for collection in image.collections.all())),
        _("Attributes"): ", ".join(attributes),
    }
