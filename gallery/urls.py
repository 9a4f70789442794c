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
    path("images/<id:pk>/", image, name="image"),
    path("images/<id:pk>/original/", original, name="original"),
    path("images/<id:pk>/edit/", edit_image, name="edit_image"),
    path("images/edit/", bulk_edit, name="bulk_edit"),
    path("images/merge/", merge, name="merge"),
    path("curate/", curate, name="curate"),
    path("changes/<id:pk>/undo/", undo, name="undo"),
    path("trash/", trash, name="trash"),
    path("collections/", collections, name="collections"),
    path("collections/new/", new_collection, name="new_collection"),
    path("collections/<id:pk>/", collection, name="collection"),
    path("collections/<id:pk>/settings/", collection_settings, name="collection_settings"),
    path("collections/<id:pk>/delete/", dissolve_collection, name="dissolve_collection"),
    path("people/invite/", invite_person, name="invite"),
    path("people/<id:pk>/link/", password_link, name="password_link"),
    path("collections/<id:pk>/members/", members, name="members"),
    path("people/", people, name="people"),
    path("people/<id:pk>/role/", change_role, name="person_role"),
    path("people/<id:pk>/active/", change_activity, name="person_active"),
    path("media/<str:kind>/<str:sha256>.webp", media, name="media"),
    path("livez", livez, name="livez"),
]
