"""`manage.py run [--images FOLDER]`: the whole site in one command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.environment import environment
from config.openness import LOCAL, openness
from jobs.commands import refusal, refused_by
from jobs.supervisor.lock import AlreadyRunningError
from jobs.supervisor.redis_server import RedisMissingError
from search.background.site.supervisor import Options, Supervisor, handle_signals
from search.checks import TAG
from search.exceptions import StartError


class Command(BaseCommand):
    help = "Run the whole site: Redis, web server, workers. Ctrl-C or SIGTERM stops all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--images", metavar="FOLDER", help="Store the images of this folder once all is running.")

    def handle(self, *args: Any, images: str | None, **options: Any) -> None:
        # Only our own, of settings: all others are about code, and a start should not wait for them.
        self.check(tags=[TAG])
        supervisor = Supervisor(self._options(images), self._write)
        handle_signals(supervisor)
        try:
            supervisor.run()
        except StartError as error:
            raise refused_by(error) from error
        except (AlreadyRunningError, RedisMissingError) as error:
            raise CommandError(str(error)) from error

    def _options(self, images: str | None) -> Options:
        settings = environment()
        folder = Path(images).expanduser().resolve() if images else None
        if folder and not folder.is_dir():
            raise refusal("folder_expected", got=images)
        # What somebody set counts, also where it is the default; else the site is open to this machine alone.
        chosen = "open_access" in settings.model_fields_set
        return Options(
            host=settings.host,
            port=settings.port,
            redis_url=settings.redis_url,
            open_access=openness(settings.open_access if chosen else LOCAL, settings),
            images=folder,
        )

    def _write(self, line: str) -> None:
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except BrokenPipeError:  # nobody reads any more; the site goes on without talking
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
