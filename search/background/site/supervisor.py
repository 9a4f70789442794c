"""The whole site in one command: starts everything in order, looks after it, and stops it in order."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import DatabaseError, connections

from config.openness import LOCAL, Openness, is_loopback, signs_of_others
from gallery.models import Image
from jobs.supervisor import lock, redis_server
from jobs.supervisor.service import Program, Service
from search.background.site import preparation, programs
from search.exceptions import StartError
from search.storage import data_folder, redis_folder, runtime_folder

LOOK_SECONDS = 0.1
WEB_START_SECONDS = 60
SAMPLES_SECONDS = 120
SAMPLES_MARK = "samples-made"


class _StopRequested(Exception):  # noqa: N818 (no error: somebody pressed Ctrl-C during the start)
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and the environment ask for."""

    host: str
    port: int
    redis_url: str  # empty: one of our own
    open_access: Openness
    images: Path | None = None


class Supervisor:
    """Runs the site until it is told to stop."""

    def __init__(self, options: Options, out: Callable[[str], None]) -> None:
        self.options = options
        self._out = out
        self._talk = threading.Lock()
        self._stop = threading.Event()
        self._services: list[Service] = []
        self._redis_data = redis_folder()

    def say(self, name: str, line: str) -> None:
        """Write one line of one process."""
        if any(noise in line for noise in programs.NOISE):
            return
        with self._talk:
            self._out(f"{name:<11} | {line}")

    def request_stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Begin to stop; safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Start, look after and stop the site.

        Raises
        ------
        StartError, lock.AlreadyRunningError, redis_server.RedisMissingError : it cannot be started
        """
        with ExitStack() as stack:
            # First, so that a second start changes nothing; then the port, before anything that takes time.
            holder = stack.enter_context(lock.exclusive(runtime_folder()))
            listener = stack.enter_context(self._listen())
            stack.callback(self._stop_all)
            with suppress(_StopRequested):
                self._start(listener, holder)
            while not self._stop.wait(LOOK_SECONDS):
                self._look_after()

    # Starting

    def _listen(self) -> socket.socket:
        """Open the site's socket here, so that a port in use is told at once and a restarted server keeps its port."""
        host, port = self.options.host, self.options.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            return socket.create_server((host, port), family=family, backlog=512)
        except OSError as error:
            raise StartError("cannot_listen", host=host, port=str(port), cause=error.strerror or str(error)) from error

    def _start(self, listener: socket.socket, holder: Path) -> None:
        mark, url = runtime_folder() / SAMPLES_MARK, _url(listener)
        try:
            if preparation.migrate():
                self._out("Preparing the first start ...")
            preparation.collect_static()
            preparation.make_admin(lambda name, password: self._introduce(url, name, password))
            wants_samples = not (self.options.images or mark.exists() or Image.objects.exists())
        except (DatabaseError, OSError) as error:
            raise StartError("site_data_unusable", folder=str(data_folder()), cause=str(error)) from error
        # The supervisor asks the database nothing more, and would hold the connection for as long as the site runs.
        connections.close_all()
        redis = self._start_redis()
        # Beside Redis, not after it: loading the web server is the longest part of a start.
        web = self._add(programs.web(listener.fileno(), self.options.open_access))
        if redis:
            self._wait(self._redis_answers(redis), redis_server.START_SECONDS, "own_redis_silent")
        samples = self._add(programs.samples()) if wants_samples else None
        self._wait(lambda: self._web_answers(listener, web), WEB_START_SECONDS, "web_server_silent")
        if samples:
            self._wait(lambda: samples.done, SAMPLES_SECONDS, "samples_not_ready")
            # Only once they are all there: samples that were interrupted are made again.
            mark.touch()
        # From here on others are told where the site is.
        lock.write_holder(holder, url)
        self._greet(url)
        for queue in (settings.QUEUE_INTERACTIVE, settings.QUEUE_FEATURES, settings.QUEUE_MAINTENANCE):
            self._add(programs.worker(queue))
        self._add(programs.reconciler())
        if self.options.images:
            self._add(programs.importer(self.options.images))

    def _start_redis(self) -> Service | None:
        """Start a Redis of our own, or see that the given one answers."""
        if self.options.redis_url:
            if not redis_server.answers(self.options.redis_url):
                raise StartError("given_redis_silent", url=self.options.redis_url)
            return None
        program, path = redis_server.find_redis(), redis_server.socket_of(settings.REDIS_URL)
        redis_server.prepare_folders(path, self._redis_data)
        redis_server.end_leftover(settings.REDIS_URL)
        command = redis_server.redis_command(program, path, self._redis_data)
        return self._add(Program("redis", command))

    def _redis_answers(self, service: Service) -> Callable[[], bool]:
        """Return a check that Redis answers, which gives up damaged data after the second failure to start."""

        def check() -> bool:
            if service.num_failures == 2 and self._redis_data.exists():
                self.say(
                    "redis", f"its data cannot be read; they are set aside: {redis_server.set_aside(self._redis_data)}"
                )
                # Counted on, so that the new data are not set aside as well.
                service.num_failures += 1
            return redis_server.answers(settings.REDIS_URL)

        return check

    def _add(self, program: Program) -> Service:
        service = Service(program, self.say)
        self._services.append(service)
        service.start()
        return service

    def _wait(self, condition: Callable[[], bool], seconds: float, code: str) -> None:
        """Wait for a condition, looking after the processes meanwhile; after so many seconds the start has failed."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._stop.is_set():
                raise _StopRequested
            if time.monotonic() > deadline:
                raise StartError(code, seconds=f"{seconds:g}")
            self._look_after()
            self._stop.wait(0.05)

    def _web_answers(self, listener: socket.socket, web: Service) -> bool:
        """Tell whether the web server answers; three early ends in a row mean that it never will."""
        if web.num_failures >= 3:
            raise StartError("web_server_ends")
        address, port = _reachable(listener)
        connection = http.client.HTTPConnection(address, port, timeout=5)
        try:
            connection.request("GET", "/livez", headers={"Host": f"localhost:{port}"})
            # Also a 400, where ALLOWED_HOSTS does not hold this name: what is looked for is the server.
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _introduce(self, url: str, name: str, password: str) -> None:
        """Print how to log in as the administrator: at once, as what follows may fail or be interrupted."""
        self._out(f"  To curate, log in at {url}admin/ as {name} with the password {password}")
        self._out(f"  (shown only this once; lost passwords: manage.py changepassword {name})")

    def _greet(self, url: str) -> None:
        """Print where the site is."""
        self._out("")
        self._out(f"  Likeness is ready:  {url}")
        if not is_loopback(self.options.host):
            self._out(f"  It answers to these names (ALLOWED_HOSTS): {', '.join(settings.ALLOWED_HOSTS)}")
        self._out(f"  {_who_may_browse(self.options.open_access)}")
        self._out("  Press Ctrl-C to stop.")
        self._out("")

    # Running and stopping

    def _look_after(self) -> None:
        for service in self._services:
            service.look_after()

    def _stop_all(self) -> None:
        """Stop the pages first, then those that work, then Redis, on which they lean."""
        by_name = {service.program.name: service for service in self._services}
        redis = by_name.pop("redis", None)
        web = by_name.pop("web", None)
        for group in ([web], list(by_name.values()), [redis]):
            _stop_group([service for service in group if service])
        if redis:
            redis_server.remove_folder(settings.REDIS_URL, keep=runtime_folder())
        self._services.clear()
        self._out("Stopped.")


def _stop_group(services: Sequence[Service]) -> None:
    """Stop processes side by side."""
    for service in services:
        service.ask_to_stop()
    asked_at = time.monotonic()
    for service in services:
        service.stop(asked_at + service.program.stop_seconds)


def _reachable(listener: socket.socket) -> tuple[str, int]:
    """Return an address at which this machine reaches the socket, and its port."""
    address, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address), port  # noqa: S104 (compared, not bound)


def _url(listener: socket.socket) -> str:
    address, port = _reachable(listener)
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


def _who_may_browse(open_access: Openness) -> str:
    """Say who needs no log-in, and where nobody may go without one though none was asked for, why."""
    if open_access is True:
        return "Whoever reaches it may browse, search and upload without a log-in (OPEN_ACCESS)."
    if open_access == LOCAL:
        return "Who sits at this machine may browse, search and upload without a log-in; proxied requests need one."
    signs = signs_of_others(settings.ENV)
    why = f" Others may reach it, as these say: {', '.join(signs)}." if signs else ""
    return f"Everybody needs a log-in.{why}"


def handle_signals(supervisor: Supervisor) -> None:
    """Stop in order on Ctrl-C, SIGTERM and when the terminal goes away."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.request_stop)
