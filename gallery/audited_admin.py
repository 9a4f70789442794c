"""Base classes of the admins of all apps: actions logged like those on the pages, and rows that are read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.db.models import Model, QuerySet
from django.forms import BaseModelForm
from django.http import HttpRequest

from gallery.audit_events import Action, Many, log_act, logged_at_end

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

# "data" is where django-allauth keeps what a second factor rests on.
SECRETS = ("password", "secret", "data", "token")
"""Fields whose values are never logged."""
MAX_TEXT = 500


class AuditedAdmin(Base):
    """A model in the admin: additions, changes and deletions are logged, in the same transaction."""

    logged_as: Action = Action.SETTINGS

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        # The only hook that is given the form: log_addition and log_change get Django's sentences about it.
        request.logged_changes = changes_of(form)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        if request.method != "POST":
            return super().changeform_view(request, *args, **options)
        # Django writes the tags of an image, and its own history, after what `save_model` logs.
        with logged_at_end():
            return super().changeform_view(request, *args, **options)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._log_act(request, [obj], "add", changes=getattr(request, "logged_changes", {}))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._log_act(request, [obj], "change", changes=getattr(request, "logged_changes", {}))
        return super().log_change(request, obj, message)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with logged_at_end():
            self._log_act(request, [obj], "delete")  # before its id is gone
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with logged_at_end():
            self._log_act(request, list(queryset), "delete")
            super().delete_queryset(request, queryset)

    def _log_act(self, request: HttpRequest, objs: list[Any], act: str, **about: Any) -> None:
        subjects = [_subject(obj) for obj in objs]
        named = subjects[0] if len(objs) == 1 else Many(self.opts.label, len(objs))
        details = {"in": self.opts.label, "act": act, "ids": [str(obj.pk) for obj in objs], "names": subjects}
        log_act(request.user, self.logged_as, named, **details, **about)


class ReadOnly:
    """Rows that machines write: people look at them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def changes_of(form: BaseModelForm[Any]) -> dict[str, Any]:
    """Return what a form changes, by field: before and after, as text; of secrets only that they change."""
    changes: dict[str, Any] = {}
    for name in form.changed_data:
        if any(secret in name for secret in SECRETS):
            changes[name] = "changed"
        else:
            before, after = form.initial.get(name), form.cleaned_data.get(name)
            changes[name] = {"before": _words(before), "after": _words(after)}
    return changes


def _words(value: Any) -> Any:
    if isinstance(value, list | tuple | set | QuerySet):
        return sorted(str(_words(each)) for each in value)
    if isinstance(value, models.Model):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:MAX_TEXT]


def _subject(obj: Any) -> str:
    sha256 = getattr(obj, "sha256", "")
    return sha256 if isinstance(sha256, str) and sha256 else str(obj)
