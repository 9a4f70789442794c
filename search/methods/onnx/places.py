"""Where the parts of an exported encoder lie: one file, or a folder with one tower for images and one for words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from search.exceptions import WeightsError
from search.methods.onnx.graph import look
from search.methods.onnx.pixels import Pixels, read_pixels

MODEL = "model.onnx"


@dataclass(frozen=True, slots=True)
class Towers:
    """A pair of encoders that put pictures and words into one space, in the layout that Immich uses."""

    visual: Path  # the encoder of images
    textual: Path | None  # the encoder of words; None: there is none, or the model is one file
    tokenizer: Path | None  # how words become numbers, as the library `tokenizers` writes it


def is_export(path: Path) -> bool:
    """Tell whether a path names an ONNX file, or a folder with one."""
    return path.suffix == ".onnx" or (path / "visual" / MODEL).is_file() or (path / MODEL).is_file()


def towers_of(path: Path) -> Towers:
    """Return where the encoders lie that a path names.

    Parameters
    ----------
    path : an `.onnx` file; a folder with `visual/model.onnx` and maybe `textual/`; or one with `model.onnx`
    """
    if path.suffix == ".onnx":
        return Towers(path, None, None)
    if not (path / "visual" / MODEL).is_file():
        return Towers(path / MODEL, None, None)
    textual, tokenizer = path / "textual" / MODEL, path / "textual" / "tokenizer.json"
    return Towers(
        path / "visual" / MODEL,
        textual if textual.is_file() else None,
        tokenizer if tokenizer.is_file() else None,
    )


def files_of(model: Path) -> tuple[Path, ...]:
    """Return all files of a model, its own first, after a look at what it asks for.

    Raises
    ------
    WeightsError : `model_file_unreadable`, `onnx_damaged`; `onnx_custom_operators`; `onnx_data_outside`: it names files
        that do not lie in its folder; `onnx_data_missing`
    """
    found = [model, *_data_of(*_marked(model))]
    for path in found:
        if not path.is_file():
            raise WeightsError("onnx_data_missing", path=model, file=path.name)
    return tuple(found)


def export_fingerprint(model: Path) -> str:
    """Return the first 12 hexadecimal digits of a SHA-256 of all that makes a model's rows; read again when it changes.

    Raises
    ------
    WeightsError : see `files_of` and `read_pixels`
    """
    return _fingerprint(tuple(_marked(path) for path in files_of(model)), read_pixels(model))


def text_fingerprint(textual: Path, others: tuple[Path, ...]) -> str:
    """Return the first 12 hexadecimal digits of a SHA-256 of all that makes a text tower's rows.

    Parameters
    ----------
    textual : its model
    others : files of its tokenizer; those that are not there are left out

    Raises
    ------
    WeightsError : see `files_of`
    """
    return _fingerprint(tuple(_marked(path) for path in (*files_of(textual), *others) if path.is_file()), None)


def _marked(path: Path) -> tuple[Path, int, int]:
    """Return a path with what changes when its file does."""
    try:
        stat = path.stat()
    except OSError as error:
        raise WeightsError("model_file_unreadable", path=path, cause=error.strerror) from error
    return path, stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=8)
def _data_of(model: Path, num_bytes: int, mtime_ns: int) -> tuple[Path, ...]:
    asked = look(model)
    if unknown := asked.unknown_operators:
        raise WeightsError("onnx_custom_operators", path=model, operators=unknown[:5])
    folder, found = model.parent.resolve(), []
    for name in sorted(asked.files):
        path = (model.parent / name).resolve()
        if not name or Path(name).is_absolute() or not path.is_relative_to(folder):
            raise WeightsError("onnx_data_outside", path=model, file=name)
        found.append(path)
    return tuple(found)


@lru_cache(maxsize=8)
def _fingerprint(files: tuple[tuple[Path, int, int], ...], pixels: Pixels | None) -> str:
    digest = hashlib.sha256(repr(pixels).encode())
    for path, _num_bytes, _mtime_ns in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
