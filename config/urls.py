"""URLs of the whole site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Django's own log-in knows neither the second factor nor a limit of attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler403 = "gallery.refusals.forbidden"
urlpatterns = [
    path("", include("gallery.urls")),
    path("", include("search.urls")),
    path("", include("review.urls")),
    path("accounts/", include("gallery.people.accounts.urls")),
    path("admin/", admin.site.urls),
]
