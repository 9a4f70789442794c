"""Each code that search raises has a sentence, and with it all that the sentence names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import search
from jobs import errors
from jobs.errors import CODE
from search import error_sentences

ROOT = Path(search.__file__).parent
MAKERS = ("lost", "refusal")
"""Functions that make the error of a code."""
NAMES = re.compile(r"%\((\w+)\)")
SENTENCES = {code: template for subject in error_sentences.SUBJECTS for code, template in subject.SENTENCES.items()}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        if "migrations" not in path.parts and "error_sentences" not in path.parts:
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def raised() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield place, code and parameters of each error that is made with a code; None: they are gathered before."""
    for place, tree in trees():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args):
            kind = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            code = texts[0] if texts and (kind.endswith("Error") or kind in MAKERS) else ""
            if CODE.fullmatch(code):
                names = {keyword.arg for keyword in call.keywords}
                yield f"{place}:{call.lineno}", code, None if None in names else {name for name in names if name}


def test_each_code_has_a_sentence() -> None:
    assert [(place, code) for place, code, _names in raised() if code not in errors._templates] == []


def test_errors_say_all_that_their_sentences_name() -> None:
    lacking = [
        (place, code, wanted - given)
        for place, code, given in raised()
        if given is not None
        and not callable(errors._templates[code])
        and (wanted := set(NAMES.findall(str(errors._templates[code])))) - given
    ]
    assert lacking == []


def test_no_sentence_is_left_over() -> None:
    said = {node.value for _place, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [code for code in SENTENCES if code not in said] == []


def test_no_code_has_two_sentences() -> None:
    assert len(SENTENCES) == sum(len(subject.SENTENCES) for subject in error_sentences.SUBJECTS)
