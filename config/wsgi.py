"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  loads every view now rather than in the first request
# What is loaded now stays until the end: frozen, it is no longer walked over in the middle of somebody's request, which
# took 77 ms each time.
gc.collect()
gc.freeze()
