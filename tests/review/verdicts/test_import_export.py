"""Verdicts as files, and the commands that write and read them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from jobs.errors import sentence
from review.audit import triggers
from review.exceptions import VerdictError
from review.models import Verdict
from review.verdicts.import_export import read_file
from review.verdicts.record import record

pytestmark = pytest.mark.django_db
ONE, OTHER, THIRD = "1" * 64, "a" * 64, "f" * 64
MOMENT = datetime(2026, 3, 31, 14, 5, tzinfo=UTC)
HEAD = "first_sha256,second_sha256,verdict"


def run(name: str, *arguments: object) -> str:
    out = io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def decided(admin_user: User) -> list[Verdict]:
    """Three verdicts, of which one replaces another."""
    return [
        record(ONE, OTHER, "same", author=admin_user, note='a, "b"\nc', decided_at=MOMENT, state={"generation": 3}),
        record(ONE, THIRD, "related", author_name="ädä", decided_at=MOMENT.replace(day=30)),
        record(ONE, OTHER, "different", author=admin_user, decided_at=MOMENT.replace(hour=15)),
    ]


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_what_is_written_can_be_read_again(decided: list[Verdict], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"verdicts{suffix}"
    assert run("export_verdicts", path).startswith("3 ")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    before = list(Verdict.objects.order_by("decided_at").values())
    assert json.loads(run("import_verdicts", path, "--json")) == {"recorded": 0, "known": 3}
    triggers.remove()
    Verdict.objects.all()._raw_delete("default")
    assert re.findall(r"\d+", run("import_verdicts", path)) == ["3", "0"]
    after = list(Verdict.objects.order_by("decided_at").values())
    assert [{**row, "id": 0} for row in after] == [{**row, "id": 0} for row in before]


def test_standard_output(decided: list[Verdict]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export_verdicts"))))
    assert [row["verdict"] for row in rows] == ["related", "same", "different"]
    assert json.loads(rows[1]["state"]) == {"generation": 3}
    assert rows[0]["author"] == "ädä"
    found = json.loads(run("export_verdicts", "--json", "--current"))["verdicts"]
    assert [each["verdict"] for each in found] == ["related", "different"]


def test_no_verdicts_make_an_empty_file() -> None:
    assert json.loads(run("export_verdicts", "--json")) == {"verdicts": []}
    assert run("export_verdicts").startswith(HEAD)


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(f"\ufeff{HEAD},more\n{OTHER.upper()},{ONE}, same ,x\n{ONE},{THIRD},unsure,\n")
    run("import_verdicts", path, "--author", "ada")
    kept = Verdict.objects.get(kind="same")
    assert (kept.first_sha256, kept.second_sha256, kept.author_name, kept.author) == (ONE, OTHER, "ada", None)


def test_a_row_that_comes_twice_is_recorded_once(tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    row = {"first_sha256": ONE, "second_sha256": OTHER, "verdict": "same", "decided_at": "2026-01-02T03:04:05"}
    path.write_text(json.dumps([row, row]))
    assert json.loads(run("import_verdicts", path, "--json")) == {"recorded": 1, "known": 1}


def row_refused(number: int, code: str, kind: str = "line") -> tuple[str, dict[str, Any]]:
    return "row_refused", {"kind": kind, "number": number, "code": code}


@pytest.mark.parametrize(
    ("name", "text", "code", "params"),
    [
        ("a.txt", "", "no_verdict_file", {"name": "a.txt"}),
        ("a.csv", "one,two\n", "columns_missing", {"missing": ["first_sha256", "second_sha256", "verdict"]}),
        ("a.csv", "", "columns_missing", {}),
        ("a.csv", f"{HEAD}\n{ONE},{OTHER},same\n{ONE},{OTHER},alike\n", *row_refused(3, "unknown_verdict")),
        ("a.csv", f"{HEAD}\n{ONE},{OTHER}\n", *row_refused(2, "unknown_verdict")),
        ("a.csv", f"{HEAD}\n{ONE},{ONE},same\n", *row_refused(2, "one_image_twice")),
        ("a.csv", f'{HEAD}\n"{ONE},{OTHER},same\n', "file_unreadable_as_kind", {"name": "a.csv"}),
        ("a.csv", f"{HEAD},decided_at\n{ONE},{OTHER},same,soon\n", *row_refused(2, "no_time")),
        ("a.csv", f"{HEAD},decided_at\n{ONE},{OTHER},same,2026-02-31T00:00\n", *row_refused(2, "no_time")),
        ("a.csv", f"{HEAD},decided_at\n{ONE},{OTHER},same,0001-01-01T00:00:00+14:00\n", *row_refused(2, "no_time")),
        ("a.csv", f"{HEAD},decided_at\n{ONE},{OTHER},same,9999-12-31T23:59:59-14:00\n", *row_refused(2, "no_time")),
        ("a.csv", f"{HEAD},state\n{ONE},{OTHER},same,[1]\n", *row_refused(2, "no_object")),
        ("a.csv", f"{HEAD},state\n{ONE},{OTHER},same,{{\n", *row_refused(2, "no_object")),
        ("a.json", "{", "file_unreadable_as_kind", {"name": "a.json"}),
        ("a.json", '{"pairs": []}', "no_list_of_verdicts", {}),
        ("a.json", "[1]", "no_list_of_verdicts", {}),
        ("a.json", '[{"first_sha256": 5}]', *row_refused(1, "no_text", "verdict")),
    ],
)
def test_a_bad_file_records_nothing(tmp_path: Path, name: str, text: str, code: str, params: dict[str, Any]) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(CommandError) as caught:
        run("import_verdicts", path)
    error = caught.value.__cause__
    assert isinstance(error, VerdictError)
    assert (error.code, {key: error.params[key] for key in params}) == (code, params)
    assert str(caught.value).startswith(str(error))
    assert not Verdict.objects.exists()


def test_the_place_of_a_bad_row_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"first_sha256": 5}]')
    with pytest.raises(VerdictError, match=f"^verdict 1: {sentence('no_text', {'columns': ['first_sha256']})}$"):
        read_file(path, "ada")


def test_other_bytes_and_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match=r"a\.csv") as caught:
        run("import_verdicts", path)
    assert isinstance(caught.value.__cause__, VerdictError)
    with pytest.raises(CommandError, match=r"b\.csv") as caught:
        run("import_verdicts", tmp_path / "b.csv")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_where_nothing_can_be_written_nothing_is_left(decided: list[Verdict], tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        run("export_verdicts", tmp_path / "missing" / "a.csv")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(CommandError, match=r"a\.xls") as caught:
        run("export_verdicts", tmp_path / "a.xls")
    assert caught.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
