"""System checks: settings that cannot work are reported at the start, each with what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from search.exceptions import BackgroundError, IndexUnavailableError, WeightsError
from search.index import choose_backend
from search.methods.model_files import comes_along
from search.methods.onnx.places import is_export
from search.methods.weights import find_backbone
from search.scoring.background import FILE, read_backgrounds
from search.storage import data_folder

TAG = "likeness"
Check = Callable[..., list[CheckMessage]]


@register(TAG)
def check_data_dir(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that what is stored can be stored."""
    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Set DATA_DIR to a folder that this user may write."
        return [Error(f"DATA_DIR={folder} cannot be made: {error.strerror}.", hint=hint, id="search.E001")]
    # Both: in a folder that may be written but not entered no file can be made.
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = "Change its owner, or set DATA_DIR to another folder."
        return [Error(f"DATA_DIR={folder} cannot be written by this user.", hint=hint, id="search.E001")]
    return []


@register(TAG)
def check_deep_weights(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that weights which are named are there."""
    weights = settings.ENV.deep_weights
    if weights is None or weights.is_file() or is_export(weights):
        return []
    hint = "Name a weights file or a `.keras` or `.tflite` model, or unset DEEP_WEIGHTS to use the built-in encoder."
    return [Error(f"DEEP_WEIGHTS={weights} is not a file.", hint=hint, id="search.E002")]


@register(TAG)
def check_deep_backbone(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that the network of the content method is one that is known."""
    name = settings.ENV.deep_backbone
    if comes_along(name):
        return []
    try:
        find_backbone(name)
    except WeightsError as error:
        hint = "Correct it, or unset it to use lite2; `manage.py fetch_weights --list` lists those of Keras."
        return [Error(f"DEEP_BACKBONE={name}: {error}.", hint=hint, id="search.E004")]
    return []


@register(TAG)
def check_index_backend(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that the index backend that is asked for can be used."""
    try:
        choose_backend(settings.ENV.index_backend)
    except IndexUnavailableError as error:
        hint = "Set INDEX_BACKEND=auto to use the best one of this machine."
        return [Error(f"INDEX_BACKEND={settings.ENV.index_backend}: {error}.", hint=hint, id="search.E003")]
    return []


@register(TAG)
def check_background(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that the scale for small libraries, which ships, is whole."""
    try:
        read_backgrounds(FILE)
    except BackgroundError as error:
        return [Warning(f"{error}.", hint="Small libraries go by their own pairs alone until then.", id="search.W002")]
    return []


@register(TAG)
def check_lease(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """See that a lease outlives the pauses of the reconciler, which would otherwise free work that goes on."""
    if settings.ENV.lease_seconds > settings.ENV.reconcile_seconds:
        return []
    text = f"LEASE_SECONDS={settings.ENV.lease_seconds} is not longer than RECONCILE_SECONDS."
    hint = "Give workers more time for a batch than passes between two rounds of the reconciler."
    return [Warning(text, hint=hint, id="search.W001")]
