"""What people fill in on the pages of accounts, where it is not as django-allauth has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.people.roles import Role

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MAX_USERNAME = 150
USER_NAME, ADDRESS = gettext_lazy("User name"), gettext_lazy("E-mail address")
NEW, AGAIN = gettext_lazy("New password"), gettext_lazy("The same once more")


class Named(forms.Form):
    """A form of django-allauth in this site's words."""

    labels: ClassVar[dict[str, StrPromise]] = {}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, label in self.labels.items():
            self.fields[name].label = label


class NamedLoginForm(Named, LoginForm):  # type: ignore[misc]  # allauth is not typed
    """The log-in."""

    labels = {
        "login": gettext_lazy("User name or e-mail address"),
        "remember": gettext_lazy("Stay logged in on this computer"),
    }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        self.fields["password"].help_text = ""  # the page has a link of its own for forgotten ones


class NamedSignupForm(Named, SignupForm):  # type: ignore[misc]
    """For those who make an account."""

    labels = {"username": USER_NAME, "email": ADDRESS, "password2": AGAIN}


class NamedAddressForm(Named, AddEmailForm):  # type: ignore[misc]
    """Another address."""

    labels = {"email": gettext_lazy("New address")}


class NamedChangeForm(Named, ChangePasswordForm):  # type: ignore[misc]
    """Another password."""

    labels = {"oldpassword": gettext_lazy("Password so far"), "password1": NEW, "password2": AGAIN}


class NamedSetForm(Named, SetPasswordForm):  # type: ignore[misc]
    """A first password."""

    labels = {"password2": AGAIN}


class NamedResetForm(Named, ResetPasswordForm):  # type: ignore[misc]
    """Where to send a link."""

    labels = {"email": ADDRESS}


class NamedLinkForm(Named, ResetPasswordKeyForm):  # type: ignore[misc]
    """A password by a link."""

    labels = {"password1": NEW, "password2": AGAIN}


class InvitationForm(forms.Form):
    """An account to be made for somebody."""

    name = forms.CharField(label=USER_NAME, max_length=MAX_USERNAME, validators=[UnicodeUsernameValidator()])
    address = forms.EmailField(
        label=ADDRESS,
        required=False,
        max_length=254,
        help_text=gettext_lazy("They get the link by mail, and can log in by the address too."),
    )
    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, initial=Role.VIEWER, coerce=lambda value: Role(int(value))
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if get_user_model().objects.filter(username__iexact=name).exists():  # the log-in does not heed case
            raise forms.ValidationError(
                _("There is an account “%(name)s” already.") % {"name": name}, code="name_taken"
            )
        return name

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].lower()
        taken = EmailAddress.objects.filter(email__iexact=address).exists()
        if address and (taken or get_user_model().objects.filter(email__iexact=address).exists()):
            text = _("Another account has the address %(address)s.")
            raise forms.ValidationError(text, code="address_taken", params={"address": address})
        return address
