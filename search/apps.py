from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = _("Similarity")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from search import checks  # noqa: F401  (registers checks, connects the gallery's signals)
        from search.background import receivers  # noqa: F401  (registers checks, connects the gallery's signals)
