"""System checks: settings of accounts that cannot work together are reported at the start, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from config.openness import is_loopback

TAG = "likeness"


@register(TAG)
def check_sign_up(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that people who sign up can be sent the link that lets them in."""
    if not settings.SIGN_UP or settings.ENV.email_url:
        return []
    text = "SIGN_UP is on, but no mail leaves this site: who signs up never gets the link to confirm the address."
    return [Warning(text, hint="Name a mail server by EMAIL_URL, or invite people instead.", id="gallery.W001")]


@register(TAG)
def check_provider(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that what the OpenID Connect provider says cannot be forged on the way."""
    parts = urlsplit(settings.ENV.oidc_issuer)
    if not settings.ENV.oidc_issuer or parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return []
    text = f"OIDC_ISSUER={settings.ENV.oidc_issuer} is not reached by HTTPS: anybody on the way can log in as anybody."
    return [Warning(text, hint="Give the address that begins with https://.", id="gallery.W002")]
