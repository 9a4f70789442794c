"""What backends share whose index is one file in the generation's folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from search.exceptions import IndexUnavailableError
from search.index.base import IndexBackend


class FileBackend(IndexBackend):
    """An index whose URI is a path, or a `file:` URI."""

    @classmethod
    def address(cls, folder: Path, name: str) -> str:
        return str(folder / f"{name}{cls.suffix}")

    @classmethod
    def drop(cls, uri: str) -> None:
        path_of(uri).unlink(missing_ok=True)


def path_of(uri: str) -> Path:
    """Return the path of a file's URI.

    Raises
    ------
    IndexUnavailableError : the URI of something else
    """
    if "://" not in uri:
        return Path(uri)
    parts = urlsplit(uri)
    # RFC 8089: a file URI may name the host, which then must be this one.
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise IndexUnavailableError("no_file_uri", got=uri)
    return Path(unquote(parts.path))
