"""Which classes an encoder never sees in training, so that figures on them can be believed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.exceptions import TrainingError


def choose_held_out(labels: NDArray[np.str_], wanted: str, seed: int) -> list[str]:
    """Return the labels to hold out.

    Parameters
    ----------
    labels : shape (n,); the folder of each photograph, or nothing
    wanted : a share of the labels between 0 and 1, or labels with commas between them; "0" or empty: none
    seed : of the draw

    Returns
    -------
    held_out : sorted; by share only labels that at least two photographs have

    Raises
    ------
    TrainingError : a label that no photograph has, or a share outside of 0..1
    """
    try:
        share = float(wanted or 0)
    except ValueError:
        return _named(labels, [each.strip() for each in wanted.split(",") if each.strip()])
    if not 0 <= share < 1:
        raise TrainingError("share_expected", got=wanted)
    names, counts = np.unique(labels, return_counts=True)
    # A label of one photograph has no answer to be found, so holding it out would measure nothing.
    candidates = [str(name) for name, count in zip(names, counts, strict=True) if name and count > 1]
    if len(candidates) < 2:
        return []
    number = round(share * len(candidates))
    # Whole labels, not photographs: the figures should be of things that were never seen.
    return sorted(np.random.default_rng(seed).permutation(candidates)[:number].tolist())


def _named(labels: NDArray[np.str_], wanted: list[str]) -> list[str]:
    missing = sorted(set(wanted) - set(labels.tolist()))
    if missing:
        raise TrainingError("no_such_label", names=missing)
    return sorted(set(wanted))
