"""ONNX Runtime, asked to open a file; it is an extra, so it is imported when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from search.exceptions import WeightsError

_CAUSE_LENGTH = 150


def open_session(path: Path) -> Any:
    """Open an ONNX file for one thread.

    Raises
    ------
    WeightsError : `onnx_model_unreadable`: damaged, or asks for what this ONNX Runtime has not
    """
    import onnxruntime

    errors: tuple[type[Exception], ...] = (OSError, *runtime_errors())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except errors as error:
        raise WeightsError("onnx_model_unreadable", path=path, cause=first_line(error)) from error


def runtime_errors() -> tuple[type[Exception], ...]:
    """Return the errors of ONNX Runtime, which have no common base of their own."""
    import onnxruntime

    state = onnxruntime.capi.onnxruntime_pybind11_state
    own = (each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception))
    return ValueError, RuntimeError, *own


def first_line(error: Exception) -> str:
    """Return the beginning of what a library says, which goes on for pages."""
    return str(error).strip().partition("\n")[0][:_CAUSE_LENGTH].strip()
