"""`manage.py export_edge_model [--out PATH]`: write the encoder with weights of 8 bits, and what that costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from jobs.commands import MISUSE, refusal, refused_by
from jobs.supervisor.progress import ProgressBars
from search.exceptions import TrainingError, WeightsError
from search.methods.model_files import COMPACT, ModelFile, find_model_file
from search.storage import edge_model_file
from search.training.export.edge import export_edge_model, in_words, input_side
from search.training.library.quantization_images import library_pictures, part, photographs_in

DEEP_OPTIONS: dict[str, Any] = settings.SEARCH_METHOD_OPTIONS["deep"]


class Command(BaseCommand):
    help = (
        "Write the encoder of the content method with weights of 8 bits (TFLite), for phones and small devices, and "
        "report size, time, cosine to the original and mAP lost. Exit code 0; 1 when it could not be done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--out", type=Path, metavar="PATH", help="The file to write (default: encoder-int8.tflite in DATA_DIR)."
        )
        parser.add_argument(
            "--images",
            type=Path,
            metavar="PATH",
            help="A folder or zip archive whose pictures set the ranges; without it, pictures of the library do.",
        )
        parser.add_argument("--json", action="store_true", help="Print the report as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        path = (options["out"] or edge_model_file()).expanduser()
        if path.suffix != ".tflite":
            raise refusal("out_suffix_expected", expected=".tflite", got=path.name, returncode=MISUSE)
        try:
            source = _encoder()
            # A written file would replace the one that it is made from.
            if path.resolve() == source.path.resolve():
                raise refusal("out_is_encoder", path=path, returncode=MISUSE)
            with ProgressBars() as bars:
                side = input_side(source.path)
                own = library_pictures(side, bars.progress)
                given = (
                    photographs_in(options["images"].expanduser(), side, bars.progress) if options["images"] else None
                )
                report = export_edge_model(source.path, path, *part(own, given))
        except (TrainingError, WeightsError) as error:
            raise refused_by(error) from error
        except OSError as error:
            raise refusal("model_not_written", path=path, cause=error.strerror) from error
        if options["json"]:
            self.stdout.write(json.dumps({"source": str(source.path), "file": str(path), **report}))
            return
        self.stdout.write(in_words(report))
        self.stdout.write(f"Written to {path}, from {source.path}.")


def _encoder() -> ModelFile:
    """Return the encoder in use, or the built-in one where another kind of network is."""
    file = find_model_file(DEEP_OPTIONS)
    # Only encoders of our own can be written with 8 bits; networks of Keras and of packages are not.
    return file if file.engine == "litert" and not file.network else find_model_file({"backbone": COMPACT})
