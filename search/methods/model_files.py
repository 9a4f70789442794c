"""What the files of the deep method say about themselves, read without loading Keras or LiteRT."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from search.exceptions import WeightsError
from search.methods.onnx.places import export_fingerprint, is_export, towers_of
from search.methods.pretrained import packages
from search.methods.pretrained.checksum import is_whole, with_checksum
from search.methods.pretrained.preparation import PIXELS, expected, identity
from search.methods.weights import Backbone, backbones, find_backbone

__all__ = [
    "BUILT_IN",
    "COMPACT",
    "EMBEDDING",
    "NO_PREPROCESSING",
    "PIXELS",
    "ModelFile",
    "comes_along",
    "find_model_file",
    "fingerprint",
    "with_checksum",
]

NO_PREPROCESSING = "none"
"""Named where a model prepares the pixels (0..255) itself."""
COMPACT = "compact"
"""The backbone that ships with the program."""
BUILT_IN = Path(__file__).with_name("builtin") / "encoder.tflite"
EMBEDDING = "embedding"
"""What the encoder's `.tflite` files call their output (rows compared as they are); their input is PIXELS."""

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_LITERT_MAGIC, _LITERT_MAGIC_AT = b"TFL3", 4
# A layer that only this family has; checked in this order.
_LAYER_SIGNS = {
    "conv_dw_1": "mobilenet",
    "block_1_expand": "mobilenet_v2",
    "expanded_conv_1_expand": "mobilenet_v3",
    "block14_sepconv2": "xception",
    "mixed10": "inception_v3",
    "conv_7b": "inception_resnet_v2",
    "conv2_block1_concat": "densenet",
    "post_bn": "resnet_v2",
    "conv2_block1_1_conv": "resnet",
    "block5_conv4": "vgg19",
    "block5_conv3": "vgg16",
    "block1a_project_conv": "efficientnet",
    "stem_conv1": "nasnet",
}
_OWN_PREPROCESSING = {"Rescaling", "Normalization"}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """Where the deep method's numbers come from: weights of a known network, or a whole model."""

    path: Path
    preprocessing: str  # module of keras.applications, or NO_PREPROCESSING; empty: a `.tflite` file tells it itself
    backbone: Backbone | None  # None: the file is a whole model
    network: str = ""  # key of PACKAGES: the file is made from a package when it is loaded first
    stands_in: WeightsError | None = None  # why the network that was asked for does not serve, where this one does

    @property
    def engine(self) -> Literal["keras", "litert", "onnx"]:
        """What runs the file: a key of `search.methods.engines.PACKAGES`."""
        if self.path.suffix == ".onnx":
            return "onnx"
        return "litert" if self.path.suffix == ".tflite" else "keras"

    @property
    def title(self) -> str:
        """Short name for the method's version, such as "lite2", "encoder", "resnet50" or "model-mobilenet"."""
        if self.network or self.engine == "onnx":
            return self.network or "onnx"
        if self.engine == "litert":
            return "encoder"
        return self.backbone.name.lower() if self.backbone else f"model-{self.preprocessing}"

    @property
    def identity(self) -> str:
        """What tells this file's numbers from those of others of its title."""
        if self.engine == "onnx":
            return export_fingerprint(self.path)
        return identity(packages.PACKAGES[self.network]) if self.network else fingerprint(self.path)


def find_model_file(options: Mapping[str, Any]) -> ModelFile:
    """Return the file that the options of the deep method name.

    Parameters
    ----------
    options : "backbone": "compact", "lite0" to "lite2" or the name of a network; "weights": path of its weights, or of
        a whole `.keras`, `.tflite` or `.onnx` model, or of a folder with one, or None; "preprocessing": module of
        keras.applications that a `.keras` model expects, or empty; "weights_dir": folder into which `fetch_weights`
        downloads; "models_dir": folder of the files that are made from packages

    Returns
    -------
    file : the built-in encoder, with the reason in `stands_in`, where a package's network cannot serve

    Raises
    ------
    WeightsError : no such file, not what its name says, or its preprocessing cannot be determined
    """
    given = options.get("weights")
    if given and Path(given).suffix == ".keras":
        return _whole_model(Path(given), options.get("preprocessing") or "")
    if given and Path(given).suffix == ".tflite":
        return _litert_model(Path(given), options.get("preprocessing") or "")
    if given and is_export(Path(given)):
        return _export(Path(given))
    name = options.get("backbone") or COMPACT
    if given and comes_along(name):
        _refuse_unnamed(Path(given))
    if name.lower() == COMPACT:
        return _built_in()
    if package := packages.named(name):
        return _packaged(package, options.get("models_dir"))
    backbone = find_backbone(name)
    path = Path(given) if given else _fetched(backbone, options.get("weights_dir"))
    _check_file(path, _HDF5_MAGIC, "h5")
    return ModelFile(path, backbone.module, backbone)


