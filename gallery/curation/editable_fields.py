"""The fields of images that people may edit, one at a time: read and written for many images at once.

A field is named by a key that can be stored: `title`, `label`, `caption`, `common`, `tag:NAME`, `collection:ID` or
`attribute:NAME`. Its value is a text, True or False, or None where an image lacks the attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import connection

from gallery.models import Attribute, Collection, Image, Tag
from gallery.signals import visibility_changed

Value = str | bool | None
MAX_DISTINCT = 8
"""Values up to which one statement for all rows of a value is quicker than one for each row."""


class EditableField(Protocol):
    """One thing that can be said of every image. Both functions take at most a batch of images (`gallery.batches`)."""

    def read(self, image_ids: Sequence[int]) -> dict[int, Value]:
        """Return the value that each image has; images that cannot have one are left out."""

    def write(self, values: Mapping[int, Value]) -> None:
        """Give images these values; those that are gone are passed over."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the image itself."""

    name: str

    def read(self, image_ids: Sequence[int]) -> dict[int, Value]:
        return dict(Image.objects.filter(pk__in=image_ids).values_list("pk", self.name))

    def write(self, values: Mapping[int, Value]) -> None:
        ids_of = _by_value(values)
        if len(ids_of) > MAX_DISTINCT:
            # Not by `ImageQuerySet.update`, which would tell of `common`: that has two values and never comes here.
            self._write_each(values)
            return
        for text, image_ids in ids_of.items():
            Image.objects.filter(pk__in=image_ids).update(**{self.name: text})

    def _write_each(self, values: Mapping[int, Value]) -> None:
        """Write a value of its own to each row, ten times as fast as `bulk_update` with its one large statement."""
        table, column = map(connection.ops.quote_name, (Image._meta.db_table, self.name))
        statement = f"UPDATE {table} SET {column} = %s WHERE id = %s"  # noqa: S608 (both are names of our own)
        with connection.cursor() as cursor:
            cursor.executemany(statement, [(value, pk) for pk, value in values.items()])


@dataclass(frozen=True, slots=True)
class Tagged:
    """Whether an image has a tag."""

    name: str

    def read(self, image_ids: Sequence[int]) -> dict[int, Value]:
        having = Image.objects.filter(pk__in=image_ids, tags__name=self.name).values_list("pk", flat=True)
        return _membership(image_ids, having)

    def write(self, values: Mapping[int, Value]) -> None:
        links = Image.tags.through
        ids_of = _by_value(values)
        if adding := ids_of.get(True):
            tag, _created = Tag.objects.get_or_create(name=self.name)
            # Asked first: `ignore_conflicts` forgives links made meanwhile, but none to an image that is gone.
            known = Image.objects.filter(pk__in=adding).values_list("pk", flat=True)
            links._default_manager.bulk_create(
                [links(image_id=pk, tag_id=tag.pk) for pk in known], ignore_conflicts=True
            )
        links._default_manager.filter(image__in=ids_of.get(False, []), tag__name=self.name).delete()


@dataclass(frozen=True, slots=True)
class Collected:
    """Whether an image is in a collection."""

    collection_id: int

    def read(self, image_ids: Sequence[int]) -> dict[int, Value]:
        # The collection is gone: no image can be in it or left out of it.
        if not Collection.objects.filter(pk=self.collection_id).exists():
            return {}
        having = Image.objects.filter(pk__in=image_ids, collections=self.collection_id).values_list("pk", flat=True)
        return _membership(image_ids, having)

    def write(self, values: Mapping[int, Value]) -> None:
        links = Image.collections.through
        ids_of = _by_value(values)
        known = Image.objects.filter(pk__in=ids_of.get(True, [])).values_list("pk", flat=True)
        links._default_manager.bulk_create(
            [links(image_id=pk, collection_id=self.collection_id) for pk in known], ignore_conflicts=True
        )
        links._default_manager.filter(image__in=ids_of.get(False, []), collection=self.collection_id).delete()
        visibility_changed.send(sender=Image)  # rows made in bulk send no signal of their own


@dataclass(frozen=True, slots=True)
class Described:
    """The value of an attribute; None: the image lacks it."""

    name: str

    def read(self, image_ids: Sequence[int]) -> dict[int, Value]:
        rows = Attribute.objects.filter(image__in=image_ids, name=self.name)
        return dict.fromkeys(image_ids, None) | dict(rows.values_list("image_id", "value"))

    def write(self, values: Mapping[int, Value]) -> None:
        # Removed and made again: two statements for any mixture of values that change, appear and go.
        Attribute.objects.filter(image__in=list(values), name=self.name).delete()
        known = Image.objects.filter(pk__in=[pk for pk, value in values.items() if value is not None])
        Attribute.objects.bulk_create(
            [Attribute(image_id=pk, name=self.name, value=str(values[pk])) for pk in known.values_list("pk", flat=True)]
        )


def editable_field(key: str) -> EditableField:
    """Return the field that a key names.

    Raises
    ------
    ValueError : there is none of that name
    """
    kind, _colon, name = key.partition(":")
    if kind in ("title", "label", "caption", "common") and not name:
        return Field(kind)
    if kind == "collection" and name.isdecimal():
        return Collected(int(name))
    if kind in ("tag", "attribute") and name:
        return Tagged(name) if kind == "tag" else Described(name)
    raise ValueError(f"Expected title, label, caption, common, tag:…, collection:… or attribute:…, got {key!r}.")


def _by_value(values: Mapping[int, Value]) -> dict[Value, list[int]]:
    found: dict[Value, list[int]] = {}
    for pk, value in values.items():
        found.setdefault(value, []).append(pk)
    return found


def _membership(image_ids: Sequence[int], having: Iterable[int]) -> dict[int, Value]:
    found: dict[int, Value] = dict.fromkeys(image_ids, False)
    return found | dict.fromkeys(having, True)
