"""The life of the child that decodes: killed, hanging, shared, forked, confined, and replaced now and then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.decoding import Decoder, Limits, close_decoders, get_decoder, get_decoders
from gallery.decoding.process import ROOT
from tests.gallery import bombs
from tests.gallery.decoding.refusals import SIDES, refusal
from tests.gallery.encoding import encode
from tests.search.processes import wait_until

Put = Callable[..., Path]
Picture = NDArray[np.uint8]
PARENT = """
import sys
from pathlib import Path
from gallery.decoding import Decoder
decoder = Decoder()
decoder.inspect(Path(sys.argv[1]), {"thumb": 8})
print(decoder.child_pid, flush=True)
decoder.inspect(Path(sys.argv[2]), {"thumb": 8})
"""


def test_a_hanging_child_is_ended_in_time(own: Callable[[Limits], Decoder], put: Put, picture: Picture) -> None:
    decoder = own(Limits(timeout_seconds=5))
    path = put(encode(picture, "PNG"))
    decoder.inspect(path, SIDES)
    first = decoder.child_pid
    assert first
    os.kill(first, signal.SIGSTOP)
    assert refusal(decoder, path) == "decoder_timeout"
    assert decoder.inspect(path, SIDES).width == 160
    assert decoder.child_pid != first


def test_a_child_killed_between_files_costs_nothing(
    own: Callable[[Limits], Decoder], put: Put, picture: Picture
) -> None:
    decoder = own(Limits())
    path = put(encode(picture, "PNG"))
    for _round in range(3):
        decoder.inspect(path, SIDES)
        assert decoder.child_pid
        os.kill(decoder.child_pid, signal.SIGKILL)
    assert decoder.inspect(path, SIDES).width == 160


def kill_while_busy(decoder: Decoder, times: int) -> threading.Thread:
    """Kill the next children of the decoder, each shortly after it starts."""

    def hunt() -> None:
        seen: set[int] = set()
        while len(seen) < times:
            pid = decoder.child_pid
            if pid and pid not in seen:
                seen.add(pid)
                time.sleep(0.3)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)

    thread = threading.Thread(target=hunt)
    thread.start()
    return thread


@pytest.mark.slow
def test_a_child_killed_once_in_the_midst_is_replaced(own: Callable[[Limits], Decoder], put: Put) -> None:
    decoder = own(Limits())
    hunter = kill_while_busy(decoder, times=1)
    assert decoder.inspect(put(bombs.flat_png(8000, color_type=2, bits=8)), SIDES).width == 8000
    hunter.join()


def test_a_file_that_always_ends_the_child_is_refused(own: Callable[[Limits], Decoder], put: Put) -> None:
    decoder = own(Limits())
    hunter = kill_while_busy(decoder, times=2)
    assert refusal(decoder, put(bombs.flat_png(8000, color_type=2, bits=8))) == "decoder_crashed"
    hunter.join()


def test_a_fresh_child_takes_over_now_and_then(own: Callable[[Limits], Decoder], put: Put, picture: Picture) -> None:
    decoder = own(Limits(files_per_child=2))
    path = put(encode(picture, "PNG"))
    children = []
    for _file in range(5):
        decoder.inspect(path, SIDES)
        children.append(decoder.child_pid)
    assert [children.count(child) for child in dict.fromkeys(children)] == [2, 2, 1]


def test_threads_may_share_it(own: Callable[[Limits], Decoder], put: Put, picture: Picture) -> None:
    decoder = own(Limits(files_per_child=7))
    files = [put(encode(np.full((5, 5 + number, 3), number, np.uint8), "PNG"), str(number)) for number in range(8)]
    widths: dict[int, set[int]] = {number: set() for number in range(8)}

    def ask(number: int) -> None:
        for _round in range(5):
            widths[number].add(decoder.pixels(files[number], 64).shape[1])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert widths == {number: {5 + number} for number in range(8)}


@pytest.mark.filterwarnings(
    "ignore:This process:DeprecationWarning"
)  # what forking beside threads may cost is the point
def test_a_forked_process_gets_a_child_of_its_own(own: Callable[[Limits], Decoder], put: Put, picture: Picture) -> None:
    decoder = own(Limits())
    path = put(encode(picture, "PNG"))
    decoder.inspect(path, SIDES)
    forked = os.fork()
    if not forked:
        status = 1
        try:
            status = 0 if decoder.pixels(path, 64).shape[1] == 64 else 1
            decoder.close()
        finally:
            os._exit(status)
    assert os.waitpid(forked, 0)[1] == 0
    before = decoder.child_pid
    assert decoder.inspect(path, SIDES).width == 160
    assert decoder.child_pid == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_child_ends_with_its_parent_even_while_busy(put: Put, picture: Picture) -> None:
    small, large = put(encode(picture, "PNG"), "small"), put(bombs.flat_png(11_000, color_type=6, bits=8), "large")
    command = [sys.executable, "-c", PARENT, str(small), str(large)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    wait_until(lambda: not running(child), "the child has ended")


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_the_child_loads_neither_django_nor_numpy() -> None:
    code = "import sys, gallery.decoding.child.__main__; print({'django', 'numpy', 'search'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_child_is_confined(own: Callable[[Limits], Decoder], put: Put, picture: Picture) -> None:
    decoder = own(Limits(memory_bytes=2**29))
    decoder.inspect(put(encode(picture, "PNG")), SIDES)
    limits = Path(f"/proc/{decoder.child_pid}/limits").read_text()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert soft["Max address space"] == str(2**29)
    assert soft["Max file size"] == "0"
    assert soft["Max core file size"] == "0"
    assert int(soft["Max open files"]) <= 32
    assert int(soft["Max cpu time"]) <= 60
    environment = Path(f"/proc/{decoder.child_pid}/environ").read_bytes()
    assert b"SECRET_KEY" not in environment


def test_the_process_shares_one_decoder_with_the_limits_of_its_settings() -> None:
    try:
        assert get_decoder() is get_decoder()
        assert get_decoders(3)[0] is get_decoder()
        assert len(set(get_decoders(3))) == 3
        assert get_decoder().limits == Limits()
    finally:
        close_decoders()
