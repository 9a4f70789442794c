"""Image encoders in ONNX files, run by ONNX Runtime, which is an extra: `pip install onnxruntime`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.engines.network import Network, unreadable
from search.methods.model_files import ModelFile
from search.methods.onnx.pixels import Layout, Pixels, read_pixels
from search.methods.onnx.places import files_of
from search.methods.onnx.session import open_session, runtime_errors

_KINDS: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}
_ROWS = ("image_embeds", "image_embedding", "embedding", "embeddings", "pooler_output")
"""Names of the output that is an image's row, where there are several: the first that is there."""


def load(file: ModelFile) -> Network:
    """Load an ONNX model that turns images into rows of numbers.

    Its output may be a row per image, rows of places of which the first stands for the whole (as in a transformer), or
    a map, which is averaged. Rows are compared as they are.

    Raises
    ------
    WeightsError : what `files_of` and `read_pixels` raise; `onnx_model_unreadable`: damaged, or asks for what this ONNX
        Runtime has not; `onnx_input_wrong`, `onnx_layout_wrong`, `onnx_output_wrong`; `onnx_run_failed`
    """
    files_of(file.path)
    pixels = read_pixels(file.path)
    session = open_session(file.path)
    layout, kind = _input(file, session, pixels)
    output, dim = _output(file, session, pixels)
    runner = _Runner(file, session, pixels, (layout, kind), output)
    if dim is None:
        dim = runner(np.zeros((1, *pixels.size, 3), np.uint8)).shape[1]
    return Network(size=pixels.size, dim=dim, embeds=True, run=runner)


def _input(file: ModelFile, session: Any, pixels: Pixels) -> tuple[Layout, type[np.generic]]:
    """Return how the one input wants its pixels."""
    wanted = session.get_inputs()
    if len(wanted) != 1 or wanted[0].type not in _KINDS:
        got = ", ".join(f"{each.name}: {each.type}" for each in wanted)
        raise WeightsError("onnx_input_wrong", path=file.path, got=got)
    shape = [side if isinstance(side, int) and side > 0 else None for side in wanted[0].shape]
    layouts: tuple[Layout, ...] = ("nchw", "nhwc")
    fitting = [layout for layout in layouts if _fits(shape, _shaped(layout, pixels.size))]
    if pixels.layout and pixels.layout in fitting:
        return pixels.layout, _KINDS[wanted[0].type]
    if pixels.layout or not fitting:
        expected = _shaped(pixels.layout or "nchw", pixels.size)
        raise WeightsError("onnx_layout_wrong", path=file.path, expected=str(expected), got=str(wanted[0].shape))
    return fitting[0], _KINDS[wanted[0].type]


def _shaped(layout: str, size: tuple[int, int]) -> list[int]:
    return [1, 3, *size] if layout == "nchw" else [1, *size, 3]


def _fits(shape: Sequence[int | None], sides: Sequence[int]) -> bool:
    return len(shape) == len(sides) and all(one in (None, other) for one, other in zip(shape, sides, strict=True))


def _output(file: ModelFile, session: Any, pixels: Pixels) -> tuple[str, int | None]:
    """Return which output is the row, and its length where the model says it."""
    outputs = {each.name: each for each in session.get_outputs()}
    names = [pixels.output] if pixels.output else [*_ROWS, *(n for n, o in outputs.items() if len(o.shape) == 2)]
    name = next((each for each in names if each in outputs), None if pixels.output else next(iter(outputs)))
    if name is None or len(outputs[name].shape) not in (2, 3, 4):
        got = ", ".join(f"{each.name}: {each.shape}" for each in outputs.values())
        raise WeightsError("onnx_output_wrong", path=file.path, expected=pixels.output or "a row", got=got)
    last = outputs[name].shape[-1]
    return name, last if isinstance(last, int) and len(outputs[name].shape) < 4 else None


class _Runner:
    """Runs image after image: rows then do not depend on the batch, and memory stays that of one image."""

    def __init__(
        self, file: ModelFile, session: Any, pixels: Pixels, taken: tuple[Layout, type[np.generic]], output: str
    ) -> None:
        self._file, self._session, self._pixels = file, session, pixels
        self._layout, self._kind = taken
        self._input, self._output = session.get_inputs()[0].name, output
        self._errors = runtime_errors()

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.concatenate([self._row(image[None]) for image in images])

    def _row(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        # A network that takes whole numbers prepares them itself.
        numbers = image if self._kind is np.uint8 else self._pixels.prepare(image).astype(self._kind)
        if self._layout == "nchw":
            numbers = numbers.transpose(0, 3, 1, 2)
        try:
            (found,) = self._session.run([self._output], {self._input: np.ascontiguousarray(numbers)})
        except self._errors as error:
            raise unreadable("onnx_run_failed", self._file.path, error) from error
        return _pooled(np.asarray(found, np.float32), self._layout)


def _pooled(found: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """Make a row of what a network gives for one image."""
    pool: dict[int, Callable[[], NDArray[np.float32]]] = {
        3: lambda: found[:, 0],
        4: lambda: found.mean(axis=(2, 3) if layout == "nchw" else (1, 2)),
    }
    return pool.get(found.ndim, lambda: found)()
