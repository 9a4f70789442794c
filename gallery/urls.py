"""URLs of the gallery."""

from django.urls import path

from gallery.views.bulk_edit import bulk_edit
from gallery.views.collection import collection, collection_settings, dissolve_collection
from gallery.views.collections import collections, new_collection
from gallery.views.curate import curate
from gallery.views.edit_image import edit_image
from gallery.views.image import image
from gallery.views.index import index
from gallery.views.invite import invite_person, password_link
from gallery.views.media import livez, media, original
from gallery.views.members import members
from gallery.views.merge import merge
from gallery.views.people import change_activity, change_role, people
from gallery.views.trash import trash
from gallery.views.undo import undo
from gallery.views.upload import upload

app_name = "gallery"
urlpatterns = [
    path("", index, name="index"),
    path("upload/", upload, name="upload"),
    path("images/<int:pk>/", image, name="image"),
    path("images/<int:pk>/original/", original, name="original"),
    path("images/<int:pk>/edit/", edit_image, name="edit_image"),
    path("images/edit/", bulk_edit, name="bulk_edit"),
    path("images/merge/", merge, name="merge"),
    path("curate/", curate, name="curate"),
    path("changes/<int:pk>/undo/", undo, name="undo"),
    path("trash/", trash, name="trash"),
    path("collections/", collections, name="collections"),
    path("collections/new/", new_collection, name="new_collection"),
    path("collections/<int:pk>/", collection, name="collection"),
    path("collections/<int:pk>/settings/", collection_settings, name="collection_settings"),
    path("collections/<int:pk>/delete/", dissolve_collection, name="dissolve_collection"),
    path("people/invite/", invite_person, name="invite"),
    path("people/<int:pk>/link/", password_link, name="password_link"),
    path("collections/<int:pk>/members/", members, name="members"),
    path("people/", people, name="people"),
    path("people/<int:pk>/role/", change_role, name="person_role"),
    path("people/<int:pk>/active/", change_activity, name="person_active"),
    path("media/<str:kind>/<str:sha256>.webp", media, name="media"),
    path("livez", livez, name="livez"),
]
