"""What is in use, what is missing; and the checks at the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from config.environment import Environment
from jobs.errors import sentence
from jobs.supervisor import redis_server
from jobs.supervisor.redis_server import RedisMissingError
from search import checks
from search.background import diagnosis
from search.background.diagnosis import diagnose

EXPECTED = {
    "python", "settings", "data_dir", "disk", "database", "redis", "compiler", "decoder", "index_backend",
    "litert", "tensorflow", "methods", "site", "workers", "generation",
}  # fmt: skip


@pytest.mark.django_db
def test_it_works(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("doctor", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert {finding["name"] for finding in told["findings"]} == EXPECTED
    assert {finding["state"] for finding in told["findings"]} <= {"ok", "note"}
    call_command("doctor")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(EXPECTED)
    assert any("transactions begin IMMEDIATE" in line or "postgresql" in line for line in lines)


@pytest.mark.django_db
def test_what_is_missing_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere() -> None:
        raise RedisMissingError("redis_missing")

    monkeypatch.setattr(diagnosis, "find_redis", nowhere)
    with pytest.raises(SystemExit) as end:
        call_command("doctor")
    assert end.value.code == 1
    assert f"MISSING  redis          {sentence('redis_missing')}" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.usefixtures("without_network")
def test_methods_without_weights_are_told() -> None:
    (finding,) = [finding for finding in diagnose() if finding.name == "methods"]
    assert finding.state == "note"
    assert "color" in finding.text
    assert "fetch_weights" in finding.text


def test_checks_pass_as_things_are() -> None:
    for check in (
        checks.check_data_dir,
        checks.check_deep_weights,
        checks.check_deep_backbone,
        checks.check_index_backend,
        checks.check_lease,
    ):
        assert check(None) == []


@pytest.mark.parametrize("name", ["", "Compact", "lite2", "EfficientNet-Lite0", "resnet50", "MobileNet-V2"])
def test_networks_that_are_known_pass(settings: LazySettings, name: str) -> None:
    settings.ENV = Environment(deep_backbone=name)
    assert checks.check_deep_backbone(None) == []


@pytest.mark.parametrize(
    ("values", "check", "identifier", "words"),
    [
        ({"deep_weights": "/nowhere.h5"}, checks.check_deep_weights, "search.E002", "DEEP_WEIGHTS=/nowhere.h5"),
        ({"deep_backbone": "resnet51"}, checks.check_deep_backbone, "search.E004", "DEEP_BACKBONE=resnet51"),
        ({"index_backend": "faiss"}, checks.check_index_backend, "search.E003", "INDEX_BACKEND=faiss"),
        ({"lease_seconds": 20, "reconcile_seconds": 30}, checks.check_lease, "search.W001", "LEASE_SECONDS=20"),
    ],
)
def test_settings_that_cannot_work_are_told(
    settings: LazySettings, values: dict[str, object], check: checks.Check, identifier: str, words: str
) -> None:
    settings.ENV = Environment(**values)  # type: ignore[arg-type]
    (message,) = check(None)
    assert message.id == identifier
    assert words in message.msg
    assert message.hint


def test_a_scale_for_small_libraries_that_is_damaged_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_background(None) == []
    monkeypatch.setattr(checks, "FILE", tmp_path / "background.json")
    (message,) = checks.check_background(None)
    assert message.id == "search.W002"
    assert message.hint


def test_a_folder_that_cannot_be_made_is_told(settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.DATA_DIR = tmp_path / "file" / "below"
    (message,) = checks.check_data_dir(None)
    assert message.id == "search.E001"


def test_the_run_command_refuses_settings_that_cannot_work(settings: LazySettings) -> None:
    settings.ENV = Environment(index_backend="faiss")
    with pytest.raises(CommandError, match="faiss"):
        call_command("run")
    assert not redis_server.answers(settings.REDIS_URL)
