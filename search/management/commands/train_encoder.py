"""`manage.py train_encoder --images PATH`: distil a pretrained network into a small encoder."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from jobs.commands import MISUSE, refusal, refused_by
from jobs.supervisor.progress import ProgressBars
from search.exceptions import TrainingError
from search.methods.model_files import COMPACT
from search.storage import encoder_training_folder
from search.training.encoder import FILE, PASSING, PLAN, EncoderOrder, train_encoder
from search.training.library.image_sources import Photographs
from search.training.recipe import BACKENDS, PRECISIONS, Budget, Recipe
from search.training.report import CURVE, MARKDOWN

INTERRUPTED = 130
READ_SIDE = 256
"""Longest side, in pixels, at which photographs are kept for the teacher."""
DEEP_OPTIONS: dict[str, Any] = settings.SEARCH_METHOD_OPTIONS["deep"]
BEST_TEACHER = "lite2"


class Command(BaseCommand):
    help = (
        "Distil a pretrained network into a small encoder for the content method. Interrupted at any moment, it goes "
        "on with --resume. What the site uses stays as it is until DEEP_WEIGHTS names the new file. Exit code 0; 1 "
        "when it could not be done; 130 after Ctrl-C."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--images",
            type=Path,
            required=True,
            metavar="PATH",
            help="A folder or zip archive; sub-folders are labels.",
        )
        parser.add_argument(
            "--teacher",
            default=None,
            metavar="MODEL",
            help="lite0 to lite2, a .keras model, or a network whose weights were fetched; without it, the one set.",
        )
        length = parser.add_mutually_exclusive_group()
        length.add_argument("--epochs", type=int, metavar="N", help="Train so many times over the photographs.")
        length.add_argument("--minutes", type=float, metavar="M", help="Train so long (default 60).")
        parser.add_argument("--resume", action="store_true", help="Go on with what lies in the folder of --out.")
        parser.add_argument(
            "--out", type=Path, metavar="FOLDER", help="Write here (default: training/encoder in DATA_DIR)."
        )
        parser.add_argument("--seed", type=int, default=Recipe().seed, metavar="N", help="Default %(default)s.")
        parser.add_argument(
            "--held-out",
            default="0.1",
            metavar="LABELS",
            help="Classes never trained on, for honest figures: labels with commas, or a share (default %(default)s).",
        )
        parser.add_argument(
            "--side", type=int, default=Recipe().side, metavar="PIXELS", help="Of the input (default %(default)s)."
        )
        parser.add_argument(
            "--variants",
            type=int,
            default=Recipe().variants,
            metavar="N",
            help="Versions of each photograph that the teacher looks at: whole, and crops (default %(default)s).",
        )
        parser.add_argument(
            "--backend", choices=BACKENDS, default="tensorflow", help="What Keras trains on (default %(default)s)."
        )
        parser.add_argument(
            "--precision",
            choices=PRECISIONS,
            default=PRECISIONS[0],
            help="Compute in so many bits; 16 are faster where the processor has them (default %(default)s).",
        )
        parser.add_argument("--json", action="store_true", help="Print the report as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        folder = options["out"] or encoder_training_folder()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped by the system as by Ctrl-C
        with ProgressBars() as bars:
            try:
                report = train_encoder(_order(options, folder.expanduser()), bars)
            except TrainingError as error:
                raise refused_by(error) from error
            except OSError as error:
                raise refusal("encoder_not_written", cause=str(error)) from error
            except KeyboardInterrupt:
                # Before there is a plan --resume has nothing to go on with.
                begun = (folder.expanduser() / PLAN).exists()
                bars.say(
                    "Stopped; the same command with --resume goes on from here."
                    if begun
                    else "Stopped while the photographs were read; the same command begins again."
                )
                sys.exit(INTERRUPTED)
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self._tell(report, folder)

    def _tell(self, report: dict[str, Any], folder: Path) -> None:
        file, figures = report["file"], report["figures"]
        self.stdout.write(f"{folder / file['name']}: {file['bytes'] / 1e6:.2f} MB, {report['steps']} steps.")
        if figures:
            self.stdout.write(
                f"On {figures['labels']} classes it never saw: mAP {figures['map']}, color {figures['map_color']}."
            )
        self.stdout.write(
            f"{MARKDOWN} and {CURVE} beside it tell the rest. To use it, set DEEP_WEIGHTS={folder / FILE}."
        )
        passing = sum(path.stat().st_size for part in PASSING for path in (folder / part).iterdir())
        self.stdout.write(f"{' and '.join(PASSING)} ({passing / 1e9:.1f} GB) may be deleted; only --resume needs them.")


def _check(options: dict[str, Any]) -> None:
    """Raise what the command line says wrong."""
    for name, least in (("epochs", 1), ("variants", 1), ("side", 32)):
        if options[name] is not None and options[name] < least:
            raise refusal("number_too_small", option=f"--{name}", least=least, got=options[name], returncode=MISUSE)
    if options["minutes"] is not None and options["minutes"] <= 0:
        raise refusal("more_expected", option="--minutes", least=0, got=options["minutes"], returncode=MISUSE)
    if options["side"] % 16:
        raise refusal("multiple_expected", option="--side", of=16, got=options["side"], returncode=MISUSE)


def _order(options: dict[str, Any], folder: Path) -> EncoderOrder:
    photographs = Photographs(options["images"].expanduser())
    given = {name: options[name] for name in ("side", "variants", "seed", "precision")}
    return EncoderOrder(
        names=photographs.names,
        labels=photographs.labels,
        images=photographs.read(READ_SIDE),
        teacher=options["teacher"] or _teacher_set(),
        folder=folder,
        budget=options["epochs"] or Budget(minutes=options["minutes"] or 60.0),
        held_out=options["held_out"],
        recipe=Recipe(**given),
        backend=options["backend"],
        resume=options["resume"],
        teacher_options=DEEP_OPTIONS,
    )


def _teacher_set() -> str:
    """Return the network that the settings name, if it can teach, else the best of those from packages."""
    weights = DEEP_OPTIONS["weights"]
    if weights is not None and weights.suffix == ".keras":
        return str(weights)
    backbone: str = DEEP_OPTIONS["backbone"]
    return BEST_TEACHER if backbone.lower() in ("", COMPACT) else backbone