def comes_along(backbone: str) -> bool:
    """Tell whether a network comes with the program or its packages, so that there is nothing to fetch."""
    return backbone.lower() in ("", COMPACT) or packages.named(backbone) is not None


def fingerprint(path: Path) -> str:
    """Return the first 12 hexadecimal digits of a file's SHA-256; read again only when the file changes."""
    stat = path.stat()
    return _fingerprint(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _fingerprint(path: Path, num_bytes: int, mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _fetched(backbone: Backbone, folder: Path | None) -> Path:
    path = Path(folder or ".") / backbone.file_name
    if not path.is_file():
        raise WeightsError("no_weights", backbone=backbone.name)
    return path


def _packaged(package: packages.Package, folder: Path | None) -> ModelFile:
    try:
        if folder is None:
            raise WeightsError("no_place", path=package.name, cause="no folder of models is named")
        path = expected(package, folder)
    except WeightsError as error:
        return replace(_built_in(), stands_in=error)
    return ModelFile(path, "", None, package.name)


def _export(given: Path) -> ModelFile:
    path = towers_of(given).visual
    export_fingerprint(path)  # with a look at what it asks for, and at what is said of its pixels
    return ModelFile(path, "", None)


def _built_in() -> ModelFile:
    if not BUILT_IN.is_file():
        raise WeightsError("encoder_gone", path=BUILT_IN)
    return _litert_model(BUILT_IN, "")


def _refuse_unnamed(given: Path) -> NoReturn:
    _check_file(given, _HDF5_MAGIC, "any")
    raise WeightsError("network_not_named", path=given)


def _litert_model(path: Path, preprocessing: str) -> ModelFile:
    _check_file(path, _LITERT_MAGIC, "tflite", _LITERT_MAGIC_AT)
    if preprocessing not in ("", NO_PREPROCESSING):
        raise WeightsError("preprocessing_not_taken", got=preprocessing)
    if not is_whole(path, must_carry_one=path == BUILT_IN):
        raise WeightsError("model_damaged", path=path)
    return ModelFile(path, preprocessing, None)


def _check_file(path: Path, magic: bytes, kind: str, place: int = 0) -> None:
    """Raise unless the file can be read and begins as its kind does; the sentence of `other_file` names the kinds."""
    try:
        with path.open("rb") as file:
            found = file.read(place + len(magic))[place:]
    except OSError as error:
        raise WeightsError("model_file_unreadable", path=path, cause=error.strerror) from error
    if found != magic:
        raise WeightsError("other_file", path=path, kind=kind)


def _whole_model(path: Path, preprocessing: str) -> ModelFile:
    _check_file(path, b"PK", "keras")
    if preprocessing:
        return ModelFile(path, _known_module(preprocessing), None)
    stat = path.stat()
    return ModelFile(path, _infer(path, stat.st_size, stat.st_mtime_ns), None)


def _known_module(name: str) -> str:
    """Return the module of keras.applications that this name means: its own, or that of a network in it."""
    modules = {backbone.module for backbone in backbones().values()}
    if name in modules or name == NO_PREPROCESSING:
        return name
    if name.lower() in backbones():
        return backbones()[name.lower()].module
    raise WeightsError("unknown_preprocessing", got=name, expected=sorted(modules), none=NO_PREPROCESSING)


@lru_cache(maxsize=8)
def _infer(path: Path, num_bytes: int, mtime_ns: int) -> str:
    """Tell a model's preprocessing by its layers, else by its name or its file's; cached while the file stays."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise WeightsError("keras_model_damaged", path=path, cause=str(error)) from error
    parts = list(_parts(config))
    layers = {name for _, name in parts}
    for layer, module in _LAYER_SIGNS.items():
        if layer in layers:
            return module
    if any(class_name in _OWN_PREPROCESSING for class_name, _ in parts):
        return NO_PREPROCESSING
    named = _module_in(path.stem) or next(filter(None, map(_module_in, layers)), None)
    if named is None:
        raise WeightsError("preprocessing_unclear", file=path.name, none=NO_PREPROCESSING)
    return named


def _parts(config: object) -> Iterator[tuple[str, str]]:
    """Yield class and name of a model and of everything in it, however deep."""
    if isinstance(config, dict):
        inner = config.get("config")
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            yield str(config.get("class_name", "")), inner["name"]
        for value in config.values():
            yield from _parts(value)
    elif isinstance(config, list):
        for value in config:
            yield from _parts(value)


def _module_in(text: str) -> str | None:
    """Return the module whose name, or whose network's name, stands in the text; the longest wins."""
    words = {name: backbone.module for name, backbone in backbones().items()}
    words |= {backbone.module.replace("_", ""): backbone.module for backbone in backbones().values()}
    # Without what is written in between: ResNet-50, resnet_50 and ResNet50 are one.
    text = re.sub(r"[^a-z0-9]", "", text.lower())
    # The longest, because "resnet" stands in "resnetv2" too.
    found = max((word for word in words if word in text), key=len, default=None)
    return words[found] if found else None
