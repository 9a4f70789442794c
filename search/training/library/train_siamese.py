"""Training a siamese network on this library, or on a folder of photographs, and letting it serve if it is better."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.decoding import Refused, get_decoder
from gallery.models import Image
from gallery.storage import originals
from search.evaluation.judged_pairs import judged_pairs
from search.exceptions import TrainingError
from search.features import registry, stored_vectors
from search.features.extraction import ANALYSIS_SIDE
from search.methods.branches import BITS, HEAD, KOCH, Branch, adopt, find, koch, load, save
from search.storage import siamese_folder
from search.training import adoption, siamese
from search.training.adoption import Decision, TrialFigures
from search.training.library.image_sources import Photographs
from search.training.pairs import Pairs
from search.training.projection import discriminant
from search.training.training_data import CONTENT, Encoders, Inputs, SiameseData, from_judged, from_views
from search.types import RGBImage

VIEWS = "views"
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many of how many are done."""


@dataclass(frozen=True, slots=True)
class SiameseOrder:
    """What is to be trained, and on what."""

    pairs: str = VIEWS  # or a source of judged pairs
    architecture: str = HEAD
    collection_id: int | None = None
    photographs: Path | None = None  # instead of the library; for views only
    max_images: int = 1000
    num_views: int = 8
    max_pairs: int = 100_000
    epochs: int | None = None
    rule: str = adoption.BETTER
    out: Path | None = None  # written there instead of being adopted
    seed: int = 20


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    num_inputs: int
    figures: TrialFigures
    rivals: dict[str, TrialFigures]
    decision: Decision
    path: Path | None = None
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0


def train(order: SiameseOrder, progress: Progress) -> Outcome:
    """Train, judge on images held out, and adopt by the order's rule. Nothing changes before the last step.

    Raises
    ------
    TrainingError : too few images or pairs, an empty library
    SearchError : the content method is not available; no such source of pairs
    """
    started = time.monotonic()
    served = _served()
    encoders = _encoders(order, served)
    data = _training_data(order, encoders, progress)
    losses: list[float] = []

    def on_epoch(done: int, loss: float) -> None:
        losses.append(loss)
        progress("training", done, _recipe(order).epochs)

    branch = _trained(order, data, served, on_epoch)
    figures = adoption.measure(branch.rows(data.trial_inputs[_encoder_of(branch)]), data.trial)
    rivals = _rivals(data, served)
    decision = adoption.decide(figures, rivals, order.rule)
    about = {
        "pairs": order.pairs,
        "inputs": _num_inputs(data),
        "seed": order.seed,
        "figures": figures.as_dict(),
        "rivals": {title: rival.as_dict() for title, rival in rivals.items()},
    }
    branch = Branch(branch.architecture, branch.arrays, branch.source, about)
    outcome = Outcome(_num_inputs(data), figures, rivals, decision, losses=losses)
    outcome.path = _put(order, branch, decision)
    outcome.seconds = time.monotonic() - started
    return outcome


def _content_version() -> str:
    return registry.methods()["deep"].version


def _served() -> Branch | None:
    """Return the siamese network in use, None where there is none."""
    if registry.methods()["siamese"].unavailable() is not None:
        return None
    return load(find(siamese_folder(), _content_version()))


def _encoder_of(branch: Branch) -> str:
    return CONTENT if branch.architecture == HEAD else KOCH


def _encoders(order: SiameseOrder, served: Branch | None) -> Encoders:
    """Return what the new network and those it is compared with need."""
    content = registry.methods()["deep"]
    missing = content.unavailable()
    if missing and order.architecture == HEAD:
        raise TrainingError("content_expected", because=missing)
    encoders: dict[str, Callable[..., NDArray[Any]]] = {} if missing else {CONTENT: content.describe}
    if order.architecture == KOCH or (served is not None and served.architecture == KOCH):
        encoders[KOCH] = koch.prepare
    return encoders


# What is learned from


def _training_data(order: SiameseOrder, encoders: Encoders, progress: Progress) -> SiameseData:
    if order.pairs == VIEWS:
        return from_views(_pictures(order, progress), encoders, order.num_views, order.seed)
    judged = judged_pairs(order.pairs, collection_id=order.collection_id, limit=order.max_pairs, seed=order.seed)
    ids = np.unique(np.concatenate([judged.first, judged.second]))
    ids, inputs = _known_inputs(ids, encoders, progress)
    known = np.isin(judged.first, ids) & np.isin(judged.second, ids)
    first, second = (np.searchsorted(ids, side[known]) for side in (judged.first, judged.second))
    hashes = dict(Image.objects.filter(pk__in=ids.tolist()).values_list("pk", "sha256"))
    return from_judged(
        inputs,
        Pairs(first, second, judged.same[known]),
        lambda row: _pixels(hashes.get(int(ids[row]), "")),
        encoders,
        order.seed,
    )


