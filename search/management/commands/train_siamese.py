"""`manage.py train_siamese [--pairs SOURCE] [--adopt RULE]`: train the siamese network and let it serve if better."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gallery.models import Collection
from jobs.commands import MISUSE, refusal, refused_by
from search.background import tasks, wait_until_indexed
from search.evaluation.judged_pairs import source_names
from search.exceptions import SearchError
from search.features import wanted_rows
from search.methods.branches import HEAD, KOCH
from search.training.adoption import RULES
from search.training.library.train_siamese import VIEWS, Outcome, SiameseOrder, train

INTERRUPTED = 130
WORDS = {"images": "Describing", "training": "Training", "features": "Features", "index": "Index"}
FEWER_IMAGES = {HEAD: 1000, KOCH: 150}
FEWER_VIEWS = {HEAD: 8, KOCH: 4}


class Command(BaseCommand):
    help = (
        "Train the siamese network on pairs: edited copies of the library's own images (no labels needed), labels, or "
        "verdicts. It is judged on images held out, and serves only if it finds copies and tells pairs apart better "
        "than what serves now. Exit code 0; 1 when nothing could be trained; 130 after Ctrl-C, nothing changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pairs", default=VIEWS, choices=[VIEWS, *source_names()], help="What to learn from.")
        parser.add_argument(
            "--architecture",
            default=HEAD,
            choices=[HEAD, KOCH],
            help="One layer on the content network, or the textbook's own convolutional network.",
        )
        parser.add_argument("--images", type=Path, metavar="PATH", help="Learn views of this folder or zip archive.")
        parser.add_argument("--collection", default="", metavar="NAME", help="Learn from this collection only.")
        parser.add_argument("--max-images", type=int, metavar="N", help="Learn views of so many images.")
        parser.add_argument("--views", type=int, metavar="N", help="Edited copies of each image.")
        parser.add_argument("--epochs", type=int, metavar="N", help="Rounds of training.")
        parser.add_argument("--adopt", default=RULES[0], choices=RULES, help="When the new network serves.")
        parser.add_argument("--out", type=Path, metavar="FILE", help="Write the network there and adopt nothing.")
        parser.add_argument("--seed", type=int, default=20, metavar="N", help="Of all that is left to chance.")
        parser.add_argument(
            "--wait", action="store_true", help="Return once all images are described by it and can be found."
        )
        parser.add_argument("--json", action="store_true", help="Print the outcome as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        order = self._order(options)
        # Before anything imports Keras, which reads them once.
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            known: dict[str, TaskID] = {}

            def progress(what: str, done: int, total: int) -> None:
                if what not in known:
                    known[what] = bar.add_task(WORDS[what], total=total)
                bar.update(known[what], completed=done, total=total)

            try:
                outcome = train(order, progress)
                # Under a name of its own a network is written to be looked at, and nothing changes.
                if outcome.path is not None and order.out is None:
                    self._spread(progress, wait=options["wait"])
            except SearchError as error:
                raise refused_by(error) from error
            except OSError as error:
                raise refusal("network_not_written", cause=str(error)) from error
            except KeyboardInterrupt:
                self.stderr.write("Stopped; what serves is as it was.")
                sys.exit(INTERRUPTED)
        if options["json"]:
            self.stdout.write(json.dumps(as_document(outcome)))
        else:
            self._tell(outcome, order)

    def _order(self, options: dict[str, Any]) -> SiameseOrder:
        for name in ("max_images", "views", "epochs"):
            if options[name] is not None and options[name] < 1:
                about = {"option": f"--{name.replace('_', '-')}", "least": 1, "got": options[name]}
                raise refusal("number_too_small", returncode=MISUSE, **about)
        if options["images"] and (options["pairs"] != VIEWS or options["collection"]):
            raise refusal("photographs_have_no_verdicts", returncode=MISUSE)
        collection_id = None
        if options["collection"]:
            collection_id = Collection.objects.filter(name=options["collection"]).values_list("pk", flat=True).first()
            if collection_id is None:
                raise refusal("no_collection_named", name=options["collection"])
        return SiameseOrder(
            pairs=options["pairs"],
            architecture=options["architecture"],
            collection_id=collection_id,
            photographs=options["images"],
            max_images=options["max_images"] or FEWER_IMAGES[options["architecture"]],
            num_views=options["views"] or FEWER_VIEWS[options["architecture"]],
            epochs=options["epochs"],
            rule=options["adopt"],
            out=options["out"],
            seed=options["seed"],
        )

    def _spread(self, progress: Any, *, wait: bool) -> None:
        """Have all images described by the network that serves now."""
        num_missing = wanted_rows.ensure_rows()
        tasks.enqueue_extraction()
        if wait:
            wait_until_indexed.catch_up(lambda what, left: progress(what, max(0, num_missing - left), num_missing))

    def _tell(self, outcome: Outcome, order: SiameseOrder) -> None:
        self.stdout.write(f"{'':<24}{'copies first':>14}{'pairs (AUC)':>14}{'by code':>10}{'within 7':>10}")
        for title, figures in {"the new network": outcome.figures, **outcome.rivals}.items():
            numbers = f"{figures.recall_at_1:14.4f}{figures.pair_auc:14.5f}"
            numbers += f"{figures.hamming_recall_at_1:10.4f}{figures.hamming_within_7:10.4f}"
            self.stdout.write(f"{title:<24}{numbers}")
        self.stdout.write(f"{outcome.num_inputs} inputs, {outcome.seconds:.1f} s.")
        if order.out is not None:
            self.stdout.write(f"Written to {outcome.path}; nothing is adopted.")
        elif outcome.decision.adopted:
            self.stdout.write(f"Adopted: {outcome.decision.reason}. Workers describe all images by it now.")
        else:
            self.stdout.write(f"Not adopted, what serves is as it was: {outcome.decision.reason}.")


def as_document(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as `--json` prints it."""
    return {
        "adopted": outcome.decision.adopted,
        "reason": str(outcome.decision.reason),
        "path": str(outcome.path) if outcome.path else None,
        "figures": outcome.figures.as_dict(),
        "rivals": {title: figures.as_dict() for title, figures in outcome.rivals.items()},
        "inputs": outcome.num_inputs,
        "losses": [round(loss, 5) for loss in outcome.losses],
        "seconds": round(outcome.seconds, 1),
    }
