"""Store the sample gallery."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gallery.samples import COLLECTION, SamplesMissingError, load_samples


class Command(BaseCommand):
    help = "Store the sample gallery: photographs that ship inside scikit-image, and edited versions of each."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = load_samples()
        except SamplesMissingError as error:
            raise CommandError(str(error)) from error
        if counts["refused"]:
            raise CommandError(
                _("%(count)s sample files were refused; the admin shows why.") % {"count": counts["refused"]}
            )
        self.stdout.write(
            _("%(collection)s: %(stored)s images stored, %(known)s known before.")
            % {"collection": COLLECTION, "stored": counts["stored"], "known": counts["duplicate"]}
        )
