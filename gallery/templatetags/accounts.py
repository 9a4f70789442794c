"""Template tags of the pages of accounts."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Return the control of a field in the site's look, without the placeholder that only repeats the label."""
    widget = field.field.widget
    widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs={} if isinstance(widget, CheckboxInput) else {"class": "input"})


@register.filter
def is_tick(field: BoundField) -> bool:
    """Tell whether a field is a box to tick, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.simple_tag
def mails_stay_here() -> bool:
    """Tell whether mails are only written into a folder of the server."""
    return bool(settings.EMAIL_BACKEND.endswith(".filebased.EmailBackend"))


@register.simple_tag
def second_factor_offered() -> bool:
    """Tell whether people may set up a second factor."""
    return bool(settings.SECOND_FACTOR != "off")


@register.simple_tag
def single_sign_on() -> str:
    """Return the name of the OpenID Connect provider, empty where there is none."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return str(apps[0]["name"]) if apps else ""


@register.simple_tag
def sign_up_open() -> bool:
    """Tell whether people may make accounts by themselves."""
    return bool(settings.SIGN_UP)
