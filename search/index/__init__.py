"""The registry of ANN backends: one line per backend, by dotted path so that a process loads only what it uses."""

from __future__ import annotations

from importlib import import_module

from search.exceptions import IndexUnavailableError
from search.index.base import IndexBackend

__all__ = ["BACKENDS", "IndexBackend", "choose_backend", "load_backend"]

BACKENDS: dict[str, str] = {  # in the order in which "auto" tries them, up to exact
    "annoy": "search.index.annoy.AnnoyBackend",
    "cv2": "search.index.opencv.OpencvBackend",
    "exact": "search.index.exact.ExactBackend",
    "faiss_hnsw": "search.index.faiss.FaissHnswBackend",
    "faiss_flat": "search.index.faiss.FaissFlatBackend",
}


def load_backend(name: str) -> type[IndexBackend]:
    """Return the backend of that name.

    Raises
    ------
    IndexUnavailableError : no such backend
    """
    if name not in BACKENDS:
        raise IndexUnavailableError("unknown_backend", name=name, expected=list(BACKENDS))
    module, _, attribute = BACKENDS[name].rpartition(".")
    backend: type[IndexBackend] = getattr(import_module(module), attribute)
    return backend


def choose_backend(name: str = "auto") -> type[IndexBackend]:
    """Return the backend of that name, or with "auto" the first that can be used here.

    Raises
    ------
    IndexUnavailableError : no such backend, or it cannot be used on this machine
    """
    if name != "auto":
        backend = load_backend(name)
        if (reason := backend.unavailable()) is not None:
            raise IndexUnavailableError("backend_unavailable", name=name, because=reason)
        return backend
    # Exact search needs nothing, so there is always one.
    return next(backend for backend in map(load_backend, BACKENDS) if backend.unavailable() is None)
