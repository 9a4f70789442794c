"""URLs of the whole site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("gallery.urls")),
    path("", include("search.urls")),
    path("", include("review.urls")),
    path("admin/", admin.site.urls),
]
