from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SearchConfig(AppConfig):
    name = "search"
    verbose_name = _("Similarity")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Importing them registers the checks, connects the gallery's signals, and tells what goes on in the background.
        from search import checks, error_sentences  # noqa: F401
        from search.background import receivers, reconciler, worker_start  # noqa: F401
        from search.evaluation import runs  # noqa: F401
        from search.generations import build  # noqa: F401
        from search.map import building  # noqa: F401
        from search.query import description  # noqa: F401
        from search.weights import learning_job  # noqa: F401
