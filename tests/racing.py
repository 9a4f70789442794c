"""Several people who act at the same moment, each in a thread with a database connection of their own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Barrier, Thread

from django.db import connection

Refusals = tuple[type[Exception], ...]


def race(*acts: Callable[[], object], passing: Refusals = ()) -> list[BaseException]:
    """Do all acts at once; return what went wrong, refusals left out."""
    return race_along(1, *(partial(_once, act) for act in acts), passing=passing)


def race_along(rounds: int, *acts: Callable[[int], object], passing: Refusals = ()) -> list[BaseException]:
    """Do all acts at once, round by round, each told the number of the round from 0; return what went wrong."""
    start, errors = Barrier(len(acts)), list[BaseException]()

    def window(act: Callable[[int], object]) -> None:
        try:
            for number in range(rounds):
                start.wait()
                with suppress(*passing):  # the other was first
                    act(number)
        except BaseException as error:  # noqa: BLE001 (told by the test)
            errors.append(error)
            start.abort()
        finally:
            connection.close()

    threads = [Thread(target=window, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def _once(act: Callable[[], object], _round: int) -> None:
    act()
