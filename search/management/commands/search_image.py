"""`manage.py search_image [PATH_OR_ID] [--words TEXT] [--top K] [--weights a=.3,b=.2] [--json]`: a search by hand."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandParser

from gallery.decoding import Refused
from gallery.models import Collection, Image
from jobs.commands import MISUSE, refusal, refused_by
from jobs.errors import CodedError
from search.exceptions import SearchError
from search.features import extraction
from search.methods import METHODS
from search.query.answer import search
from search.query.request import DescribedImage, GalleryImage, SearchRequest, TypedWords, Wanted
from search.query.typed_words import plain
from search.types import Answer, Result
from search.wording import standard_sentence

FIGURES = ("weight", "raw", "rarity", "one_in", "share", "rank")


def weights(text: str) -> dict[str, float]:
    """Read weights such as `color=.3,deep=.7`."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise argparse.ArgumentTypeError(f"expected method=number,method=number; got {part!r}")
    return found


class Command(BaseCommand):
    help = (
        "Find the images most like a file or a gallery image, or what words say, with the reasons. Exit code 1"
        " when the search cannot be done, 2 when it was not asked for rightly."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "query", metavar="PATH_OR_ID", nargs="?", help="An image file, or the number of a gallery image."
        )
        parser.add_argument(
            "--words", default="", metavar="TEXT", help="What the images show, alone or beside an image."
        )
        parser.add_argument("--top", type=int, default=10, metavar="K", help="Results wanted (default 10).")
        parser.add_argument(
            "--weights",
            type=weights,
            metavar="METHOD=W,...",
            help="Fusion weights (default: those of the collection that is searched, else of the site).",
        )
        parser.add_argument("--collection", default="", metavar="NAME", help="Search this collection only.")
        parser.add_argument(
            "--order",
            choices=["proof", "score"],
            help="What goes first: images proven to show the same (default without words), or the highest scores.",
        )
        parser.add_argument("--json", action="store_true", help="Print the answer as JSON.")

    def handle(self, *args: Any, query: str | None, **options: Any) -> None:
        if options["top"] < 1:
            raise refusal("number_too_small", option="--top", least=1, got=options["top"], returncode=MISUSE)
        words = plain(options["words"])
        if not query and not words:
            raise refusal("image_or_words_expected", returncode=MISUSE)
        collection = Collection.objects.filter(name=options["collection"]).first()
        if options["collection"] and collection is None:
            raise refusal("no_collection_named", name=options["collection"])
        most = options["top"]
        wanted: tuple[Wanted, ...] = (_wanted(query),) if query else ()
        wanted += (TypedWords(words),) if words else ()
        asked = SearchRequest(
            wanted,
            collection=collection,
            weights=options["weights"] or None,
            num_results=most,
            most=most,
            proof_first=None if options["order"] is None else options["order"] == "proof",
        )
        try:
            found = search(asked)
        except SearchError as error:
            raise refused_by(error) from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_document(found.shown, found.images)))
        else:
            self._tell(found.shown, found.images)

    def _tell(self, answer: Answer, images: dict[int, Image]) -> None:
        for name, reason in answer.missing_methods.items():
            self.stderr.write(f"{name}: {reason}")
        if answer.degraded:
            self.stderr.write(str(answer.degraded))
        for result in answer.results:
            image = images[result.image_id]
            parts = "  ".join(_reason(result, name) for name in answer.weights)
            self.stdout.write(f"{result.rank:>4}  {100 * result.score:5.1f}  {parts}  #{image.pk} {image}")
        self.stdout.write(standard_sentence(answer.background, answer.similar_images, answer.borrowed))
        how = "exactly" if answer.exact else "by the ANN index"
        self.stdout.write(f"{answer.num_images} images searched {how} in {1000 * answer.seconds:.0f} ms.")


def _wanted(query: str) -> GalleryImage | DescribedImage:
    """Read PATH_OR_ID: a number is an image of the gallery unless there is a file of that name."""
    path = Path(query).expanduser()
    # A file first: images may be called by a number.
    if not path.is_file():
        if query.isdecimal():
            return GalleryImage(int(query))
        raise refusal("no_such_file", got=query)
    try:
        described = extraction.describe_file(path)
    except Refused as refused:
        raise refusal("file_refused", path=path, because=CodedError(refused.reason)) from refused
    except OSError as error:
        raise refusal("file_refused", path=path, because=CodedError(error.strerror or str(error))) from error
    return DescribedImage(described.vectors, reason=described.reason)


def _reason(result: Result, name: str) -> str:
    score = result.methods[name]
    if score.raw is None or score.one_in is None:
        return f"{name} missing"
    return f"{name} {score.raw:.3f} (1 in {score.one_in:,.0f})"


def _as_document(answer: Answer, images: dict[int, Image]) -> dict[str, Any]:
    # Not `asdict`, which would copy the whole snapshot that finds the motions.
    document = {field.name: getattr(answer, field.name) for field in fields(answer)}
    motions = document.pop("motions").of(answer.results)
    document["missing_methods"] = {name: str(reason) for name, reason in answer.missing_methods.items()}
    document["degraded"] = str(answer.degraded or "")
    document["results"] = [
        {"image_id": result.image_id, "rank": result.rank, "score": result.score, "proof": round(result.proof, 1)}
        | {"methods": {name: result.methods[name].figures(FIGURES) for name in METHODS}}
        for result in answer.results
    ]
    for result in document["results"]:
        motion = motions.get(result["image_id"])
        result["motion"] = motion and {
            "inliers": motion.inliers,
            "matched_area": round(motion.matched_area, 3),
            "contained": round(motion.contained, 3),
            "degrees": round(motion.degrees),
            "mirrored": motion.mirrored,
            "inverted": motion.inverted,
            "polygon": np.round(motion.polygon, 4).tolist(),
        }
        image = images[result["image_id"]]
        result |= {"name": image.original_name, "label": image.label, "sha256": image.sha256}
    return document
