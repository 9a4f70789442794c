"""Training data of a siamese network, and the held-out images that it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.evaluation.augmentations import EDITS, edit
from search.exceptions import TrainingError
from search.training.adoption import Trial
from search.training.pairs import Draw, Pairs, components, draw_judged, draw_views, find_twins, split, views
from search.types import RGBImage

Encoders = Mapping[str, Callable[[Sequence[RGBImage]], NDArray[Any]]]
"""By name, what turns n images into inputs of a network, shape (n, ...)."""
Inputs = dict[str, NDArray[Any]]
"""By encoder, one input per row."""
CONTENT = "content"
"""Name of the encoder that gives rows of the content method; of the others any."""

MIN_IMAGES = 20
MIN_PAIRS = 20
"""Pairs of each kind, to learn from and to be judged by."""
MAX_TRIAL_IMAGES = 150
"""Held-out images of which every kind of edited copy is made."""
_HELD_EVERY = 5
_HELD_SHARE = 0.25
_STRANGERS = 4  # pairs that do not belong together per copy, or per held-out row


@dataclass(frozen=True, slots=True)
class SiameseData:
    """Material for one training.

    Attributes
    ----------
    inputs : what is learned from
    draw : of pairs of its rows
    together : pairs of its rows that belong together
    trial_inputs, trial : what the network is judged by
    """

    inputs: Inputs
    draw: Draw
    together: Pairs
    trial_inputs: Inputs
    trial: Trial


class _Collector:
    """Gathers inputs image by image."""

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in encoders}

    def add(self, images: Sequence[RGBImage]) -> None:
        for name, encode in self._encoders.items():
            self._parts[name].append(encode(images))

    def inputs(self) -> Inputs:
        return {name: np.concatenate(parts) for name, parts in self._parts.items() if parts}


def from_views(pictures: Iterable[RGBImage], encoders: Encoders, num_views: int, seed: int) -> SiameseData:
    """Learn that edited copies of an image are that image: no labels needed. Every fifth image is held out.

    Parameters
    ----------
    pictures : in an order drawn by chance
    encoders : what the networks at hand need
    num_views : copies of each image to learn from
    seed : of the edits

    Raises
    ------
    TrainingError : fewer than 20 images
    """
    generator = np.random.default_rng(seed)
    learned, held = _Collector(encoders), _Collector(encoders)
    num_learned = num_held = 0
    for number, picture in enumerate(pictures):
        # Not the first: with few images the training comes before the trial.
        if number % _HELD_EVERY == _HELD_EVERY - 1 and num_held < MAX_TRIAL_IMAGES:
            held.add([picture, *(edit(name, picture, seed + number) for name in EDITS)])
            num_held += 1
        else:
            learned.add([picture, *views(picture, num_views, generator)])
            num_learned += 1
    if num_learned + num_held < MIN_IMAGES:
        raise TrainingError("too_few_images", least=MIN_IMAGES, num=num_learned + num_held)
    inputs = learned.inputs()
    block = 1 + num_views
    owners = np.repeat(np.arange(num_learned), block)
    # Without the content network nothing says which images are copies of each other, only each of itself.
    twins = np.eye(num_learned, dtype=bool)
    if CONTENT in inputs:
        twins = find_twins(inputs[CONTENT][::block], inputs[CONTENT], owners)
    edited = np.flatnonzero(np.arange(len(owners)) % block)
    together = Pairs(edited // block * block, edited, np.ones(len(edited), bool))
    trial_inputs, trial = _trial_of_views(inputs, block, held.inputs(), num_held, generator)
    return SiameseData(inputs, draw_views(owners, twins), together, trial_inputs, trial)


def _trial_of_views(
    learned: Inputs, block: int, held: Inputs, num_held: int, generator: np.random.Generator
) -> tuple[Inputs, Trial]:
    """Make the trial: copies of held-out images, to be found among the originals of all images."""
    size = 1 + len(EDITS)
    is_copy = np.arange(num_held * size) % size > 0
    trial_inputs = {
        name: np.concatenate([learned[name][::block], held[name][~is_copy], held[name][is_copy]]) for name in held
    }
    num_gallery = len(next(iter(trial_inputs.values()))) - num_held * len(EDITS)
    owners = num_gallery - num_held + np.repeat(np.arange(num_held), len(EDITS))
    edited = num_gallery + np.arange(len(owners))
    first = np.repeat(edited, _STRANGERS)
    strangers = generator.integers(0, num_gallery, len(first))
    apart = strangers != np.repeat(owners, _STRANGERS)
    if CONTENT in trial_inputs:  # a copy in the gallery of what is held out is no stranger
        rows = trial_inputs[CONTENT]
        apart &= ~find_twins(rows[:num_gallery], rows[edited], owners)[np.repeat(owners, _STRANGERS), strangers]
    pairs = Pairs(
        np.concatenate([edited, first[apart]]),
        np.concatenate([owners, strangers[apart]]),
        np.arange(len(edited) + np.count_nonzero(apart)) < len(edited),
    )
    return trial_inputs, Trial(num_gallery, owners, pairs)


def from_judged(
    inputs: Inputs, pairs: Pairs, picture: Callable[[int], RGBImage | None], encoders: Encoders, seed: int
) -> SiameseData:
    """Learn from judged pairs. What hangs together by them is held out together, about a quarter of the images.

    Parameters
    ----------
    inputs : of the judged images
    pairs : of their rows
    picture : gives the image of a row, or None where it cannot be decoded: copies are made of some that are held out
    encoders : what the networks at hand need
    seed : of the split and the edits

    Raises
    ------
    TrainingError : too few pairs of either kind
    """
    generator = np.random.default_rng(seed)
    num_rows = len(next(iter(inputs.values()), ()))
    groups = components(num_rows, pairs)
    held = split(groups, _HELD_SHARE, generator) if num_rows else np.zeros(0, bool)
    learned = pairs.take(~held[pairs.first] & ~held[pairs.second])
    num_same = int(np.count_nonzero(learned.same))
    if num_same < MIN_PAIRS or len(learned) - num_same < MIN_PAIRS or not held.any():
        total = int(np.count_nonzero(pairs.same))
        raise TrainingError("too_few_pairs", least=MIN_PAIRS, same=total, different=len(pairs) - total)
    # Rows close up where those held out are taken away.
    place = np.cumsum(~held) - 1
    moved = Pairs(place[learned.first], place[learned.second], learned.same)
    kept = {name: rows[~held] for name, rows in inputs.items()}
    trial_inputs, trial = _trial_of_judged(inputs, groups, held, pairs, picture, encoders, generator)
    return SiameseData(kept, draw_judged(moved), moved.take(moved.same), trial_inputs, trial)


def _trial_of_judged(
    inputs: Inputs,
    groups: NDArray[np.int64],
    held: NDArray[np.bool_],
    pairs: Pairs,
    picture: Callable[[int], RGBImage | None],
    encoders: Encoders,
    generator: np.random.Generator,
) -> tuple[Inputs, Trial]:
    """Make the trial: pairs of held-out images, and each with strangers; copies of some, to be found among all."""
    # Shuffled, because copies are made of the first of them only.
    rows = generator.permutation(np.flatnonzero(held))
    judged = pairs.take(held[pairs.first] & held[pairs.second])
    first = np.repeat(rows, _STRANGERS)
    second = generator.integers(0, len(groups), len(first))
    apart = groups[first] != groups[second]
    collector, owners = _Collector(encoders), []
    for row in rows[:MAX_TRIAL_IMAGES].tolist():
        if (pixels := picture(row)) is not None:
            collector.add([edit(name, pixels, row) for name in EDITS])
            owners.append(row)
    if not owners or not judged.same.any():
        raise TrainingError("none_to_judge_by")
    trial = Trial(
        num_gallery=len(groups),
        owners=np.repeat(np.array(owners, np.int64), len(EDITS)),
        pairs=Pairs(
            np.concatenate([judged.first, first[apart]]),
            np.concatenate([judged.second, second[apart]]),
            np.concatenate([judged.same, np.zeros(np.count_nonzero(apart), bool)]),
        ),
    )
    edited = collector.inputs()
    return {name: np.concatenate([known, edited[name]]) for name, known in inputs.items()}, trial
