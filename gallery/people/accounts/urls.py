"""URLs of accounts, under the names that django-allauth gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allauth.account import urls as account
from allauth.mfa import urls as second_factor
from allauth.socialaccount import urls as other_sites
from django.db import transaction
from django.urls import URLPattern, URLResolver, include, path

from gallery.people.accounts.single_sign_on import come_back, leave

TOLD = {
    *("account_change_password", "account_set_password", "account_reset_password_from_key", "account_confirm_email"),
    *("mfa_activate_totp", "mfa_deactivate_totp", "mfa_generate_recovery_codes", "socialaccount_connections"),
}
"""Where people change their accounts; the change and the record of it are kept together or not at all."""
Patterns = Sequence[URLPattern | URLResolver]


def in_transactions(patterns: Patterns) -> Iterator[URLPattern | URLResolver]:
    """Yield addresses with those in TOLD each in a transaction."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield URLResolver(each.pattern, list(in_transactions(each.url_patterns)), each.default_kwargs)
        elif each.name in TOLD:
            yield URLPattern(each.pattern, transaction.atomic(each.callback), each.default_args, each.name)
        else:
            yield each


urlpatterns = [
    *in_transactions(account.urlpatterns),
    path("2fa/", include(list(in_transactions(second_factor.urlpatterns)))),
    path("3rdparty/", include(list(in_transactions(other_sites.urlpatterns)))),
    path("oidc/<str:provider_id>/login/", leave, name="openid_connect_login"),
    path("oidc/<str:provider_id>/login/callback/", come_back, name="openid_connect_callback"),
]
