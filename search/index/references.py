"""Where a generation's indexes lie: a file in its folder is the index, or names one that a server keeps.

The name is written before the server is asked, so that even a build that is killed leaves no index behind for ever.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index import IndexBackend, load_backend

SUFFIX = ".remote.json"
logger = logging.getLogger(__name__)


def place_index(backend: type[IndexBackend], folder: Path, name: str) -> tuple[Path, str]:
    """Return the file that stands for a new index of a method in a generation's folder, and the index's URI."""
    uri = backend.address(folder, name)
    if not backend.capabilities.remote:
        return folder / f"{name}{backend.suffix}", uri
    path = folder / f"{name}{SUFFIX}"
    path.write_text(json.dumps({"backend": backend.name, "uri": uri}) + "\n")
    return path, uri


def uri_of(path: Path) -> str:
    """Return the URI of the index that a file stands for.

    Raises
    ------
    IndexDamagedError : the file should name a server's index, and does not
    """
    return _read(path)[1] if path.name.endswith(SUFFIX) else str(path)


def drop_remote(folder: Path) -> bool:
    """Remove what servers keep for a generation, and tell whether nothing of it is left; if not, try again later."""
    gone = True
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            name, uri = _read(path)
            load_backend(name).drop(uri)
        except IndexDamagedError as error:
            logger.warning("a server may keep an index that nobody needs: %s", error)
        except (OSError, IndexUnavailableError) as error:
            logger.warning("%s/%s: the index is not removed yet: %s", folder.name, path.name, error)
            gone = False
    return gone


def _read(path: Path) -> tuple[str, str]:
    try:
        about = json.loads(path.read_text())
        return str(about["backend"]), str(about["uri"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError("index_name_unreadable", file=path.name, cause=repr(error)) from error
