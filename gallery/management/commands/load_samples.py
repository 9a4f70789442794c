"""`manage.py load_samples`: store the sample gallery."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.samples import SamplesMissingError, load_samples


class Command(BaseCommand):
    help = "Store the sample gallery: photographs that ship with scikit-image, and edited versions of each."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = load_samples()
        except SamplesMissingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{counts['stored']} sample images stored, {counts['duplicate']} were there already.")
