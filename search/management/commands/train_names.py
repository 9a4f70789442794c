"""`manage.py train_names --images PATH`: fit what puts images and words side by side to the content network in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from gallery.decoding import Refused
from jobs.commands import refusal, refused_by
from jobs.supervisor.progress import ProgressBars
from search.exceptions import SearchError, TrainingError
from search.methods.deep import Deep
from search.methods.model_files import find_model_file
from search.methods.naming import sentences
from search.methods.naming.lexicon import FILE, load_lexicon
from search.methods.naming.space import FOLDER
from search.methods.pretrained.classes import image_classes
from search.methods.pretrained.efficientnet_lite import fold
from search.methods.pretrained.packages import PACKAGES, weights_of
from search.methods.pretrained.state_dict import read_state_dict
from search.training.library.image_sources import Photographs
from search.training.naming.lexicon import lexicon_arrays, read_nouns, read_synsets, write_lexicon
from search.training.naming.space import ClassNetwork, fit_space, write_space

MAX_IMAGES = 1000
READ_SIDE = 512
SEED = 20


class Command(BaseCommand):
    help = (
        "Fit the names of things to the content network in use, so that words can be searched for: no labels are"
        " needed, the photographs only say what is usual. Exit code 0; 1 when it could not be done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--images", type=Path, required=True, metavar="PATH", help="A folder or zip archive.")
        parser.add_argument(
            "--lexicon",
            type=Path,
            nargs=2,
            metavar=("WORDNET", "CEDICT"),
            help="First make the lexicon anew, of WordNet's folder and the text file of CC-CEDICT.",
        )
        parser.add_argument("--out", type=Path, metavar="FILE", help="Default: in the program's own folder.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["lexicon"]:
                _make_lexicon(*options["lexicon"])
            network = _network(options["images"])
            out = options["out"] or FOLDER / f"names-{network.source.split('-')[1]}.npz"
            space = fit_space(network, sentences.encode, load_lexicon().common, SEED, out)
            write_space(space, out)
        except SearchError as error:
            raise refused_by(error) from error
        except OSError as error:
            raise refusal("names_not_written", cause=str(error)) from error
        self.stdout.write(f"{out}: {out.stat().st_size / 1e6:.2f} MB, for content {network.source}.")


def _make_lexicon(wordnet: Path, cedict: Path) -> None:
    classes = [each.synset[1:] for each in image_classes()]
    synsets, nouns = read_synsets(wordnet / "data.noun"), read_nouns(wordnet / "index.noun")
    with cedict.open(encoding="utf-8") as lines:
        write_lexicon(lexicon_arrays(synsets, nouns, lines, classes), FILE)
    load_lexicon.cache_clear()


def _network(place: Path) -> ClassNetwork:
    """Return the content network in use and what it makes of photographs.

    Raises
    ------
    TrainingError : `no_class_network` or `photographs_gone`
    """
    deep = Deep(settings.SEARCH_METHOD_OPTIONS["deep"])
    package = PACKAGES.get(find_model_file(deep.options).network)
    if package is None:
        raise TrainingError("no_class_network", source=deep.version)
    photographs = Photographs(place)
    drawn = np.random.default_rng(SEED).permutation(len(photographs))[:MAX_IMAGES]
    photographs.keep(np.sort(drawn).tolist())
    rows, logits = [], []
    with ProgressBars() as bars:
        for done, image in enumerate(photographs.read(READ_SIDE), start=1):
            bars.progress("photographs", done, len(photographs))
            if not isinstance(image, Refused):
                rows.append(deep.describe([image])[0])
                logits.append(deep.classify([image])[0])
    if not rows:
        raise TrainingError("photographs_gone", path=place)
    classifier = fold(read_state_dict(weights_of(package)), package).classifier
    words = [each.words for each in image_classes()]
    return ClassNetwork(deep.version, classifier.weights, classifier.bias, np.array(rows), np.array(logits), words)
