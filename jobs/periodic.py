"""What apps above search have done in the background, without search knowing them.

The reconciler does every chore in each of its rounds; a worker does some of them as soon as it has built a generation.
"""

from __future__ import annotations

from collections.abc import Callable

Chore = Callable[[], int]
"""Takes up what was left behind and returns how much that was; may come twice, beside its twin, or not at all."""

_chores: dict[str, Chore] = {}
_after_build: dict[str, Chore] = {}


def register(chore: Chore, *, after_build: bool = False) -> None:
    """Have a chore done in every round of the reconciler, and if wanted after every build of a generation."""
    _chores[chore.__qualname__] = chore
    if after_build:
        _after_build[chore.__qualname__] = chore


def chores() -> tuple[Chore, ...]:
    """Return what the reconciler does besides its own."""
    return tuple(_chores.values())


def chores_after_build() -> tuple[Chore, ...]:
    """Return what a worker does once a generation is built."""
    return tuple(_after_build.values())
