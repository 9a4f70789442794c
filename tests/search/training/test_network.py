from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.training.network import DIM, build


@pytest.fixture(scope="module")
def network(keras: Any) -> Any:
    return build()


def test_it_works(network: Any) -> None:
    embedding, places = network(np.zeros((2, 64, 64, 3), np.float32), training=False)
    assert embedding.shape == (2, DIM)
    assert places.shape == (2, 4, 4, DIM)


def test_any_size_can_be_taken(network: Any) -> None:
    embedding, places = network(np.zeros((1, 96, 80, 3), np.float32), training=False)
    assert embedding.shape == (1, DIM)
    assert places.shape == (1, 6, 5, DIM)


def test_it_is_small(network: Any) -> None:
    assert network.count_params() == 1_654_568
