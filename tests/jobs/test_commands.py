"""How commands end that cannot do what they are asked."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from jobs import errors
from jobs.commands import MISUSE, refusal, refused_by
from jobs.errors import CodedError
from tests.codes import command_refused


@pytest.fixture(autouse=True)
def _own_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_templates", errors._templates | {"too_hot": "%(degrees)s degrees"})


def test_it_works() -> None:
    found = refusal("too_hot", degrees=40, returncode=MISUSE)
    assert (str(found), found.returncode) == ("40 degrees", 2)
    assert (found.error.code, found.error.params) == ("too_hot", {"degrees": 40})


def test_the_error_stays_beside_what_caused_it() -> None:
    with command_refused("too_hot", degrees=40) as caught:
        try:
            raise OSError("fire")
        except OSError as error:
            raise refused_by(CodedError("too_hot", degrees=40)) from error
    assert isinstance(caught.value, CommandError)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.returncode == 1
