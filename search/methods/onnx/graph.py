"""What an ONNX file asks for, read from its protobuf without the packages `onnx` and `onnxruntime`.

Only what decides whether a file may be loaded is looked at: operators that it takes for granted, and files that it
reads beside itself. Numbers are skipped, so that a file of a gigabyte is looked at in a moment.

Source: onnx.proto of ONNX 1.x, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from search.exceptions import WeightsError

KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Sets of operators that ONNX Runtime itself has; "com.microsoft" are those that its optimizer writes."""
MAX_DEPTH = 16
"""Most graphs that lie in one another, as in branches and loops."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# Numbers of the fields that are looked at, by the message that they are of.
_MODEL_GRAPH, _MODEL_FUNCTION = 7, 25
_GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSES = (5, 10), (6, 11), (22, 23)
_TENSOR_EXTERNAL = 13
_FUNCTION_NAME, _FUNCTION_NODE, _FUNCTION_DOMAIN = 1, 7, 10

Span = tuple[int, int]
"""Where a message lies in the file: its first byte, and the one after its last."""


@dataclass(slots=True)
class Asked:
    """What a file asks for."""

    operators: set[tuple[str, str]] = field(default_factory=set)  # (domain, name)
    functions: set[tuple[str, str]] = field(default_factory=set)  # that the file itself defines
    files: set[str] = field(default_factory=set)  # that hold numbers, as the file names them

    @property
    def unknown_operators(self) -> list[str]:
        """Operators that neither ONNX Runtime nor the file itself has."""
        wanted = {each for each in self.operators - self.functions if each[0] not in KNOWN_DOMAINS}
        return sorted(f"{domain}.{name}" for domain, name in wanted)


def look(path: Path) -> Asked:
    """Return what an ONNX file asks for.

    Raises
    ------
    WeightsError : `model_file_unreadable`, or `onnx_damaged`: cut off, or another kind of file
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Reader(content).model()
    except OSError as error:
        raise WeightsError("model_file_unreadable", path=path, cause=error.strerror) from error
    except (ValueError, IndexError) as error:
        raise WeightsError("onnx_damaged", path=path, cause=str(error)) from error


class _Reader:
    """Walks through the messages of a file."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._asked = Asked()

    def model(self) -> Asked:
        graphs = 0
        for number, span in self._messages((0, len(self._content))):
            if number == _MODEL_GRAPH:
                graphs += 1
                self._graph(span, 0)
            elif number == _MODEL_FUNCTION:
                self._function(span)
        if graphs != 1:
            raise ValueError("it holds no graph")
        return self._asked

    def _function(self, span: Span) -> None:
        name = domain = ""
        for number, inner in self._messages(span):
            if number == _FUNCTION_NAME:
                name = self._text(inner)
            elif number == _FUNCTION_DOMAIN:
                domain = self._text(inner)
            elif number == _FUNCTION_NODE:
                self._node(inner, 0)
        self._asked.functions.add((domain, name))

    def _graph(self, span: Span, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} graphs lie in one another")
        for number, inner in self._messages(span):
            if number == _GRAPH_NODE:
                self._node(inner, depth)
            elif number == _GRAPH_TENSOR:
                self._tensor(inner)
            elif number == _GRAPH_SPARSE:
                self._sparse(inner)

    def _node(self, span: Span, depth: int) -> None:
        operator = domain = ""
        for number, inner in self._messages(span):
            if number == _NODE_OPERATOR:
                operator = self._text(inner)
            elif number == _NODE_DOMAIN:
                domain = self._text(inner)
            elif number == _NODE_ATTRIBUTE:
                self._attribute(inner, depth)
        self._asked.operators.add((domain, operator))

    def _attribute(self, span: Span, depth: int) -> None:
        for number, inner in self._messages(span):
            if number in _ATTRIBUTE_TENSORS:
                self._tensor(inner)
            elif number in _ATTRIBUTE_GRAPHS:
                self._graph(inner, depth + 1)
            elif number in _ATTRIBUTE_SPARSES:
                self._sparse(inner)

    def _sparse(self, span: Span) -> None:
        for _number, inner in self._messages(span):  # its values and its indices
            self._tensor(inner)

    def _tensor(self, span: Span) -> None:
        for number, entry in self._messages(span):
            if number == _TENSOR_EXTERNAL:
                key, value = ([self._text(inner) for _number, inner in self._messages(entry)] + ["", ""])[:2]
                if key == "location":
                    self._asked.files.add(value)

    def _messages(self, span: Span) -> Iterator[tuple[int, Span]]:
        """Yield number and place of each field that has a length: messages, texts and packed numbers."""
        place, end = span
        while place < end:
            tag, place = self._varint(place, end)
            number, kind = tag >> 3, tag & 7
            length = 0
            if kind == _VARINT:
                _value, place = self._varint(place, end)
            elif kind == _BYTES:
                length, place = self._varint(place, end)
            elif kind in (_FIXED64, _FIXED32):
                place += 8 if kind == _FIXED64 else 4
            else:
                raise ValueError(f"a field of kind {kind} at byte {place}")
            if place + length > end or not number:
                raise ValueError(f"a field ends beyond byte {end}")
            if kind == _BYTES:
                yield number, (place, place + length)
                place += length

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if place >= end:
                break
            byte = self._content[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, place
        raise ValueError(f"a number ends beyond byte {end}")

    def _text(self, span: Span) -> str:
        return self._content[slice(*span)].decode()
