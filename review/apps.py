from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = _("Review")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from gallery.signals import acted
        from review import audit
        from review.decided import judged_pairs
        from search.judgements import register

        register("verdicts", judged_pairs)
        acted.connect(audit.keep, dispatch_uid="review.audit")
