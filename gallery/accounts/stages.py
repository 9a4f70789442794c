"""What happens between a right password and being logged in."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class FirstLoginStage(EmailVerificationStage):  # type: ignore[misc]  # allauth is not typed
    """Ask people who signed up by themselves to confirm their address, before they are in for the first time.

    Whoever has been in before is never locked out for want of a mail, nor is an account without an address.
    """

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        addresses = EmailAddress.objects.filter(user=user)
        if user.last_login or not addresses.exists() or addresses.filter(verified=True).exists():
            return None, True
        response: tuple[Any, bool] = super().handle()
        return response
