"""The mail server as one URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

CONSOLE, FILES, SMTP = (f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "filebased", "smtp"))
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """How mails leave the site."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def read_mail_url(url: str) -> Mail:
    """Return how mails are sent.

    Parameters
    ----------
    url : empty: written into files; `console:`; or `smtp://`, `smtp+starttls://` or `smtps://` with an optional
        `user:password@`, the host and an optional port

    Raises
    ------
    ValueError : none of these
    """
    if not url:
        return Mail(FILES)
    if url.rstrip("/") in ("console:", "console"):
        return Mail(CONSOLE)
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        expected = ", ".join(f"{scheme}://user:password@host" for scheme in PORTS)
        raise ValueError(f"expected {expected} or console:, got {parts.scheme or 'no scheme'}://{parts.hostname or ''}")
    return Mail(
        SMTP,
        parts.hostname,
        parts.port or PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+starttls",
        tls=parts.scheme == "smtps",
    )
