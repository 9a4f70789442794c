from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _


class GalleryConfig(AppConfig):
    name = "gallery"
    verbose_name = _("Gallery")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from gallery import error_sentences, receivers  # noqa: F401 (importing makes them known and connects them)
        from gallery.addresses import IdConverter
        from gallery.people.accounts import checks  # noqa: F401 (importing registers them)
        from gallery.people.accounts.receivers import connect

        register_converter(IdConverter, "id")  # before any list of addresses is loaded, as those name it
        connect()
