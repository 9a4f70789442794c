"""What is sent about people: filters of their list, and roles."""

from __future__ import annotations

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.explained_form import ExplainedForm
from gallery.models import COLLECTION_ROLES
from gallery.people.roles import Role

MOST_OF_A_NAME = 254
ROLE_ERRORS = {"required": gettext_lazy("Choose a role."), "invalid_choice": gettext_lazy("There is no such role.")}


class PeopleForm(forms.Form):
    """The filters of the list of people, all of them in the URL."""

    q = forms.CharField(label=gettext_lazy("Name or address"), required=False, max_length=MOST_OF_A_NAME)
    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("All roles")), *Role.choices],
    )
    inactive = forms.BooleanField(label=gettext_lazy("Only those who may not log in"), required=False)

    def query(self) -> dict[str, str]:
        """Return the filters that are set, as the URL carries them."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


class RoleForm(forms.Form):
    """A role on the site."""

    role = forms.TypedChoiceField(coerce=int, choices=Role.choices, error_messages=ROLE_ERRORS)


class MemberForm(ExplainedForm):
    """Somebody, by name or address, and their role in a collection."""

    person = forms.CharField(
        label=gettext_lazy("User name or e-mail address"),
        max_length=MOST_OF_A_NAME,
        error_messages={"required": gettext_lazy("Say who it is, by user name or e-mail address.")},
    )
    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"), coerce=int, choices=COLLECTION_ROLES, error_messages=ROLE_ERRORS
    )

    def clean_person(self) -> User:
        """Find the account."""
        text: str = self.cleaned_data["person"]
        active = User.objects.filter(is_active=True)
        # One person's name may be another's address, and several may share an address.
        named = active.filter(username=text)[:1] or active.filter(email__iexact=text)[:2]
        if len(named) != 1:
            problem = _("several accounts have that address; give the user name") if named else _("there is none")
            raise forms.ValidationError(
                _("Expected the user name or e-mail address of an account, got “%(text)s”: %(problem)s."),
                code="ambiguous" if named else "no_account",
                params={"text": text, "problem": problem},
            )
        return named[0]
