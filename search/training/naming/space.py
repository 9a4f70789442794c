"""The space of words of a content network that names classes, fitted to its classifier and its classes' names."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.files import written_aside
from search.methods.base import normalize_rows
from search.methods.naming.named_classes import ABOUT, FORMAT, NamedClasses

NUM_DIRECTIONS = 256
"""Directions in which images are looked at, the main ones of the classifier."""
NUM_TEXT_DIRECTIONS = 128
"""Directions in which texts are looked at, the main ones of the classes' names."""
NUM_PHRASES = 256

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class ClassNetwork:
    """A content network that names classes, and what it makes of sample images.

    Attributes
    ----------
    source : version of the content method
    weights : ndarray of shape (c, f), of its classifier
    bias : ndarray of shape (c,)
    rows : ndarray of shape (n, f), the content method's, L2 norm 1
    logits : ndarray of shape (n, c), of the same images
    words : of each class, its synonyms
    """

    source: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    rows: NDArray[np.float32]
    logits: NDArray[np.float32]
    words: Sequence[Sequence[str]]


def fit_space(network: ClassNetwork, encode: Encode, common: Sequence[str], seed: int, path: Path) -> NamedClasses:
    """Fit the space of words of a network.

    Rows of the content method have length 1, the activations that the classifier takes do not; how long they were is
    taken to be the same for all images, and follows from the logits. That changes what images are called hardly at all:
    on development images P@10 stays within 0.01.

    Parameters
    ----------
    network : see `ClassNetwork`
    encode : the text model: n texts to rows of shape (n, 512)
    common : nouns that people use, of which the background's phrases are drawn
    seed : of the draw
    path : where the space will lie

    Returns
    -------
    space : not written yet; see `write_space`
    """
    names = normalize_rows(np.stack([encode(words).mean(axis=0) for words in network.words]))
    texts = main_directions(names, NUM_TEXT_DIRECTIONS)
    weights = network.weights - network.weights.mean(axis=0)  # what is common to all classes tells none apart
    directions = main_directions(weights, NUM_DIRECTIONS)
    mean, scale = network.rows.mean(axis=0), length_of(network)
    arrays: dict[str, NDArray[Any]] = {
        "mean": mean,
        "directions": directions,
        "classes": weights @ directions,
        "bias": scale * (weights @ mean) + network.bias,
        "texts": texts,
        "names": normalize_rows(names @ texts),
    }
    held = {name: array.astype(np.float16).astype(np.float32) for name, array in arrays.items()}
    space = NamedClasses(path, network.source, scale, held, np.empty((0, 0), np.float32))
    drawn = np.random.default_rng(seed).choice(len(common), min(NUM_PHRASES, len(common)), replace=False)
    phrases = space.place([common[place] for place in np.sort(drawn)])
    return NamedClasses(path, network.source, scale, held, phrases)


def main_directions(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the main directions of rows of shape (n, d), as they stand from the origin; shape (d, at most count)."""
    _left, _sizes, right = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(right[:count].T, np.float32)


def length_of(network: ClassNetwork) -> float:
    """Return how long the activations of an image typically are: s in logits = s W row + b, the median of images."""
    products = network.rows @ network.weights.T
    fits = np.einsum("nc,nc->n", products, network.logits - network.bias) / np.einsum("nc,nc->n", products, products)
    return float(np.median(fits))


def write_space(space: NamedClasses, path: Path) -> None:
    """Write a space in 16 bits, whole or not at all."""
    arrays: dict[str, Any] = {name: array.astype(np.float16) for name, array in sorted(space.arrays.items())}
    arrays["phrases"] = space.phrases.astype(np.float16)
    about = {"format": FORMAT, "source": space.source, "scale": space.scale}
    arrays[ABOUT] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
