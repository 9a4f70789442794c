"""Figures that others published on well-known sets, by set. Only those are here that were looked up in their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

JABEEN = (
    "S. Jabeen et al., An effective content-based image retrieval technique for image visuals representation based on"
    " the bag-of-visual-words model, PLOS ONE 13(4), e0194526, 2018, table 5 (recall at 20 of 100, times 5)"
)
RADENOVIC = (
    "F. Radenović, G. Tolias and O. Chum, Fine-tuning CNN image retrieval with no human annotation, PAMI 2018, as the"
    " authors' cnnimageretrieval-pytorch repeats it: networks trained for landmarks"
)


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of a paper, in its own measure."""

    system: str
    measure: str
    value: float
    source: str


PUBLISHED: Mapping[str, tuple[Published, ...]] = {
    "wang": (
        Published("Feng et al.", "P@20", 0.470, JABEEN),
        Published("Douik et al.", "P@20", 0.750, JABEEN),
        Published("ElAlami et al.", "P@20", 0.805, JABEEN),
        Published("Zeng et al.", "P@20", 0.806, JABEEN),
        Published("Mehmood et al.", "P@20", 0.842, JABEEN),
        Published("Jabeen et al.", "P@20", 0.860, JABEEN),
    ),
    "oxford5k": (
        Published("VGG16, GeM pooling", "trapezoid mAP", 0.879, RADENOVIC),
        Published("ResNet101, GeM pooling", "trapezoid mAP", 0.878, RADENOVIC),
    ),
}
