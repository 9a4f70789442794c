"""Networks in `.tflite` files, run by LiteRT: light enough for every process, and free of TensorFlow."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.engines.network import Network, Run, unreadable
from search.methods.model_files import EMBEDDING, NO_PREPROCESSING, PIXELS, ModelFile
from search.methods.pretrained.preparation import FEATURES, LOGITS

_LOAD_ERRORS = (OSError, ValueError, RuntimeError, TypeError)


def load(file: ModelFile) -> Network:
    """Load a `.tflite` model that turns one image into one row of numbers.

    Files of `manage.py train_encoder` and `export_edge_model` call their input "pixels" (RGB, 0..255) and their
    output "embedding". Files made from packages have two outputs, "activations" and "logits". A model with other names
    is taken when DEEP_PREPROCESSING says that it takes plain pixels, and its output counts as activations.

    Parameters
    ----------
    file : see `search.methods.model_files.find_model_file`

    Returns
    -------
    network : runs on one thread; may be shared by threads, which then wait for each other

    Raises
    ------
    WeightsError : damaged, needs other operations, or not a model from one image to one row
    """
    interpreter = _opened(file.path)
    inputs = interpreter.get_input_details()
    outputs, classes = _apart(interpreter.get_output_details())
    _check_shapes(file, inputs, outputs)
    named_in, named_out = _names(interpreter)
    # The name is the only thing in the file that tells what numbers it expects.
    if named_in != PIXELS and file.preprocessing != NO_PREPROCESSING:
        about = {"file": file.path.name, "got": named_in, "expected": PIXELS, "none": NO_PREPROCESSING}
        raise WeightsError("input_of_another_name", **about)
    _, height, width, _ = (int(side) for side in inputs[0]["shape"])
    given, runner = outputs[0], _Runner(interpreter, inputs[0])
    return Network(
        size=(height, width),
        dim=int(given["shape"][1]),
        embeds=named_out == EMBEDDING or classes is not None,
        run=partial(runner, given=given),
        classify=partial(runner, given=classes) if classes else None,
    )


def classifier_of(path: Path) -> tuple[Run, tuple[int, int]]:
    """Return what names the classes of pictures by a file made from a package, and the size of picture it takes.

    Raises
    ------
    WeightsError : no such file, or not one with classes
    """
    network = load(ModelFile(path, "", None))
    if network.classify is None:
        raise WeightsError("layers_wrong", network=path.name, cause=f"no output {LOGITS}")
    return network.classify, network.size


def _opened(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        # One thread: workers run side by side already, and rows should not depend on how many cores there are.
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
    except _LOAD_ERRORS as error:
        raise unreadable("litert_model_unreadable", path, error) from error
    return interpreter


def _apart(outputs: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return the outputs without the one that names classes, and that one if it is there."""
    named = {found["name"]: found for found in outputs}
    if len(outputs) == 2 and named.keys() == {FEATURES, LOGITS}:
        return [named[FEATURES]], named[LOGITS]
    return outputs, None


def _check_shapes(file: ModelFile, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    if len(inputs) != 1 or len(outputs) != 1:
        about = {"file": file.path.name, "inputs": len(inputs), "outputs": len(outputs)}
        raise WeightsError("not_one_input_and_output", **about)
    taken, given = inputs[0]["shape_signature"].tolist(), outputs[0]["shape"].tolist()
    if len(taken) != 4 or taken[3] != 3 or min(taken[1:3]) < 1 or taken[0] not in (1, -1):
        raise WeightsError("takes_no_fixed_image", file=file.path.name, got=str(taken))
    if len(given) != 2 or given[0] != 1:
        raise WeightsError("output_of_another_shape", file=file.path.name, got=str(given))


def _names(interpreter: Any) -> tuple[str, str]:
    """Return what the model calls its input and its output; empty where it has no signature."""
    signatures = interpreter.get_signature_list()
    if not signatures:
        return "", ""
    signature = next(iter(signatures.values()))
    return signature["inputs"][0], signature["outputs"][0]


class _Runner:
    """Runs image after image: rows then do not depend on the batch, and memory stays that of one image."""

    def __init__(self, interpreter: Any, taken: dict[str, Any]) -> None:
        self._interpreter, self._taken = interpreter, taken
        self._lock = threading.Lock()  # an interpreter holds the image it works on

    def __call__(self, pixels: NDArray[np.uint8], given: dict[str, Any]) -> NDArray[np.float32]:
        """Return one output of the model; shape (n, numbers of that output)."""
        rows = np.empty((len(pixels), int(given["shape"][1])), np.float32)
        with self._lock:
            for row, image in zip(rows, pixels, strict=True):
                self._interpreter.set_tensor(self._taken["index"], _quantize(image[None], self._taken))
                self._interpreter.invoke()
                row[:] = _dequantize(self._interpreter.get_tensor(given["index"])[0], given)
        return rows


def _quantize(pixels: NDArray[np.uint8], tensor: dict[str, Any]) -> NDArray[Any]:
    """Give pixels of 0..255 the type of the model's input."""
    kind, (scale, zero) = tensor["dtype"], tensor["quantization"]
    # A scale of 0 says that the tensor is not quantized.
    if not scale:
        return np.asarray(pixels, kind)
    limits = np.iinfo(kind)
    return np.asarray(np.clip(np.rint(pixels / scale) + zero, limits.min, limits.max), kind)


def _dequantize(row: NDArray[Any], tensor: dict[str, Any]) -> NDArray[np.float32]:
    scale, zero = tensor["quantization"]
    return np.asarray((row.astype(np.float32) - zero) * scale if scale else row, np.float32)
