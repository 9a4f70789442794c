from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = _("Review")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, post_save

        from gallery.signals import acted, images_removed, images_restored
        from review import audit, checking, guards
        from review.decided import judged_pairs
        from review.duplicates.jobs import renew_duplicates, resume_decisions
        from review.models import Verdict
        from review.queues import leaving
        from review.queues.jobs import resume_queues
        from search import chores
        from search.judgements import register

        register("verdicts", judged_pairs)
        chores.register(renew_duplicates, after_build=True)
        chores.register(resume_decisions)
        acted.connect(audit.keep, dispatch_uid="review.audit")
        chores.register(checking.check_audit)
        post_migrate.connect(guards.install, sender=self, dispatch_uid="review.guards")
        chores.register(resume_queues)
        images_removed.connect(leaving.drop_removed, dispatch_uid="review.queues.removed")
        images_restored.connect(leaving.bring_back, dispatch_uid="review.queues.restored")
        post_save.connect(leaving.heed_verdict, sender=Verdict, dispatch_uid="review.queues.verdict")
