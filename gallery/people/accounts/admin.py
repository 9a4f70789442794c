"""Accounts in Django's admin, where actions on people are logged. Settings of the environment are not shown there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.admin import SocialAccountAdmin
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from gallery.admin.people import KeepsAnAdmin
from gallery.audit_events import Action
from gallery.audited_admin import AuditedAdmin

if TYPE_CHECKING:
    BaseAuthenticatorAdmin = admin.ModelAdmin[Authenticator]
    BaseUserAdmin = UserAdmin[User]
else:
    BaseAuthenticatorAdmin, BaseUserAdmin = admin.ModelAdmin, UserAdmin

# Django and django-allauth registered theirs, which log nothing; those not registered again are set by the environment.
for model in (User, Group, EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


@admin.register(User)
class AuditedUserAdmin(KeepsAnAdmin, AuditedAdmin, BaseUserAdmin):
    """People."""

    logged_as = Action.ACCOUNT


@admin.register(Group)
class AuditedGroupAdmin(AuditedAdmin, GroupAdmin):
    """Groups of Django's permissions."""

    logged_as = Action.ROLE


@admin.register(EmailAddress)
class AuditedEmailAddressAdmin(AuditedAdmin, EmailAddressAdmin):  # type: ignore[misc]  # allauth is not typed
    """Addresses of people."""

    logged_as = Action.ACCOUNT


@admin.register(SocialAccount)
class AuditedSocialAccountAdmin(AuditedAdmin, SocialAccountAdmin):  # type: ignore[misc]  # allauth is not typed
    """Accounts at other sites that people log in by."""

    logged_as = Action.ACCOUNT


@admin.register(Authenticator)
class AuthenticatorAdmin(AuditedAdmin, BaseAuthenticatorAdmin):
    """Second factors; deleting one lets in people who lost their phone. Their secrets are shown to nobody."""

    logged_as = Action.ACCOUNT
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__username"]
    readonly_fields = ["user", "type", "created_at", "last_used_at"]
    fields = [*readonly_fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
