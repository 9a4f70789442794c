from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = _("Review")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, post_save

        from gallery.signals import acted, images_removed, images_restored, images_stored
        from jobs import periodic
        from review import error_sentences  # noqa: F401 (importing makes them known)
        from review.audit import chain, checks, triggers
        from review.comparing import jobs  # noqa: F401 (importing registers a kind of work)
        from review.comparing.rows import forget_oldest, forget_removed
        from review.duplicates.jobs import renew_duplicates
        from review.duplicates.receivers import drop_apart, drop_read
        from review.models import QueuedPair, Verdict
        from review.queues import gather, withdraw  # noqa: F401 (importing registers a kind of work)
        from review.verdicts.badges import verdict_badges
        from review.verdicts.consensus import judged_pairs
        from search.public.hooks import register_badges, register_judged_pairs

        register_judged_pairs("verdicts", judged_pairs)
        register_badges("verdicts", verdict_badges)
        periodic.register(forget_oldest)
        images_removed.connect(forget_removed, dispatch_uid="review.comparing.removed")
        periodic.register(renew_duplicates, after_build=True)
        acted.connect(chain.append, dispatch_uid="review.audit.chain")
        post_save.connect(drop_apart, sender=Verdict, dispatch_uid="review.duplicates.apart")
        post_save.connect(drop_read, sender=QueuedPair, dispatch_uid="review.duplicates.read")
        periodic.register(checks.renew_check)
        # post_migrate is sent for every app; once is enough.
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="review.audit.triggers")
        images_removed.connect(withdraw.drop_removed, dispatch_uid="review.queues.removed")
        images_restored.connect(withdraw.bring_back, dispatch_uid="review.queues.restored")
        images_stored.connect(withdraw.bring_back, dispatch_uid="review.queues.stored")
        post_save.connect(withdraw.heed_verdict, sender=Verdict, dispatch_uid="review.queues.verdict")
