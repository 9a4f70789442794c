"""Finding images by words: in their names, texts, tags and attributes."""

from __future__ import annotations

from django.db.models import Q

from gallery.models import Attribute, Image


def mentions(text: str) -> Q:
    """Select the images that have a text somewhere; `name:value` also means that attribute alone.

    The tags and attributes are sought first and their images named by number: joined to the images, each of them would
    multiply the rows, and every row of the library would be looked at for each.
    """
    tagged = Image.tags.through._default_manager.filter(tag__name__icontains=text).values("image")
    attributed = Attribute.objects.order_by().filter(_of_attribute(text)).values("image")
    texts = ("original_name", "title", "label", "caption")
    found = Q(pk__in=tagged) | Q(pk__in=attributed)
    for name in texts:
        found |= Q(**{f"{name}__icontains": text})
    return found


def _of_attribute(text: str) -> Q:
    name, colon, value = (part.strip() for part in text.partition(":"))
    return Q(value__icontains=text) | (Q(name__iexact=name, value__icontains=value) if colon and name else Q())