def _pictures(order: SiameseOrder, progress: Progress) -> Iterator[RGBImage]:
    """Yield images drawn by chance from the library, or from the photographs named; what cannot be decoded is left."""
    generator = np.random.default_rng(order.seed)
    if order.photographs is not None:
        listed = Photographs(order.photographs)
        listed.keep(generator.permutation(len(listed))[: order.max_images].tolist())
        found: Iterator[RGBImage | Refused | None] = listed.read(ANALYSIS_SIDE)
        total = len(listed.names)
    else:
        images = Image.objects.shown().order_by("pk")
        if order.collection_id is not None:
            images = images.filter(collections=order.collection_id)
        hashes = generator.permutation(list(images.values_list("sha256", flat=True)))[: order.max_images].tolist()
        if not hashes:
            raise TrainingError("no_images_to_learn_from")
        found, total = (_pixels(digest) for digest in hashes), len(hashes)
    for done, pixels in enumerate(found):
        progress("images", done, total)
        if isinstance(pixels, np.ndarray):
            yield pixels
    progress("images", total, total)


def _pixels(digest: str) -> RGBImage | None:
    try:
        with originals.local_file(digest) as path:
            return get_decoder().pixels(path, ANALYSIS_SIDE)
    except (Refused, OSError):
        return None


def _known_inputs(ids: NDArray[np.int64], encoders: Encoders, progress: Progress) -> tuple[NDArray[np.int64], Inputs]:
    """Return the images of which there are inputs, ascending, and these: stored rows, or pictures decoded for it."""
    inputs: Inputs = {}
    if CONTENT in encoders and len(ids):
        chunks = list(stored_vectors.iter_ready("deep", _content_version(), image_ids=ids.tolist()))
        if not chunks:
            raise TrainingError("none_described")
        ids = np.concatenate([found for found, _rows in chunks])
        inputs[CONTENT] = np.concatenate([rows for _found, rows in chunks])
    if KOCH in encoders:
        hashes = dict(Image.objects.filter(pk__in=ids.tolist()).values_list("pk", "sha256"))
        pictures = np.zeros((len(ids), koch.SIDE, koch.SIDE), np.uint8)
        decoded = np.zeros(len(ids), bool)
        for place, image_id in enumerate(ids.tolist()):
            progress("images", place + 1, len(ids))
            if (pixels := _pixels(hashes.get(image_id, ""))) is not None:
                pictures[place], decoded[place] = koch.prepare([pixels])[0], True
        inputs = {name: rows[decoded] for name, rows in inputs.items()} | {KOCH: pictures[decoded]}
        ids = ids[decoded]
    return ids, inputs


# Training and judging


def _recipe(order: SiameseOrder) -> siamese.SiameseRecipe:
    recipe = siamese.HEAD_RECIPE if order.architecture == HEAD else siamese.KOCH_RECIPE
    return recipe if order.epochs is None else recipe.with_epochs(order.epochs)


def _trained(order: SiameseOrder, data: SiameseData, served: Branch | None, on_epoch: siamese.OnEpoch) -> Branch:
    recipe = _recipe(order)
    if order.architecture == KOCH:
        arrays = siamese.train_koch(data.inputs[KOCH], data.draw, recipe, order.seed, on_epoch)
        return Branch(KOCH, arrays)
    inputs = data.inputs[CONTENT]
    if order.pairs != VIEWS and served is not None and served.architecture == HEAD:
        start = served.arrays["weights"], served.arrays["bias"]  # judged pairs are few: go on from what is known
    else:
        start = discriminant(inputs, data.together.first, data.together.second, BITS, order.seed)
    arrays = siamese.train_head(start, inputs, data.draw, recipe, order.seed, on_epoch)
    return Branch(HEAD, arrays, _content_version())


def _num_inputs(data: SiameseData) -> int:
    return len(next(iter(data.inputs.values())))


def _rivals(data: SiameseData, served: Branch | None) -> dict[str, TrialFigures]:
    """Return the figures of what the new network must be better than."""
    rivals: dict[str, TrialFigures] = {}
    if CONTENT in data.trial_inputs:
        rivals["content alone"] = adoption.measure(data.trial_inputs[CONTENT], data.trial)
    if served is not None:
        rows = served.rows(data.trial_inputs[_encoder_of(served)])
        rivals["the network in use"] = adoption.measure(rows, data.trial)
    return rivals


def _put(order: SiameseOrder, branch: Branch, decision: Decision) -> Path | None:
    """Write the network where it is wanted; None where it is not."""
    if order.out is not None:
        return save(branch, order.out.parent, order.out.name)
    if not decision.adopted:
        return None
    path = save(branch, siamese_folder())
    adopt(siamese_folder(), _content_version(), path)
    return path
