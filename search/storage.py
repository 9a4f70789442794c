"""Where search keeps its files: generations, maps, networks, and the folder of all data that the site's programs share.

Whoever reads or writes one of these asks here for the place, so that files which are made on one machine and mapped on
another can be fetched here before they are opened.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

GENERATION_LOCK = ".lock"


def data_folder() -> Path:
    """Return the folder of everything that the site stores."""
    return Path(settings.DATA_DIR)


def runtime_folder() -> Path:
    """Return where the running site keeps its lock, its socket and small marks."""
    return Path(settings.RUNTIME_DIR)


def redis_folder() -> Path:
    """Return where the site's own Redis keeps the queues."""
    return data_folder() / "redis"


def generations_folder() -> Path:
    """Return the folder of all generations."""
    return Path(settings.GENERATIONS_DIR)


def generation_folder(name: str) -> Path:
    """Return where a generation's files lie."""
    return generations_folder() / name


def generation_lock() -> Path:
    """Return the file that is locked while a generation is built."""
    return generations_folder() / GENERATION_LOCK


def maps_folder() -> Path:
    """Return the folder of all maps, with the catalog that says which are in use."""
    return Path(settings.MAPS_DIR)


def siamese_folder() -> Path:
    """Return where siamese networks that were trained here lie, with the note that says which serves."""
    return Path(settings.SIAMESE_DIR)


def encoder_training_folder() -> Path:
    """Return where the training of an encoder keeps its checkpoints and report, unless another folder is named."""
    return data_folder() / "training" / "encoder"


def edge_model_file() -> Path:
    """Return where the encoder in 8 bits is written, unless another file is named."""
    return data_folder() / "encoder-int8.tflite"
