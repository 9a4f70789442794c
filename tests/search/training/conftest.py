"""The small networks of the methods' tests serve here too."""

from tests.search.methods.conftest import keras, tiny_encoder, tiny_int8_encoder, tiny_model, tiny_network

__all__ = ["keras", "tiny_encoder", "tiny_int8_encoder", "tiny_model", "tiny_network"]
