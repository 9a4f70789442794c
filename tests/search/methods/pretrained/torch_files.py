"""Weights files as PyTorch writes them, written without PyTorch: its names are lent while a pickle is made."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
KINDS = {"f4": "FloatStorage", "f2": "HalfStorage", "f8": "DoubleStorage", "i8": "LongStorage", "i4": "IntStorage"}
Arrays = Mapping[str, NDArray[Any]]


class Tensor:
    """Pickles as a tensor whose numbers lie under a key."""

    def __init__(self, key: str, kind: str, count: int, *about: Any) -> None:
        self.pid = ("storage", getattr(sys.modules["torch"], KINDS[kind]), key, "cpu", count)
        self.about = about  # offset, shape, strides

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (Storage(self.pid), *self.about, False, OrderedDict())


class Storage:
    def __init__(self, pid: tuple[Any, ...]) -> None:
        self.pid = pid


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        return value.pid if isinstance(value, Storage) else None


@contextmanager
def torch_lent() -> Iterator[None]:
    """Lend the names under which PyTorch's classes stand in a pickle."""
    torch, inner = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in KINDS.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_about: Any) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    inner._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    torch._utils = inner  # type: ignore[attr-defined]
    with mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": inner}):
        yield


def pickled(value: Any) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()


def described(arrays: Arrays) -> dict[str, Tensor]:
    """Return the tensors of arrays; to be called while names are lent."""
    return {
        name: Tensor(str(number), array.dtype.str[1:], array.size, 0, array.shape, _strides(array))
        for number, (name, array) in enumerate(arrays.items())
    }


def _strides(array: NDArray[Any]) -> tuple[int, ...]:
    return tuple(step // array.itemsize for step in array.strides)


def stored(array: NDArray[Any]) -> bytes:
    """Return the numbers of an array in the order in which they lie in memory."""
    return array.ravel(order="K").tobytes()


def legacy(arrays: Arrays, tensors: Any = None) -> bytes:
    """Return the older form; `tensors` may be told otherwise than they are."""
    with torch_lent():
        told = OrderedDict(described(arrays)) if tensors is None else tensors()
        parts = [pickled(each) for each in (MAGIC, VERSION, SYSTEM, told, [str(n) for n in range(len(arrays))])]
    for array in arrays.values():
        parts += [np.int64(array.size).tobytes(), stored(array)]
    return b"".join(parts)


def archive(arrays: Arrays, tensors: Any = None) -> bytes:
    """Return the newer form."""
    buffer = io.BytesIO()
    with torch_lent(), zipfile.ZipFile(buffer, "w") as file:
        file.writestr("model/data.pkl", pickled(OrderedDict(described(arrays)) if tensors is None else tensors()))
        for number, array in enumerate(arrays.values()):
            file.writestr(f"model/data/{number}", stored(array))
    return buffer.getvalue()


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
