"""Progress of long work where there is no terminal: a line now and then, as it stands."""

from __future__ import annotations

import pytest

from jobs.supervisor import progress
from jobs.supervisor.progress import ProgressBars


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made.monotonic)
    return made


def test_a_line_is_written_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars() as bars:
        bars.progress("reading", 1, 10)
        clock.now += progress.SPEAK_SECONDS - 0.1
        bars.progress("reading", 2, 10)
        assert capsys.readouterr().err == ""
        clock.now += 0.2
        bars.progress("reading", 3, 10)
        bars.progress("reading", 4, 10)
        clock.now += progress.SPEAK_SECONDS + 1
        bars.progress("training", 1, 3)
    assert capsys.readouterr().err.splitlines() == ["reading: 30 %", "training: 33 %"]


def test_of_nothing_nothing_is_done(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars() as bars:
        clock.now += progress.SPEAK_SECONDS + 1
        bars.progress("reading", 0, 0)
    assert capsys.readouterr().err == "reading: 0 %\n"


def test_lines_that_stay_are_written_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets and numbers are nobody's markup, and a long line is not broken."""
    lines = ["[bold]herons[/bold] 12", "[/data/a [1].png]", "x" * 500]
    with ProgressBars() as bars:
        for line in lines:
            bars.say(line)
    captured = capsys.readouterr()
    assert captured.err.splitlines() == lines
    assert captured.out == ""
