"""URLs of accounts, under the names that django-allauth gives them."""

from allauth.socialaccount.providers.openid_connect.views import callback
from django.urls import include, path

from gallery.accounts.single_sign_on import leave

urlpatterns = [
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
    path("3rdparty/", include("allauth.socialaccount.urls")),
    path("oidc/<str:provider_id>/login/", leave, name="openid_connect_login"),
    path("oidc/<str:provider_id>/login/callback/", callback, name="openid_connect_callback"),
]
