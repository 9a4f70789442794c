"""`manage.py learn_weights --from labels|verdicts|copies [--collection NAME] [--apply] [--json]`."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gallery.models import Collection
from jobs.commands import MISUSE, refusal, refused_by
from jobs.rows import JobState
from search.exceptions import SearchError
from search.models import WeightSet
from search.weights import adopted, learning_job
from search.weights.learning_job import MAX_QUERIES
from search.weights.training_data import source_names

INTERRUPTED = 130
LEAST_QUERIES = 10
WORDS = {"labels": "Queries by labels", "copies": "Edited copies", "folds": "Cross-validation"}


class Command(BaseCommand):
    help = (
        "Learn fusion weights from labels, edited copies or verdicts, and tell what they reach on queries held out."
        " They are kept, but searches go on with the weights in use unless --apply is given. Exit code 1 when nothing"
        " can be learned, or when --apply finds no improvement; 130 after Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from",
            dest="sources",
            nargs="+",
            required=True,
            metavar="SOURCE",
            help=f"What to learn from, one or more of: {', '.join(source_names())}.",
        )
        parser.add_argument("--collection", default="", metavar="NAME", help="Learn from this collection only.")
        parser.add_argument(
            "--max-queries",
            type=int,
            default=MAX_QUERIES,
            metavar="N",
            help=f"Use so many queries of each kind (default {MAX_QUERIES}).",
        )
        parser.add_argument("--apply", action="store_true", help="Use the weights on this site if they are better.")
        parser.add_argument("--json", action="store_true", help="Print weights and figures as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["max_queries"] < LEAST_QUERIES:
            about = {"option": "--max-queries", "least": LEAST_QUERIES, "got": options["max_queries"]}
            raise refusal("number_too_small", returncode=MISUSE, **about)
        collection = None
        if options["collection"]:
            collection = Collection.objects.filter(name=options["collection"]).first()
            if collection is None:
                raise refusal("no_collection_named", name=options["collection"])
        try:
            row = learning_job.ask(options["sources"], collection, max_queries=options["max_queries"])
        except SearchError as error:
            raise refused_by(error, returncode=MISUSE) from error
        try:
            self._learn(row.pk)
        except KeyboardInterrupt:
            self.stderr.write("Stopped; the weights in use stay.")
            sys.exit(INTERRUPTED)
        row.refresh_from_db()
        if row.state != JobState.READY:
            raise refusal(row.error_code, **(row.error_params or {}))
        better = learning_job.improves(row.figures)
        if options["apply"] and better:
            adopted.adopt(row)
        if options["json"]:
            self.stdout.write(json.dumps(as_document(row, applied=options["apply"] and better)))
        else:
            self._tell(row, applied=options["apply"] and better)
        # After the figures, so that whoever asked sees why nothing was applied.
        if options["apply"] and not better:
            raise refusal("learned_no_better")

    def _learn(self, pk: int) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            tasks: dict[str, TaskID] = {}

            def progress(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(WORDS.get(what, what), total=total)
                bar.update(tasks[what], completed=done)

            # The row's own protocol: pages show the progress, and a worker that is told of the row finds it taken.
            learning_job.weight_set.run(pk, progress)

    def _tell(self, row: WeightSet, *, applied: bool) -> None:
        for name, each in row.figures["sets"].items():
            self.stdout.write(f"{name}: {each['questions']} queries of {each['groups']} groups")
            for ranking, figures in each["rankings"].items():
                self.stdout.write(f"  {ranking:<14} mAP {figures['map']:.3f}  P@1 {figures['p_at_1']:.3f}")
        chosen = ", ".join(f"{name} {weight:g}" for name, weight in row.weights.items() if weight)
        ending = "They are in use now." if applied else "The weights in use stay."
        self.stdout.write(f"Weights {row.pk}: {chosen}. {ending} {row.seconds:.1f} s.")


def as_document(row: WeightSet, *, applied: bool) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "id": row.pk,
        "from": row.source.split(learning_job.SEPARATOR),
        "collection": row.collection_name,
        "weights": row.weights,
        "improves": learning_job.improves(row.figures),
        "applied": applied,
        "seconds": row.seconds,
        **row.figures,
    }
