"""What a siamese network learns from: pairs that belong together, and pairs that do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.evaluation import augmentations
from search.types import RGBImage

# Most random pairs soon lie beyond the margin, where the loss is 0.
HARD_SHARE = 0.8
"""Share of the pairs that do not belong together which are chosen among those that look most as if they did."""
_NEAREST = 20
_CHUNK = 1000
_TOGETHER, _APART = 2, 3  # pairs of each kind per row and round


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows in pairs.

    Attributes
    ----------
    first, second : ndarrays of shape (n,), int64, rows
    same : ndarray of shape (n,), bool
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.same)

    def take(self, chosen: NDArray[np.generic]) -> Pairs:
        """Return some of the pairs, by a mask or by places."""
        return Pairs(self.first[chosen], self.second[chosen], self.same[chosen])


Draw = Callable[[NDArray[np.float32], np.random.Generator], Pairs]
"""Takes the rows of a network at work, shape (n, dim), and draws the pairs of the next round."""


def views(image: RGBImage, count: int, generator: np.random.Generator) -> list[RGBImage]:
    """Make edited copies of an image, every other one edited twice.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), dtype uint8, RGB; H, W >= 1
    count : copies wanted
    generator : decides which edits, and what they leave to chance
    """
    made = []
    for number in range(count):
        names = generator.choice(list(augmentations.EDITS), 1 + number % 2, replace=False)
        view = image
        for name in names:
            view = augmentations.edit(str(name), view, int(generator.integers(2**31)))
        made.append(view)
    return made


def draw_views(owners: NDArray[np.int64], twins: NDArray[np.bool_]) -> Draw:
    """Draw pairs of views: of one image, or of two.

    Parameters
    ----------
    owners : ndarray of shape (n,): which image each row is a view of, 0 .. m - 1
    twins : ndarray of shape (m, m), bool: images that may be copies of each other; no pair says that they are not
    """
    members = [np.flatnonzero(owners == owner) for owner in range(len(twins))]

    def draw(rows: NDArray[np.float32], generator: np.random.Generator) -> Pairs:
        alike = np.repeat(np.arange(len(owners)), _TOGETHER)
        partners = np.array([generator.choice(members[owner]) for owner in owners[alike]], np.int64)
        other = np.repeat(np.arange(len(owners)), _APART)
        strangers = np.where(
            generator.random(len(other)) < HARD_SHARE,
            _near(rows, owners, twins, generator)[other, generator.integers(0, _NEAREST, len(other))],
            generator.integers(0, len(owners), len(other)),
        )
        apart = ~twins[owners[other], owners[strangers]] & (owners[other] != owners[strangers])
        first, second = np.concatenate([alike, other[apart]]), np.concatenate([partners, strangers[apart]])
        return Pairs(first, second, owners[first] == owners[second])

    return draw


def _near(
    rows: NDArray[np.float32], owners: NDArray[np.int64], twins: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return, for each row, rows of other images that lie near to it; shape (n, 20)."""
    count = min(_NEAREST, len(rows))
    near = np.empty((len(rows), count), np.int64)
    squares = (rows**2).sum(axis=1)
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        # The own square is left out, since it is the same for all that a row is compared with.
        distances = squares - 2 * rows[part] @ rows.T
        distances[twins[owners[part]][:, owners] | (owners[part, None] == owners)] = np.inf
        near[part] = np.argpartition(distances, count - 1, axis=1)[:, :count]
    # Small libraries have fewer; those that there are then come several times.
    return near[:, generator.integers(0, count, _NEAREST)] if count < _NEAREST else near


def draw_judged(pairs: Pairs) -> Draw:
    """Draw from judged pairs: all that belong together, and half as many again that do not, hard ones first.

    Parameters
    ----------
    pairs : of both kinds
    """
    together, apart = pairs.take(pairs.same), pairs.take(~pairs.same)

    def draw(rows: NDArray[np.float32], generator: np.random.Generator) -> Pairs:
        wanted = min(len(apart), max(len(together) * _APART // _TOGETHER, 1))
        distances = np.linalg.norm(rows[apart.first] - rows[apart.second], axis=1)
        num_hard = round(HARD_SHARE * wanted)
        order = np.argsort(distances, kind="stable")
        # Hard ones come from a pool, so that the same few are not seen in every round.
        pool = order[: max(num_hard, min(len(apart), 4 * num_hard))]
        hard = generator.choice(pool, num_hard, replace=False)
        chosen = np.concatenate([hard, generator.choice(len(apart), wanted - num_hard, replace=False)])
        negative = apart.take(chosen)
        return Pairs(
            np.concatenate([together.first, negative.first]),
            np.concatenate([together.second, negative.second]),
            np.concatenate([together.same, negative.same]),
        )

    return draw


def find_twins(
    rows: NDArray[np.floating], views: NDArray[np.floating], owners: NDArray[np.int64], quantile: float = 0.25
) -> NDArray[np.bool_]:
    """Tell which images are as alike as an image and its own views are: they may be copies of each other.

    Parameters
    ----------
    rows : ndarray of shape (m, dim), unit rows of the images themselves
    views : ndarray of shape (n, dim), of their views
    owners : ndarray of shape (n,): the image of each view
    quantile : share of the views that are less like their image than twins are

    Returns
    -------
    twins : ndarray of shape (m, m), bool, symmetric, the diagonal set
    """
    # By the views of this very library: how like copies are differs from one network to the next.
    bound = np.quantile(np.einsum("nd,nd->n", views, rows[owners]), quantile)
    return np.asarray((rows @ rows.T >= bound) | np.eye(len(rows), dtype=bool))


def split(groups: NDArray[np.int64], share: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Tell which rows are held out: whole groups, drawn at random until they hold about that share of the rows.

    Parameters
    ----------
    groups : ndarray of shape (n,)
    share : 0..1
    """
    names, counts = np.unique(groups, return_counts=True)
    order = generator.permutation(len(names))
    # At least one group, also where the first that is drawn is larger than the share.
    held = names[order[np.cumsum(counts[order]) <= max(share * len(groups), counts[order[0]])]]
    return np.asarray(np.isin(groups, held))


def components(num_rows: int, pairs: Pairs) -> NDArray[np.int64]:
    """Number the rows by what hangs together through pairs that belong together.

    Parameters
    ----------
    num_rows : n
    pairs : of rows 0 .. n - 1

    Returns
    -------
    groups : ndarray of shape (n,): the lowest row of each row's group
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    together = pairs.take(pairs.same)
    links = coo_array((np.ones(len(together.first), np.int8), (together.first, together.second)), (num_rows, num_rows))
    _count, labels = connected_components(links, directed=False)
    _labels, lowest = np.unique(labels, return_index=True)
    return np.asarray(lowest[labels], np.int64)
