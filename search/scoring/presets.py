"""Named sets of fusion weights for common tasks. A method that a preset does not name has weight 0 in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from search.methods import METHODS, WORDS, gettext_noop

DEFAULT_PRESET = "general"
COLLECTION_PRESET = "collection"
"""The weights of the collection that is searched, where it has its own; they go before all others then."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Fusion weights that suit a task."""

    label: str
    description: str
    weights: Mapping[str, float]

    def full_weights(self) -> dict[str, float]:
        """Return a weight for every registered method."""
        return {name: float(self.weights.get(name, 0.0)) for name in METHODS}


PRESETS: dict[str, Preset] = {
    DEFAULT_PRESET: Preset(
        gettext_noop("General"),
        gettext_noop("A balance of content, color and structure; the default"),
        {name: entry.default_weight for name, entry in METHODS.items()},
    ),
    "product": Preset(
        gettext_noop("Product search"),
        gettext_noop("One thing seen from other sides, on other plain grounds, in other light"),
        {"color": 0.1, "deep": 0.5, "local": 0.4},
    ),
    "medical": Preset(
        gettext_noop("Medical"),
        gettext_noop("Gray pictures, such as scans: the same content; color counts for nothing"),
        {"ssim": 0.05, "deep": 0.55, "siamese": 0.1, "local": 0.3},
    ),
    "copyright": Preset(
        gettext_noop("Copyright"),
        gettext_noop("Edited copies: one picture cropped, turned, mirrored, recolored, or part of another"),
        {"color": 0.1, "deep": 0.1, "siamese": 0.3, "phash": 0.1, "local": 0.4},
    ),
}


def presets_with(general: Mapping[str, float]) -> dict[str, Preset]:
    """Return the presets, the general one with these weights: those that this site decided on."""
    own = PRESETS[DEFAULT_PRESET]
    if own.full_weights() == general:
        return PRESETS
    description = gettext_noop("The weights that were chosen for this site; the default")
    return PRESETS | {DEFAULT_PRESET: replace(own, description=description, weights=dict(general))}


def presets_within(presets: Mapping[str, Preset], own: Mapping[str, float]) -> dict[str, Preset]:
    """Return the presets of a search in a collection with weights of its own: these come first, and count first."""
    label, description = gettext_noop("This collection"), gettext_noop("The weights that its curators chose for it")
    return {COLLECTION_PRESET: Preset(label, description, dict(own)), **presets}


WORDS_ALONE: Mapping[str, Preset] = {
    DEFAULT_PRESET: replace(PRESETS[DEFAULT_PRESET], description=gettext_noop("Words alone"), weights={WORDS: 1.0})
}
"""The one preset of a search for words without an image."""


def presets_with_words(presets: Mapping[str, Preset]) -> dict[str, Preset]:
    """Return the presets of a search for words beside an image: they count as much as all that compares pictures."""
    found = {}
    for name, preset in presets.items():
        weights = preset.full_weights()
        pictures = sum(weight for method, weight in weights.items() if method != WORDS)
        found[name] = replace(preset, weights=weights | {WORDS: weights[WORDS] or min(1.0, pictures) or 1.0})
    return found


def preset_of(weights: Mapping[str, float], presets: Mapping[str, Preset] = PRESETS) -> str | None:
    """Return the preset with exactly these weights, or None."""
    for name, preset in presets.items():
        # As near as the page itself looks, in search-fusion.js.
        if all(abs(weights.get(method, 0.0) - weight) < 5e-4 for method, weight in preset.full_weights().items()):
            return name
    return None
