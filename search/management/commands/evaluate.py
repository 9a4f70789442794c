"""`manage.py evaluate [--from KIND] [--collection NAME]`: measure how good the answers are."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gallery.models import Collection
from jobs.commands import MISUSE, refusal, refused_by
from search.evaluation import runs
from search.evaluation.measure import DEFAULT_QUERIES, KINDS, LABELS, measure
from search.exceptions import SearchError

INTERRUPTED = 130
WORDS = {
    "guide": "The textbook's histograms",
    "queries": "Queries",
    "copies": "Images copied",
    "index": "ANN index",
    "reliability": "Reliability",
}
TITLES = {"methods": "", "fused": "fused, ", "reference": "reference, "}
COLUMNS = {"map": "mAP", "p_at_1": "P@1", "p_at_5": "P@5", "ns": "N-S", "pair_ap": "pair AP"}
COPY_COLUMNS = {"map": "mAP", "recall_at_1": "R@1", "recall_at_10": "R@10", "pair_ap": "pair AP"}


class Command(BaseCommand):
    help = (
        "Measure every method and the fusions by the labels of the images, by people's verdicts, or by edited copies"
        " that the command makes itself. Exit code 1 when there is nothing to measure; 130 after Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--collection", default="", metavar="NAME", help="Measure this collection only.")
        parser.add_argument(
            "--from", default=LABELS, choices=list(KINDS), dest="kind", help="What tells right from wrong."
        )
        counts = ", ".join(f"{number} by {kind}" for kind, number in DEFAULT_QUERIES.items())
        parser.add_argument(
            "--max-queries", type=int, metavar="N", help=f"Query with so many images (default {counts})."
        )
        parser.add_argument("--json", action="store_true", help="Print what was measured as JSON.")
        parser.add_argument(
            "--keep",
            action=argparse.BooleanOptionalAction,
            default=True,
            help="Keep the figures, to be seen and compared on the Lab page (default).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        max_queries = options["max_queries"]
        if max_queries is not None and max_queries < 1:
            raise refusal("number_too_small", option="--max-queries", least=1, got=max_queries, returncode=MISUSE)
        collection = None
        if options["collection"]:
            collection = Collection.objects.filter(name=options["collection"]).first()
            if collection is None:
                raise refusal("no_collection_named", name=options["collection"])
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            try:
                document = measure(
                    options["kind"],
                    collection_id=collection.pk if collection else None,
                    max_queries=max_queries,
                    progress=_Bars(bar),
                )
            except SearchError as error:
                raise refused_by(error) from error
            # Exit code and sentence of its own: Ctrl-C is no error, and a script has to tell it from one.
            except KeyboardInterrupt:
                self.stderr.write("Stopped; nothing of it is kept.")
                sys.exit(INTERRUPTED)
        if options["keep"]:
            runs.keep(options["kind"], collection, max_queries, document)
        if options["json"]:
            self.stdout.write(json.dumps(document))
        else:
            self._tell(document)

    def _tell(self, document: dict[str, Any]) -> None:
        columns = COPY_COLUMNS if "edits" in document else COLUMNS
        self.stdout.write(f"{'':<24}" + "".join(f"{title:>9}" for title in columns.values()))
        for part, title in TITLES.items():
            for name, figures in document[part].items():
                self.stdout.write(f"{title + name:<24}" + "".join(_number(figures.get(key)) for key in columns))
        if "edits" in document:
            self._tell_edits(document)
        if document.get("left_out"):
            names = ", ".join(document["left_out"])
            self.stdout.write(
                f"\nLeft out, because copies cannot be described in the version that is searched: {names}"
            )
        self._tell_thresholds(document)
        counts = ", ".join(
            f"{document[name]} {name}"
            for name in ("images", "labels", "pairs", "originals", "queries")
            if name in document
        )
        self.stdout.write(f"{counts}, {document['seconds']} s.")

    def _tell_edits(self, document: dict[str, Any]) -> None:
        """Tell recall@1 by edit, of the methods and the default fusion."""
        edits = document["edits"]
        rankings = edits["methods"] | {"default": edits["fused"].get("default", {})}
        self.stdout.write(f"\n{'recall@1':<16}" + "".join(f"{name:>9}" for name in rankings))
        for edit in next(iter(rankings.values())):
            numbers = (_number(found[edit]["recall_at_1"] if edit in found else None) for found in rankings.values())
            self.stdout.write(f"{edit:<16}" + "".join(numbers))

    def _tell_thresholds(self, document: dict[str, Any]) -> None:
        self.stdout.write(
            "\nFrom which score on 95 % of the pairs are right, and the share of the right ones that reach it"
        )
        for part, title in TITLES.items():
            for name, advice in document["thresholds"][part].items():
                found = advice["precision_95"]
                words = f"{found['threshold']:9.3f}{found['recall']:9.1%}" if found else "     none"
                self.stdout.write(f"{title + name:<24}{words}")
        self.stdout.write("")


def _number(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:9.3f}"


class _Bars:
    """Shows how far a measurement is, a bar for each of its phases."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, phase: str, num_done: int, num_total: int) -> None:
        if phase not in self._tasks:
            self._tasks[phase] = self._bar.add_task(WORDS[phase], total=num_total)
        self._bar.update(self._tasks[phase], completed=num_done)
