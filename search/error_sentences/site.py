"""Why the site cannot be started."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SENTENCES: dict[str, errors.Template] = {
    "cannot_listen": _(
        "Cannot listen on %(host)s, port %(port)s: %(cause)s. "
        "Stop what uses it, or name another port: PORT=8001 (PORT=0 takes a free one)."
    ),
    "given_redis_silent": _("No Redis answers at REDIS_URL=%(url)s. Start it, or unset REDIS_URL."),
    "own_redis_silent": _("Redis does not answer after %(seconds)s s; the lines above may say why."),
    "samples_not_ready": _("The sample gallery is not ready after %(seconds)s s; the lines above may say why."),
    "site_data_unusable": _("What the site keeps in %(folder)s cannot be used: %(cause)s."),
    "web_server_ends": _("The web server ends as soon as it is started; the lines above say why."),
    "web_server_silent": _("The web server does not answer after %(seconds)s s; the lines above may say why."),
}
