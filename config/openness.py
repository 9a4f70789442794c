"""Who may browse, search and upload without a log-in: nobody, the people at this machine, or everybody."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from config.environment import Environment

LOCAL: Final = "local"
Openness = bool | Literal["local"]


def openness(asked: Openness, environment: Environment) -> Openness:
    """Return what is asked for, but `local` only where no setting speaks of other people."""
    return asked if asked != LOCAL or not signs_of_others(environment) else False


def signs_of_others(environment: Environment) -> list[str]:
    """Return the settings which say that others than the people at this machine reach the site.

    A proxy on this machine connects from a loopback address, as a browser here does, for whomever it serves.
    """
    origins = [urlsplit(origin).hostname or "" for origin in environment.csrf_trusted_origins]
    signs = {
        "HOST": not is_loopback(environment.host),
        "BEHIND_HTTPS": environment.behind_https,
        "TRUSTED_PROXIES": environment.trusted_proxies > 0,
        "ALLOWED_HOSTS": not all(map(is_loopback, environment.allowed_hosts)),
        "CSRF_TRUSTED_ORIGINS": not all(map(is_loopback, origins)),
        "SIGN_UP": environment.sign_up,
        "OIDC_ISSUER": bool(environment.oidc_issuer),
    }
    return [name for name, is_given in signs.items() if is_given]


def is_loopback(host: str) -> bool:
    """Tell whether an address or a name is one by which only this machine reaches itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return f".{host.lower()}".endswith(".localhost")
