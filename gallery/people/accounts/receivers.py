"""Changes of people's own accounts, logged: passwords, addresses, second factors, log-in by other sites."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from allauth.account import signals as account
from allauth.mfa import signals as second_factor
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as single_sign_on
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.http import HttpRequest

from gallery.audit_events import Action, log_act
from gallery.people.accounts.acts import AccountAct

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ACTS: dict[str, tuple[Signal, AccountAct]] = {
    "password_changed": (account.password_changed, AccountAct.CHANGE_PASSWORD),
    "password_set": (account.password_set, AccountAct.SET_PASSWORD),
    "password_reset": (account.password_reset, AccountAct.SET_PASSWORD_BY_LINK),
    "email_changed": (account.email_changed, AccountAct.CHANGE_ADDRESS),
    "authenticator_removed": (second_factor.authenticator_removed, AccountAct.REMOVE_SECOND_FACTOR),
    "social_account_removed": (single_sign_on.social_account_removed, AccountAct.PART_FROM_OTHER_SITE),
}


def _teller(act: AccountAct) -> Callable[..., None]:
    def receive(sender: Any, request: HttpRequest, user: User | None = None, **about: Any) -> None:
        person = user or about["socialaccount"].user
        details = {"type": about["authenticator"].type} if "authenticator" in about else {}
        with transaction.atomic():
            log_act(person, Action.ACCOUNT, person.get_username(), act=act, **details)

    return receive


def _tell_of_second_factor(sender: Any, instance: Authenticator, created: bool, **about: Any) -> None:
    """Tell of an app or of recovery codes; django-allauth's own signal comes after the transaction."""
    if created:
        with transaction.atomic():
            log_act(
                instance.user,
                Action.ACCOUNT,
                instance.user.get_username(),
                act=AccountAct.ADD_SECOND_FACTOR,
                type=instance.type,
            )


def _tell_of_joining(sender: Any, request: HttpRequest, sociallogin: Any, **about: Any) -> None:
    with transaction.atomic():
        log_act(sociallogin.user, Action.ACCOUNT, sociallogin.user.get_username(), act=AccountAct.JOIN_OTHER_SITE)


def connect() -> None:
    """Listen to django-allauth."""
    for name, (signal, act) in ACTS.items():
        # Nothing else holds the closure.
        signal.connect(_teller(act), weak=False, dispatch_uid=f"gallery.people.accounts.{name}")
    post_save.connect(
        _tell_of_second_factor, sender=Authenticator, dispatch_uid="gallery.people.accounts.second_factor"
    )
    single_sign_on.social_account_added.connect(_tell_of_joining, dispatch_uid="gallery.people.accounts.joined")
