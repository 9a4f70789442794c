"""What runs the networks of the deep method: one module per engine, chosen by the kind of file."""

from __future__ import annotations

from importlib import import_module

from search.methods.engines.network import Network
from search.methods.model_files import ModelFile
from search.methods.pretrained import packages
from search.methods.pretrained.preparation import prepared

__all__ = ["EXTRA", "PACKAGES", "Network", "load_network"]

PACKAGES = {"litert": ("ai_edge_litert",), "keras": ("tensorflow", "keras"), "onnx": ("onnxruntime",)}
"""What must be installed, by engine."""

EXTRA = frozenset({"onnxruntime"})
"""Of these, what the requirements leave out."""

_MODULES = {
    "litert": "search.methods.engines.litert",
    "keras": "search.methods.engines.keras_models",
    "onnx": "search.methods.engines.onnx_models",
}


def load_network(file: ModelFile) -> Network:
    """Load the file with its engine; imports the engine's libraries. What is made from a package is made now, once.

    Raises
    ------
    WeightsError : the file is damaged or belongs to another network
    """
    if file.network:
        prepared(packages.PACKAGES[file.network], file.path.parent)
    network: Network = import_module(_MODULES[file.engine]).load(file)
    return network
