"""A server that does not answer costs one time-out, not one for each search."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from search.exceptions import IndexDamagedError, IndexUnavailableError
from search.index.base import IndexBackend
from search.index.circuit import Circuit
from search.index.exact import ExactBackend
from tests.search.index.memory_backend import MemoryBackend
from tests.search.index.silent_server import AskingBackend, SilentServer, silent_server

ROWS = np.eye(3, dtype=np.float32)
LONG = 3600.0


def fail(circuit: Circuit, error: Exception) -> None:
    with pytest.raises(type(error)), circuit.asking():
        raise error


def refused(circuit: Circuit) -> bool:
    try:
        with circuit.asking():
            return False
    except IndexUnavailableError as error:
        return error.code == "server_left_alone"


class TestCircuit:
    def test_who_answers_is_asked(self) -> None:
        circuit = Circuit(LONG)
        assert [refused(circuit) for _number in range(3)] == [False, False, False]

    @pytest.mark.parametrize("error", [TimeoutError("timed out"), IndexUnavailableError("faiss_missing")])
    def test_after_one_failure_nobody_asks(self, error: Exception) -> None:
        circuit = Circuit(LONG)
        fail(circuit, error)
        assert refused(circuit)

    @pytest.mark.parametrize("error", [IndexDamagedError("index_damaged"), ValueError("k")])
    def test_an_answer_is_no_outage(self, error: Exception) -> None:
        circuit = Circuit(LONG)
        fail(circuit, error)
        assert not refused(circuit)

    def test_the_failure_is_told_to_those_who_come_after(self) -> None:
        circuit = Circuit(LONG)
        fail(circuit, TimeoutError("timed out"))
        with pytest.raises(IndexUnavailableError) as caught, circuit.asking():
            pass
        assert caught.value.params["because"] == "timed out"

    def test_after_the_pause_one_asks_for_all(self) -> None:
        circuit = Circuit(0.05)
        fail(circuit, TimeoutError("timed out"))
        time.sleep(0.1)
        circuit._pause = LONG  # so that the others come within it, however slow the machine is
        with circuit.asking():
            assert refused(circuit)
        assert not refused(circuit)

    def test_one_that_fails_again_is_left_alone_again(self) -> None:
        circuit = Circuit(0.05)
        fail(circuit, TimeoutError("timed out"))
        time.sleep(0.1)
        circuit._pause = LONG
        fail(circuit, TimeoutError("timed out"))
        assert refused(circuit)

    def test_many_threads_are_told_at_once(self) -> None:
        circuit, told = Circuit(0.01), []
        fail(circuit, TimeoutError("timed out"))
        time.sleep(0.05)
        circuit._pause = LONG
        with circuit.asking():  # by this thread, which waits for the server
            threads = [threading.Thread(target=lambda: told.append(refused(circuit))) for _number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        assert told == [True] * 8


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentServer]:
    with silent_server() as server:
        monkeypatch.setattr(AskingBackend, "port", server.port)
        monkeypatch.setattr(AskingBackend, "asked", [])
        monkeypatch.setattr(AskingBackend, "circuit", Circuit(LONG))
        yield server


class TestBackends:
    def test_a_server_that_does_not_answer_is_asked_once(self, silent: SilentServer) -> None:
        opened = [AskingBackend(ROWS), AskingBackend(ROWS)]  # of two methods
        with pytest.raises(TimeoutError):
            opened[0].search(ROWS[:1], 2)
        for index in (*opened, *opened):
            with pytest.raises(IndexUnavailableError) as caught:
                index.search(ROWS[:1], 2)
            assert caught.value.code == "server_left_alone"
        assert AskingBackend.asked == [silent.port]

    def test_one_that_answers_again_is_used_again(self, silent: SilentServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(AskingBackend, "circuit", Circuit(0.0))
        index = AskingBackend(ROWS)
        with pytest.raises(TimeoutError):
            index.search(ROWS[:1], 1)
        monkeypatch.setattr(AskingBackend, "port", 0)
        rows, _cosines = index.search(ROWS[1:2], 1)
        assert rows.tolist() == [[1]]

    def test_each_backend_has_a_server_of_its_own(self) -> None:
        kinds: list[type[IndexBackend]] = [AskingBackend, MemoryBackend, ExactBackend]
        assert len({id(kind.circuit) for kind in kinds}) == 3
