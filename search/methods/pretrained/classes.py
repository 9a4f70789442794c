"""The thousand classes of ImageNet (ILSVRC 2012) that packaged networks name, as WordNet calls them.

`classes.tsv` lists them in the order of the networks' logits: the number of the WordNet 3.0 synset, and its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_TABLE = Path(__file__).with_name("classes.tsv")


@dataclass(frozen=True, slots=True)
class ImageClass:
    """One class."""

    synset: str  # such as "n02123045"
    words: tuple[str, ...]  # synonyms, such as "tabby" and "tabby cat"


@lru_cache(maxsize=1)
def image_classes() -> tuple[ImageClass, ...]:
    """Return all classes in the order of the logits."""
    lines = (line.partition("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines())
    return tuple(ImageClass(synset, tuple(words.split(", "))) for synset, _tab, words in lines)
