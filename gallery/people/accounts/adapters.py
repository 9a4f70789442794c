"""Where django-allauth asks how this site wants things: who may sign up, how mail fails, how secrets are kept."""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
from functools import partial
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from gallery.audit_events import Action, log_act
from gallery.people.accounts.acts import AccountAct
from gallery.people.accounts.second_factor import is_demanded

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialLogin
    from django.contrib.auth.models import User

MAIL_ERRORS = (OSError, SMTPException)
SECRET_BYTES = 20
logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """Log-in by name or e-mail address; people sign up by themselves only where SIGN_UP allows it."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP)

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.account.stages.EmailVerificationStage": "gallery.people.accounts.stages.FirstLoginStage"}
        return [ours.get(path, path) for path in super().get_login_stages()]

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return where a request comes from; behind a Unix socket without a proxy all share one name."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return "unknown"

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Keep who signed up, and the record of it."""
        with transaction.atomic():
            super().save_user(request, user, form, commit)
            if commit:
                log_act(user, Action.ACCOUNT, user.get_username(), act=AccountAct.SIGN_UP)
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; where that fails, people are told so, whether the address is known or not."""
        try:
            super().send_mail(template_prefix, email, context)
        except MAIL_ERRORS as error:
            logger.exception("mail %s could not be sent", template_prefix)
            raise ImmediateHttpResponse(render(self.request, "account/mail_failed.html", status=503)) from error

    def send_notification_mail(self, *args: Any, **options: Any) -> None:
        """Tell people of a change to their account once it is kept; it stands though the mail cannot be sent."""
        transaction.on_commit(partial(self._notify, *args, **options))

    def _notify(self, *args: Any, **options: Any) -> None:
        try:
            super().send_notification_mail(*args, **options)
        except ImmediateHttpResponse:
            logger.warning("a change to an account could not be told by mail")


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """Log-in by the OpenID Connect provider that the environment names."""

    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "no_password": gettext_lazy("Set a password first: without one you could not log in any more."),
        "no_verified_email": gettext_lazy("Confirm an address first: without one you could not get a new password."),
    }

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return bool(settings.OIDC_NEW_ACCOUNTS)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Keep an account that begins with the provider; its role is NEW_ACCOUNT_ROLE until somebody changes it."""
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            log_act(user, Action.ACCOUNT, user.get_username(), act=AccountAct.BEGIN_BY_OTHER_SITE)
        return user


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is not typed
    """Secrets of authenticator apps and recovery codes, encrypted by a key that comes from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; where SECRET_KEY has changed since, one that nobody knows, so that no code fits."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.error("the secret of a second factor cannot be read: SECRET_KEY has changed since it was stored")
            return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not is_demanded(authenticator.user)


def _cipher() -> Fernet:
    # The prefix keeps this key apart from other uses of SECRET_KEY, which is random and needs no slow derivation.
    digest = hashlib.sha256(b"second factor:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
