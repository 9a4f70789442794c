"""What happens between a right password and being logged in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class FirstLoginStage(EmailVerificationStage):  # type: ignore[misc]  # allauth is not typed
    """Ask people who signed up by themselves to confirm their address, before they are in for the first time.

    Whoever has been in before is never locked out for want of a mail, nor is an account without an address. Without a
    user somebody gave an address that another account has: they hear the same, and the mail tells the rest.
    """

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        if user is None:
            send_verification_email_at_login(self.request, self.login)
            return get_adapter().respond_email_verification_sent(self.request, None), True
        addresses = EmailAddress.objects.filter(user=user)
        if user.last_login or not addresses.exists() or addresses.filter(verified=True).exists():
            return None, True
        response: tuple[Any, bool] = super().handle()
        return response
