"""The small networks of the methods' tests serve here too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.search.methods.conftest import keras, tiny_encoder, tiny_int8_encoder, tiny_model, tiny_network

__all__ = ["keras", "tiny_encoder", "tiny_int8_encoder", "tiny_model", "tiny_network"]


@pytest.fixture(scope="module")
def uncompiled(keras: Any) -> Iterator[None]:
    """Run TensorFlow step by step: for a few steps of a small network, compiling takes longer than running."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
