"""PyTorch's weights files, read without PyTorch and without running what a pickle asks for.

Such a file is a pickle of names, shapes and strides, and the numbers themselves: behind it (the older form), or beside
it in a zip archive. A pickle may name any function to be called while it is read. Here only the steps that a
dictionary of tensors needs are taken, and the two names it needs are answered by stand-ins; all else is refused before
anything was made.

Strides count: a tensor that was saved "channels last" holds its numbers in another order than its shape says.
"""

from __future__ import annotations

import collections
import io
import pickle
import pickletools
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError

MAX_BYTES = 2**30
"""Longest file, and most bytes unpacked of one, that is read."""
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_VERSION = 1001
_STORAGES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8", "LongStorage": "<i8"}
_NEEDED = (
    "PROTO FRAME MARK STOP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE "
    "EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS "
    "GLOBAL REDUCE BUILD BINPERSID BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET"
)
_STEPS = frozenset(_NEEDED.split())
_BROKEN = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class _Storage:
    """Where a tensor's numbers lie, as the pickle says it."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor, as the pickle says it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a `.pth` file.

    Parameters
    ----------
    path : file of `torch.save`, of a dictionary of tensors, in the older form or as a zip archive

    Returns
    -------
    tensors : by name; contiguous arrays of the shapes that the file names, float16, float32, float64 or int64

    Raises
    ------
    WeightsError : `tensors_unreadable` (absent, or too long), `tensors_damaged`, or `tensors_forbidden`: the file asks
        for more than a dictionary of tensors needs
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError("tensors_unreadable", path=str(path), cause=f"longer than {MAX_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError("tensors_unreadable", path=str(path), cause=error.strerror) from error
    try:
        read = _read_archive if content[:2] == b"PK" else _read_legacy
        return read(content, path)
    except _BROKEN as error:
        raise WeightsError("tensors_damaged", path=str(path), cause=str(error)) from error


def _read_legacy(content: bytes, path: Path) -> dict[str, NDArray[Any]]:
    stream = io.BytesIO(content)
    magic, version, _system = (_unpickle(stream, path) for _part in range(3))
    if (magic, version) != (_LEGACY_MAGIC, _LEGACY_VERSION):
        raise ValueError("it does not begin as a weights file does")
    tensors, keys = _unpickle(stream, path), _unpickle(stream, path)
    wanted = _storages(tensors)
    found: dict[str, NDArray[Any]] = {}
    place = stream.tell()
    for key in keys:
        storage = wanted[key]
        kind = np.dtype(storage.dtype)
        count = int.from_bytes(content[place : place + 8], "little")
        if count != storage.count:
            raise ValueError(f"tensor {key} holds {count} numbers, not {storage.count}")
        found[key] = np.frombuffer(content, kind, count, place + 8)
        place += 8 + count * kind.itemsize
    return _arranged(tensors, found)


def _read_archive(content: bytes, path: Path) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES} bytes")
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        tensors = _unpickle(io.BytesIO(archive.read(pickled)), path)
        folder = pickled.removesuffix("data.pkl")
        found = {
            key: np.frombuffer(archive.read(f"{folder}data/{key}"), storage.dtype, storage.count)
            for key, storage in _storages(tensors).items()
        }
    return _arranged(tensors, found)


def _storages(tensors: Mapping[str, Any]) -> dict[str, _Storage]:
    return {each.storage.key: each.storage for each in tensors.values()}


def _arranged(tensors: Mapping[str, _Tensor], found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return each tensor in the order of its shape, whatever order its numbers are stored in."""
    return {str(name): _array(tensor, found[tensor.storage.key]) for name, tensor in tensors.items()}


def _array(tensor: _Tensor, numbers: NDArray[Any]) -> NDArray[Any]:
    if min((tensor.offset, *tensor.shape, *tensor.strides)) < 0:
        raise ValueError("a tensor with a negative side or step")
    reach = sum((side - 1) * step for side, step in zip(tensor.shape, tensor.strides, strict=True))
    count = int(np.prod(tensor.shape, dtype=object))
    if count > len(numbers) or (count and tensor.offset + reach >= len(numbers)):
        raise ValueError("a tensor reaches beyond its numbers, or repeats them")
    steps = [step * numbers.itemsize for step in tensor.strides]
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps, writeable=False)
    return np.array(view, order="C")


def _unpickle(stream: io.BytesIO, path: Path) -> Any:
    """Read one pickle, after a look at each of its steps."""
    start, rest = stream.tell(), len(stream.getbuffer())
    for step, argument, _place in pickletools.genops(stream):
        if step.name not in _STEPS:
            raise WeightsError("tensors_forbidden", path=str(path), wanted=step.name)
        if step.name.endswith("PUT") and (argument or 0) > rest:
            raise ValueError("a place beyond the file's end")  # room would be made for all places below it
    stream.seek(start)
    return _Unpickler(stream, path).load()


class _Unpickler(pickle.Unpickler):
    """Answers the few names that a dictionary of tensors needs, by stand-ins; refuses all others."""

    def __init__(self, stream: io.BytesIO, path: Path) -> None:
        super().__init__(stream)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise WeightsError("tensors_forbidden", path=str(self._path), wanted=f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        _kind, dtype, key, _device, count, *_view = pid
        if dtype not in _STORAGES.values():
            raise TypeError("numbers of no known kind")
        return _Storage(str(key), dtype, int(count))


def _rebuild(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_rest: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise TypeError("a tensor without numbers")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
