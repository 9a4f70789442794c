"""What people do with their own accounts, as the record of their acts keeps it."""

from __future__ import annotations

from enum import StrEnum


class AccountAct(StrEnum):
    """One act; its value stays what older rows of the record have."""

    SIGN_UP = "sign up"
    BEGIN_BY_OTHER_SITE = "begin by OpenID Connect"
    JOIN_OTHER_SITE = "join with another site"
    PART_FROM_OTHER_SITE = "part from another site"
    INVITE = "invite"
    MAKE_LINK = "make a link to set a password"
    SET_PASSWORD = "set a password"  # noqa: S105 (an act, no password)
    SET_PASSWORD_BY_LINK = "set a password by a link"  # noqa: S105 (an act, no password)
    CHANGE_PASSWORD = "change the password"  # noqa: S105 (an act, no password)
    CHANGE_ADDRESS = "change the address"
    ADD_SECOND_FACTOR = "add a second factor"
    REMOVE_SECOND_FACTOR = "remove a second factor"
