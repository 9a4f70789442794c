"""Errors with codes, and the sentences that are made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils.translation import gettext_lazy, override
from django.utils.translation import gettext_lazy as _

from jobs import errors
from jobs.errors import CodedError, from_text, sentence


@pytest.fixture(autouse=True)
def _own_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_templates", dict(errors._templates))

    def eggs(params: Mapping[str, Any]) -> str:
        return "one egg" if params["num"] == 1 else f"{params['num']} eggs"

    errors.register({"too_hot": _("%(degrees)s degrees in %(places)s."), "eggs": eggs, "monday": _("Monday")})


def test_it_works() -> None:
    error = CodedError("too_hot", degrees=40, places=["Rome", "Oslo"])
    assert (error.code, error.params) == ("too_hot", {"degrees": 40, "places": ["Rome", "Oslo"]})
    assert str(error) == sentence(error.code, error.params) == "40 degrees in Rome, Oslo."


def test_an_error_may_be_the_reason_of_another() -> None:
    errors.register({"shut": "The shop is shut: %(because)s"})
    error = CodedError("shut", because=CodedError("too_hot", degrees=40, places=["Rome"]))
    assert error.params == {"because": {"code": "too_hot", "params": {"degrees": 40, "places": ["Rome"]}}}
    stored = json.loads(json.dumps(error.params))
    assert sentence(error.code, stored) == str(error) == "The shop is shut: 40 degrees in Rome."


def test_errors_are_kept_as_json() -> None:
    error = CodedError("too_hot", degrees=40, places=["Rome"])
    read = errors.from_json(json.loads(json.dumps(error.as_json())))
    assert read is not None
    assert (read.code, read.params) == (error.code, error.params)
    assert errors.from_json("") is errors.from_json(None) is None


@pytest.mark.parametrize("kept", ["It was late.", ["code"], {"code": 3}, {"code": "monday"}])
def test_what_is_no_error_is_its_own_sentence(kept: object) -> None:
    assert str(errors.from_json(kept)) == str(kept)


def test_a_code_has_one_sentence() -> None:
    with pytest.raises(ValueError, match="monday"):
        errors.register({"monday": "Tuesday"})
    errors.register({"late": "It is late."})


def test_a_function_may_choose_the_words() -> None:
    assert [sentence("eggs", {"num": num}) for num in (1, 2)] == ["one egg", "2 eggs"]


def test_words_are_chosen_when_they_are_read() -> None:
    error = CodedError("monday")
    with override("de"):
        assert str(error) == "Montag"
    assert str(error) == "Monday"


def test_a_sentence_in_place_of_a_code_is_kept() -> None:
    error = CodedError("It is 100 % too late.")
    assert (error.code, error.params) == ("message", {"text": "It is 100 % too late."})
    assert str(error) == "It is 100 % too late."
    assert str(CodedError()) == ""
    assert len(str(CodedError("Much. " * 1000))) == errors.MAX_TEXT


def test_numbers_that_json_lacks_are_kept_as_words() -> None:
    error = CodedError("too_hot", degrees=float("nan"), places=[np.float32("inf"), 2.5])
    assert json.loads(json.dumps(error.params, allow_nan=False)) == {"degrees": "nan", "places": ["inf", 2.5]}
    assert str(error) == "nan degrees in inf, 2.5."


def test_texts_are_kept_without_what_postgresql_refuses_in_json() -> None:
    odd = "a\0b \udcff of a name that is no UTF-8"
    kept = "ab ? of a name that is no UTF-8"
    assert errors.unforeseen(ValueError(odd)) == {"type": "ValueError", "text": kept}
    assert CodedError(odd).params == {"text": kept}


@pytest.mark.parametrize(
    ("code", "params", "expected"),
    [
        ("never_heard_of", None, "never heard of"),
        ("never_heard_of", {"num": 3, "names": ["a", "b"]}, "never heard of (num: 3, names: a, b)"),
        ("too_hot", {"degrees": 40}, "too hot (degrees: 40)"),
        ("eggs", {}, "eggs"),
        ("", None, ""),
    ],
)
def test_what_nobody_can_put_into_words_is_shown_as_it_stands(
    code: str, params: dict[str, Any] | None, expected: str
) -> None:
    assert sentence(code, params) == expected


@pytest.mark.parametrize("code", ["Too hot", "", "2late", "too-hot"])
def test_a_code_is_a_word(code: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        errors.register({code: "x"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("", {})),
        ("too_hot", ("too_hot", {})),
        ("too_cold", ("message", {"text": "too_cold"})),
        ("The disk is full.", ("message", {"text": "The disk is full."})),
        ("RuntimeError: out of luck", ("unforeseen", {"type": "RuntimeError", "text": "out of luck"})),
        ("zlib.error: -3", ("message", {"text": "zlib.error: -3"})),
        ("OSError: [Errno 5]\nagain", ("unforeseen", {"type": "OSError", "text": "[Errno 5]\nagain"})),
    ],
)
def test_texts_of_earlier_versions_become_codes(text: str, expected: tuple[str, dict[str, str]]) -> None:
    code, params = from_text(text)
    assert (code, params) == expected
    assert sentence(code, params or None) in (text, "too hot")


def test_parameters_are_what_json_can_hold() -> None:
    error = CodedError("odd", number=np.int64(3), share=np.ones(2), names=("a", gettext_lazy("b")), at=Path("c"))
    assert json.loads(json.dumps(error.params)) == {"number": 3, "share": [1, 1], "names": ["a", "b"], "at": "c"}
