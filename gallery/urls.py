"""URLs of the gallery."""

from django.urls import path

from gallery.views.curate import curate
from gallery.views.image import image
from gallery.views.index import index
from gallery.views.media import livez, media, original
from gallery.views.upload import upload

app_name = "gallery"
urlpatterns = [
    path("", index, name="index"),
    path("upload/", upload, name="upload"),
    path("images/<int:pk>/", image, name="image"),
    path("images/<int:pk>/original/", original, name="original"),
    path("curate/", curate, name="curate"),
    path("media/<str:kind>/<str:sha256>.webp", media, name="media"),
    path("livez", livez, name="livez"),
]
