"""Finding images by words: in their names, texts, tags and attributes."""

from __future__ import annotations

from django.db.models import Q

from gallery.models import Attribute, Image

TEXTS = ("original_name", "title", "label", "caption")


def mentions(text: str) -> Q:
    """Select the images that have a text somewhere; `name:value` also means that attribute alone.

    Names, tags and attributes are sought each by itself and their images named by number: joined to the images, each of
    them would multiply the rows, and asked for row by row, every row of the library would be looked at for each.
    """
    named = Q()
    for name in TEXTS:
        named |= Q(**{f"{name}__icontains": text})
    mentioning = Image.objects.order_by().filter(named).values("pk")
    tagged = Image.tags.through._default_manager.filter(tag__name__icontains=text).values("image")
    attributed = Attribute.objects.order_by().filter(_of_attribute(text)).values("image")
    # All: IN minds no doubles, sorting them out would cost.
    return Q(pk__in=mentioning.union(tagged, attributed, all=True))


def _of_attribute(text: str) -> Q:
    name, colon, value = (part.strip() for part in text.partition(":"))
    return Q(value__icontains=text) | (Q(name__iexact=name, value__icontains=value) if colon and name else Q())
