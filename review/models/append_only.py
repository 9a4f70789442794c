"""Rows that are only ever added."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from review.exceptions import AppendOnlyError


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that nobody may change or remove."""

    def update(self, **values: Any) -> NoReturn:
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError


class AppendOnly(models.Model):
    """A row that nobody may change or remove once it is there."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError
