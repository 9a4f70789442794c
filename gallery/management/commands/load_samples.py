"""`manage.py load_samples`: store the sample gallery."""

from __future__ import annotations

import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.intake.samples import SamplesMissingError, load_samples

INTERRUPTED = 130


class Command(BaseCommand):
    help = "Store the sample gallery: photographs that ship with scikit-image, and edited versions of each."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that incoming files are removed
        try:
            counts = load_samples()
        except SamplesMissingError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        self.stdout.write(f"{counts['stored']} sample images stored, {counts['duplicate']} were there already.")
