from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = _("Review")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, post_save

        from gallery.signals import acted, images_removed, images_restored, images_stored
        from review import audit, checking, guards
        from review.comparing.jobs import resume_comparisons
        from review.comparing.receivers import forget_removed
        from review.decided import judged_pairs
        from review.duplicates.jobs import renew_duplicates, resume_decisions
        from review.duplicates.receivers import drop_apart, drop_read
        from review.marks import verdict_marks
        from review.models import QueuedPair, Verdict
        from review.queues import leaving
        from review.queues.jobs import resume_queues
        from search import chores
        from search.judgements import register
        from search.marks import register as register_marks

        register("verdicts", judged_pairs)
        register_marks("verdicts", verdict_marks)
        chores.register(resume_comparisons)
        images_removed.connect(forget_removed, dispatch_uid="review.comparing.removed")
        chores.register(renew_duplicates, after_build=True)
        chores.register(resume_decisions)
        acted.connect(audit.keep, dispatch_uid="review.audit")
        acted.connect(drop_apart, dispatch_uid="review.duplicates.apart")
        post_save.connect(drop_read, sender=QueuedPair, dispatch_uid="review.duplicates.read")
        chores.register(checking.check_audit)
        post_migrate.connect(guards.install, sender=self, dispatch_uid="review.guards")
        chores.register(resume_queues)
        images_removed.connect(leaving.drop_removed, dispatch_uid="review.queues.removed")
        images_restored.connect(leaving.bring_back, dispatch_uid="review.queues.restored")
        images_stored.connect(leaving.bring_back, dispatch_uid="review.queues.stored")
        post_save.connect(leaving.heed_verdict, sender=Verdict, dispatch_uid="review.queues.verdict")
