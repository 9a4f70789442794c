"""Finding images by words: in their names, texts, tags and attributes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from more_itertools import unique_everseen

from gallery.models import Attribute, Image, ImageQuerySet

TEXTS = ("original_name", "title", "label", "caption")
NAMING = ("original_name", "title", "label")
"""The texts that name what an image shows; a caption may also say what it does not."""
MAX_LOOKED_AT = 2000
"""Images with the letters of the words somewhere that are looked at closely, the newest of them."""


def mentions(text: str) -> Q:
    """Select the images that have a text somewhere; `name:value` also means that attribute alone.

    Names, tags and attributes are sought each by itself and their images named by number: joined to the images, each of
    them would multiply the rows, and asked for row by row, every row of the library would be looked at for each.
    """
    attributed = Attribute.objects.order_by().filter(_of_attribute(text)).values("image")
    # All: IN minds no doubles, sorting them out would cost.
    return Q(pk__in=_named(text, TEXTS).union(_tagged(text), attributed, all=True))


def ids_saying(images: ImageQuerySet, text: str, most: int) -> list[int]:
    """Return images that are named by all of these words: in title, label, file name and tags; the newest first.

    A word is one by itself: "cat" stands in "black-cat_01.jpg" and not in "catalog". Scripts without spaces between
    words have no such borders.

    Parameters
    ----------
    images : that may be found
    text : the words
    most : images wanted
    """
    words = words_of(text)
    if not words:
        return []
    for word in words:
        images = images.filter(pk__in=_named(word, NAMING).union(_tagged(word), all=True))
    # So far by letters alone: where words begin and end is seen below, since each database has patterns of its own.
    near = images.order_by("-pk")[:MAX_LOOKED_AT]
    rows = {pk: names for pk, *names in near.values_list("pk", *NAMING)}
    tagged = Image.tags.through._default_manager.filter(image__in=list(rows))
    for pk, tag in tagged.values_list("image", "tag__name"):
        rows[pk].append(tag)
    patterns = [_pattern(word) for word in words]
    said = (pk for pk, names in rows.items() if _say_all(names, patterns))
    return [pk for pk, _place in zip(said, range(most), strict=False)]


def words_of(text: str) -> list[str]:
    """Return the words of a text, without marks around them and each once.

    Examples
    --------
    >>> words_of("a “Red” car, red"), words_of("夜里的 狗")
    (['a', 'Red', 'car'], ['夜里的', '狗'])
    """
    words = unicodedata.normalize("NFKC", text).split()
    found = (word.strip("".join(letter for letter in word if not letter.isalnum())) for word in words)
    # As they were typed, not in small letters: databases do not fold every alphabet as Python does.
    return list(unique_everseen(filter(None, found), key=str.casefold))


def _pattern(word: str) -> re.Pattern[str]:
    before = r"(?<![^\W\d_])" if _is_bordered(word[0]) else ""
    after = r"(?![^\W\d_])" if _is_bordered(word[-1]) else ""
    return re.compile(before + re.escape(word.casefold()) + after)


def _is_bordered(character: str) -> bool:
    """Tell whether a letter belongs to a script that sets spaces between words."""
    name = unicodedata.name(character, "")
    return character.isalpha() and not name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI"))


def _say_all(names: Iterable[str], patterns: Sequence[re.Pattern[str]]) -> bool:
    text = unicodedata.normalize("NFKC", "\n".join(names)).casefold()
    return all(pattern.search(text) for pattern in patterns)


def _named(text: str, fields: Sequence[str]) -> QuerySet[Any, Any]:
    """Return the numbers of the images with a text in one of these fields."""
    named = Q()
    for name in fields:
        named |= Q(**{f"{name}__icontains": text})
    return Image.objects.order_by().filter(named).values("pk")


def _tagged(text: str) -> QuerySet[Any, Any]:
    return Image.tags.through._default_manager.filter(tag__name__icontains=text).values("image")


def _of_attribute(text: str) -> Q:
    name, colon, value = (part.strip() for part in text.partition(":"))
    return Q(value__icontains=text) | (Q(name__iexact=name, value__icontains=value) if colon and name else Q())
