"""Where search keeps its files: data of earlier versions lies there already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from search import storage


@pytest.mark.parametrize(
    ("place", "below"),
    [
        (storage.data_folder, ""),
        (storage.runtime_folder, "run"),
        (storage.redis_folder, "redis"),
        (storage.generations_folder, "generations"),
        (storage.generation_lock, "generations/.lock"),
        (storage.maps_folder, "maps"),
        (storage.siamese_folder, "models/siamese"),
        (storage.encoder_training_folder, "training/encoder"),
        (storage.edge_model_file, "encoder-int8.tflite"),
        (lambda: storage.generation_folder("7-ab12cd34"), "generations/7-ab12cd34"),
    ],
)
def test_everything_lies_where_it_always_did(place: Callable[[], Path], below: str) -> None:
    assert place() == settings.DATA_DIR / below
