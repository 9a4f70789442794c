"""Roles and memberships in Django's admin, changed there as on the pages; and accounts, of which one stays admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _

from gallery.explained_form import invalid
from gallery.models import Account, Membership
from gallery.people.membership import (
    RoleError,
    is_last_admin,
    is_last_curator,
    last_admin_error,
    last_curator_error,
    remove_membership,
    set_membership,
    set_role,
)
from gallery.people.roles import Role

if TYPE_CHECKING:
    BaseAccountAdmin = admin.ModelAdmin[Account]
    BaseMembershipAdmin = admin.ModelAdmin[Membership]
    BaseAccountForm = ModelForm[Account]
    BaseMembershipForm = ModelForm[Membership]
    BaseUserForm = UserChangeForm[User]
    BaseUserAdmin = UserAdmin[User]
else:
    BaseAccountAdmin = BaseMembershipAdmin = admin.ModelAdmin
    BaseAccountForm = BaseMembershipForm = ModelForm
    BaseUserForm, BaseUserAdmin = UserChangeForm, UserAdmin


class KeepingForm(BaseUserForm):
    """An account; the last admin's stays one."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        stays = data.get("is_staff", True) and data.get("is_active", True)
        if not stays and is_last_admin(self.instance):
            raise invalid(last_admin_error(self.instance))
        return data


class KeepsAnAdmin(BaseUserAdmin):
    """Accounts, of which the last admin's can neither be demoted nor deleted."""

    form = KeepingForm

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not is_last_admin(obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete the chosen accounts, but never every admin: who is asking stays."""
        others = queryset.exclude(pk=cast(User, request.user).pk)
        if others.count() < queryset.count():
            text = _("Your own account was left out; ask another admin to delete it.")
            messages.warning(request, text, extra_tags="own_account_stays")
        super().delete_queryset(request, others)


class AccountForm(BaseAccountForm):
    """A role on the site."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        user = data.get("user") or getattr(self.instance, "user", None)
        if user is not None and data.get("role", Role.ADMIN) != Role.ADMIN and is_last_admin(user):
            raise invalid(last_admin_error(user))
        return data


@admin.register(Account)
class AccountAdmin(BaseAccountAdmin):
    """Roles on the site. Who has none is what NEW_ACCOUNT_ROLE says."""

    form = AccountForm
    list_display = ["user", "role"]
    list_filter = ["role"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email"]
    autocomplete_fields = ["user"]
    ordering = ["user__username"]

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> list[str]:
        return ["user"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        set_role(obj.user, Role(obj.role), cast(User, request.user))


class MembershipForm(BaseMembershipForm):
    """A role in a collection."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        held = self.instance
        if held.pk and data.get("role", Role.CURATOR) < Role.CURATOR and is_last_curator(held.collection, held.user):
            raise invalid(last_curator_error(held.user))
        return data


@admin.register(Membership)
class MembershipAdmin(BaseMembershipAdmin):
    """Roles in collections."""

    form = MembershipForm
    list_display = ["collection", "user", "role"]
    list_display_links = ["collection", "user"]
    list_filter = ["role"]
    list_select_related = ["collection", "user"]
    search_fields = ["collection__name", "user__username"]
    autocomplete_fields = ["collection", "user"]
    ordering = ["collection__name", "user__username"]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        return ["collection", "user"] if obj else []

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        set_membership(obj.collection, obj.user, Role(obj.role), cast(User, request.user))
        # The admin links to it and logs it, but did not save it.
        obj.pk = Membership.objects.get(collection=obj.collection, user=obj.user).pk

    def has_delete_permission(self, request: HttpRequest, obj: Membership | None = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not is_last_curator(obj.collection, obj.user))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        remove_membership(obj.collection, obj.user, cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        # One by one: who goes first may leave another as the last curator.
        for held in queryset.select_related("collection", "user"):
            try:
                remove_membership(held.collection, held.user, cast(User, request.user))
            except RoleError as error:
                messages.error(request, str(error), extra_tags=error.code)
