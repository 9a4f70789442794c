"""What people fill in on the pages of accounts, where it is not as django-allauth has it."""

from __future__ import annotations

from allauth.account.forms import LoginForm, SignupForm
from allauth.account.models import EmailAddress
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.roles import Role

MAX_USERNAME = 150


class NamedLoginForm(LoginForm):  # type: ignore[misc]  # allauth is not typed
    """The log-in, in this site's words."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.fields["login"].label = _("User name or e-mail address")
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        self.fields["password"].help_text = ""
        self.fields["remember"].label = _("Stay logged in on this computer")


class NamedSignupForm(SignupForm):  # type: ignore[misc]  # allauth is not typed
    """The form of those who make an account, in this site's words."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.fields["username"].label = _("User name")
        self.fields["email"].label = _("E-mail address")
        self.fields["password2"].label = _("Password, once more")


class InvitationForm(forms.Form):
    """An account to be made for somebody."""

    name = forms.CharField(
        label=gettext_lazy("User name"), max_length=MAX_USERNAME, validators=[UnicodeUsernameValidator()]
    )
    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        max_length=254,
        help_text=gettext_lazy("They get the link by mail, and can log in by the address too."),
    )
    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"), choices=Role.choices, initial=Role.VIEWER, coerce=lambda value: Role(int(value))
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if get_user_model().objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("There is an account “%(name)s” already.") % {"name": name})
        return name

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].lower()
        taken = EmailAddress.objects.filter(email__iexact=address).exists()
        if address and (taken or get_user_model().objects.filter(email__iexact=address).exists()):
            raise forms.ValidationError(_("Another account has the address %(address)s.") % {"address": address})
        return address
