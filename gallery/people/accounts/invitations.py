"""Accounts that admins make for others, and the links by which people set a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest

from gallery.audit_events import Action, log_act, logged_at_end
from gallery.people.accounts.acts import AccountAct
from gallery.people.membership import set_role
from gallery.people.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def invite(by: User, *, name: str, address: str, role: Role) -> User:
    """Make an account without a password; the admin who makes it vouches for the address.

    Parameters
    ----------
    by : who invites
    name : user name, not taken
    address : of mail, not taken; empty: none
    role : on the site

    Returns
    -------
    user : may log in once they have set a password by a link
    """
    with logged_at_end():
        user = get_user_model().objects.create_user(name, address)
        if address:
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
        log_act(by, Action.ACCOUNT, name, act=AccountAct.INVITE, address=address)
        set_role(user, role, by)
    return user


def make_link(request: HttpRequest, by: User, user: User) -> str:
    """Return an address where a person sets a new password, once and within PASSWORD_RESET_TIMEOUT."""
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    with transaction.atomic():
        log_act(by, Action.ACCOUNT, user.get_username(), act=AccountAct.MAKE_LINK)
    return str(get_adapter(request).get_reset_password_from_key_url(f"{user_pk_to_url_str(user)}-{key}"))


def send_link(request: HttpRequest, by: User, user: User, link: str) -> None:
    """Mail a person the link.

    Raises
    ------
    allauth.core.exceptions.ImmediateHttpResponse : the mail cannot be sent; carries the page that says so
    """
    context = {"link": link, "user": user, "by": by}
    get_adapter(request).send_mail("account/email/invitation", user.email, context)
