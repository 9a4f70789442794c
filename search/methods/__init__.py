"""The registry of similarity methods: one line per method, by dotted path so that a process loads only what it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from search.exceptions import UnknownMethodError
from search.methods.base import DerivedMethod, Method, PairwiseMethod, RerankMethod

__all__ = [
    "METHODS",
    "WORDS",
    "DerivedMethod",
    "Method",
    "MethodEntry",
    "PairwiseMethod",
    "RerankMethod",
    "load_method",
]


WORDS = "words"
"""The one method that a text can ask for."""


def gettext_noop(message: str) -> str:
    """Mark a text for translation; pages translate it when they show it (this package does not know Django)."""
    return message


@dataclass(frozen=True, slots=True)
class MethodEntry:
    """What pages and jobs know of a method without loading it."""

    label: str
    description: str
    path: str
    default_weight: float
    color: str  # from Okabe and Ito's color-blind-safe set
    pairwise: bool = False
    reranks: bool = False
    textbook: str = ""  # what the textbook definition computes, see `textbook_similarity`; empty where it names none


METHODS: dict[str, MethodEntry] = {
    "color": MethodEntry(
        gettext_noop("Color"),
        gettext_noop("Which colors the images hold, and how much of each"),
        "search.methods.color.Color",
        0.05,
        "#E69F00",
        textbook=gettext_noop("Correlation of the two images' hue and saturation histograms"),
    ),
    "ssim": MethodEntry(
        gettext_noop("Structure"),
        gettext_noop("Structural similarity (SSIM) of the two images as small gray pictures"),
        "search.methods.ssim.Ssim",
        0.05,
        "#0072B2",
        pairwise=True,
        textbook=gettext_noop("SSIM of the two gray images, both resized to the smaller height and width"),
    ),
    "texture": MethodEntry(
        gettext_noop("Texture"),
        gettext_noop("Fine patterns of light and dark (local binary patterns at several scales)"),
        "search.methods.texture.Texture",
        0.0,
        "#CC79A7",
    ),
    "deep": MethodEntry(
        gettext_noop("Content"),
        gettext_noop("What the images show, as a neural network sees it"),
        "search.methods.deep.Deep",
        0.5,
        "#009E73",
        textbook=gettext_noop("Cosine of the network's numbers for the two images"),
    ),
    "siamese": MethodEntry(
        gettext_noop("Siamese"),
        gettext_noop("Whether it is the same picture, as a network sees it that was trained on pairs"),
        "search.methods.siamese.Siamese",
        0.1,
        "#D55E00",
        textbook=gettext_noop("1 / (1 + distance), of the network's numbers for the two images"),
    ),
    "phash": MethodEntry(
        gettext_noop("Fingerprint"),
        gettext_noop("A perceptual hash: which coarse waves of light and dark are strong, mirrored or turned alike"),
        "search.methods.phash.PHash",
        0.0,
        "#56B4E9",
        pairwise=True,
        textbook=gettext_noop("Share of equal bits in the plain perceptual hashes of the two images"),
    ),
    "local": MethodEntry(
        gettext_noop("Keypoints"),
        gettext_noop(
            "The same spots in the same arrangement, even where one image is cropped, turned or part of the other"
        ),
        "search.methods.local.Local",
        0.3,
        "#8A6D00",
        reranks=True,
        textbook=gettext_noop("Share of keypoints that fit one motion; named, not defined, in the textbook"),
    ),
    WORDS: MethodEntry(
        gettext_noop("Words"),
        gettext_noop("What the images show, said in words: by the names of things that the content network knows"),
        "search.methods.words.Naming",
        0.0,
        "#9467BD",
    ),
}


def load_method(name: str, options: Mapping[str, Any] | None = None) -> Method:
    """Make the method of that name.

    Raises
    ------
    UnknownMethodError : no such method
    """
    if name not in METHODS:
        raise UnknownMethodError("unknown_method", name=name, expected=list(METHODS))
    module, _, attribute = METHODS[name].path.rpartition(".")
    method: Method = getattr(import_module(module), attribute)(options)
    return method
