"""From an installed package to a file that LiteRT runs: made at the first need, once for all processes.

What was found wrong is noted beside the file's place, so that all processes come to the same end, and is tried again
when the package's file changes.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from jobs.files import write_json, written_aside
from jobs.locks import try_lock
from search.exceptions import WeightsError
from search.methods.pretrained.checksum import is_whole, with_checksum
from search.methods.pretrained.efficientnet_lite import fold
from search.methods.pretrained.packages import PACKAGES, Package, check_intact, weights_of
from search.methods.pretrained.photographs import check_classes
from search.methods.pretrained.state_dict import read_state_dict

PIXELS, FEATURES, LOGITS = "pixels", "activations", "logits"
"""What the files call their input and their two outputs."""
_REVISION = 1  # of how files are made: raise it when their numbers change
_LOCK_SECONDS = 30.0


def identity(package: Package) -> str:
    """Return what tells a network's file from others: the weights it is made of, and how it is made."""
    return f"{package.sha256[:8]}.{_REVISION}"


def file_of(package: Package, folder: Path) -> Path:
    """Return where a network's file lies, or will lie."""
    return folder / f"{package.name}-{identity(package)}.tflite"


def expected(package: Package, folder: Path) -> Path:
    """Return where a network's file lies, or will lie once it is needed: cheap, and makes nothing.

    Raises
    ------
    WeightsError : `package_absent`, or what was found wrong when the file was made
    """
    source, path = weights_of(package), file_of(package, folder)
    _raise_refusal(path, source)
    return path


def prepared(package: Package, folder: Path) -> Path:
    """Return a network's file, made now if there is none that is whole.

    Parameters
    ----------
    package : which network
    folder : where files of networks lie; made if missing

    Raises
    ------
    WeightsError : `package_absent`, `package_damaged`, `tensors_damaged`, `tensors_forbidden`, `layers_wrong`,
        `sees_nothing`, `no_photographs` or `no_place`; all but the first and the last are noted, see `expected`
    """
    path = expected(package, folder)
    if path.is_file() and is_whole(path):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with try_lock(folder / ".lock", _LOCK_SECONDS) as gained:
            if not gained:
                raise TimeoutError(f"another process holds {folder / '.lock'}")
            expected(package, folder)
            if not (path.is_file() and is_whole(path)):  # else it was made while this process waited
                _make(package, weights_of(package), path)
    except OSError as error:
        raise WeightsError("no_place", path=str(path), cause=error.strerror or str(error)) from error
    return path


def withdraw(name: str, path: Path, error: WeightsError) -> None:
    """Let a file that was made once serve no more; why is noted for all processes until the package changes.

    Parameters
    ----------
    name : key of PACKAGES
    path : the file, see `prepared`
    error : what was found wrong with it
    """
    _refuse(path, weights_of(PACKAGES[name]), error)


def _refuse(path: Path, source: Path, error: WeightsError) -> None:
    with suppress(OSError):  # where nothing can be written each process finds out for itself
        write_json(_note(path), {"code": error.code, "params": error.params, "source": _stamp(source)})
        path.unlink(missing_ok=True)


def _make(package: Package, source: Path, path: Path) -> None:
    from search.methods.engines.litert import classifier_of
    from search.methods.pretrained.litert_file import written

    try:
        check_intact(package, source)
        content = written(fold(read_state_dict(source), package), PIXELS, FEATURES, LOGITS)
        with written_aside(path) as part:
            part.write_bytes(with_checksum(content))
            check_classes(*classifier_of(part))
    except WeightsError as error:
        _refuse(path, source, error)
        raise
    _note(path).unlink(missing_ok=True)


def _raise_refusal(path: Path, source: Path) -> None:
    try:
        note = json.loads(_note(path).read_bytes())
        known = note["source"] == _stamp(source)
        error = WeightsError(note["code"], **note["params"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if known:
        raise error


def _note(path: Path) -> Path:
    return path.with_suffix(".refused.json")


def _stamp(source: Path) -> list[int]:
    stat = source.stat()
    return [stat.st_size, stat.st_mtime_ns]
