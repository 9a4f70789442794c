"""URLs of search and status."""

from django.urls import path

from search.views import status

app_name = "search"
urlpatterns = [
    path("status/", status.status, name="status"),
    path("status/banner/", status.banner, name="banner"),
    path("status/retry/", status.retry, name="retry"),
    path("status/rebuild/", status.rebuild, name="rebuild"),
    path("readyz", status.readyz, name="readyz"),
]
