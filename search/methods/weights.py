"""The pretrained networks that Keras knows, and how their weights come onto this machine: by an explicit download.

`backbones.csv` lists them as the installed Keras does (keras.applications): the side in pixels each was trained at,
the address of the weights without classification layers, and the checksum published there. Two old networks have
none; their weights can be used from a path but are not downloaded, because nothing could tell a damaged file.
"""

from __future__ import annotations

import csv
import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from jobs.files import put, sync
from search.exceptions import WeightsError
from search.methods.pretrained.packages import PACKAGES

Progress = Callable[[int, int], None]
"""Called with the bytes there are and the bytes there will be."""

NAMED = 3
"""Networks that a sentence about an unknown one names at most: those whose names are most like it."""
_TABLE = Path(__file__).with_name("backbones.csv")
_BLOCK_BYTES = 2**18
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Backbone:
    """One network of keras.applications."""

    name: str  # its constructor there, such as ResNet50
    module: str  # its module there, whose preprocess_input it expects
    side: int  # of its square input, in pixels
    checksum: str  # "md5:..." or "sha256:...", as Keras publishes it; empty where it publishes none
    url: str

    @property
    def file_name(self) -> str:
        """Name of the weights file, in the address and on this machine."""
        return self.url.rpartition("/")[2]


@lru_cache(maxsize=1)
def backbones() -> dict[str, Backbone]:
    """Return every known network by its name in small letters, such as "resnet50"."""
    with _TABLE.open(newline="") as file:
        return {
            row["backbone"].lower(): Backbone(
                row["backbone"], row["module"], int(row["side"]), row["checksum"], row["url"]
            )
            for row in csv.DictReader(file)
        }


def find_backbone(name: str) -> Backbone:
    """Return the network of that name; capitals, hyphens and underscores do not matter.

    Raises
    ------
    WeightsError : unknown name
    """
    wanted = name.lower().replace("-", "").replace("_", "")
    found = backbones().get(wanted)
    if found is None:
        near = [backbones()[close].name for close in get_close_matches(wanted, backbones(), NAMED)]
        raise WeightsError("unknown_backbone", name=name, expected=["compact", *PACKAGES, *near])
    return found


def fetch(backbone: Backbone, folder: Path, progress: Progress | None = None) -> Path:
    """Download the weights of a network, or go on where an earlier download was cut off.

    The file appears under its name only when it is whole and its checksum is right; until then it is `*.part`.

    Parameters
    ----------
    backbone : which network
    folder : made if missing
    progress : called after every block with bytes done and bytes in all

    Returns
    -------
    path : of the verified file; nothing is downloaded where it already lies there

    Raises
    ------
    WeightsError : no checksum to verify by, server not reached, download cut off, wrong checksum, disk full
    """
    if not backbone.checksum:
        raise WeightsError("no_published_checksum", backbone=backbone.name, url=backbone.url)
    path = folder / backbone.file_name
    if path.exists() and is_intact(path, backbone.checksum):
        return path
    part = path.with_name(path.name + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(backbone.url, part, progress)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        cause = str(getattr(error, "reason", error))
        raise WeightsError("download_failed", url=backbone.url, cause=cause) from error
    except OSError as error:
        raise WeightsError("download_not_written", path=part, cause=error.strerror) from error
    if not is_intact(part, backbone.checksum):
        part.unlink()
        raise WeightsError("download_damaged", url=backbone.url, checksum=backbone.checksum)
    put(part, path)
    return path


def is_intact(path: Path, checksum: str) -> bool:
    """Tell whether a file has the checksum, given as "algorithm:hexadecimal digits"."""
    algorithm, _, expected = checksum.partition(":")
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == expected


def _download(url: str, part: Path, progress: Progress | None) -> None:
    """Append to `part` what it still lacks."""
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})  # noqa: S310 (own table)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        if done and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing: the earlier download ended between its last byte and its check
        raise
    with response:
        resumed = response.status == HTTPStatus.PARTIAL_CONTENT
        done = done if resumed else 0
        total = done + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if resumed else "wb") as file:
            while block := response.read(_BLOCK_BYTES):
                file.write(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
        sync(part)
    if done < total:
        raise http.client.IncompleteRead(b"", total - done)
