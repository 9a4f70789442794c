"""Verdicts taken along as evidence."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from PIL import Image as Picture

from gallery.audit_events import Action
from gallery.models import Image
from gallery.people.roles import Role
from review.audit import triggers
from review.evidence import thumbnails
from review.evidence import verdicts as evidence
from review.models import AuditRow, Verdict
from review.verdicts.listing import ListedVerdict
from review.verdicts.record import record
from review.views import exports
from tests.gallery.blob_files import derivative_path
from tests.gallery.rows import make_image
from tests.review.people import person

pytestmark = pytest.mark.django_db
STATE = {
    "score": 0.874,
    "generation": 3,
    "background": "library",
    "weights": {"color": 0.4},
    "versions": {"color": "2"},
    "thresholds": {"min": 20.0},
    "methods": {
        "color": {"weight": 0.4, "raw": 0.91, "rarity": 0.5, "one_in": 1200.0, "share": 0.6, "missing": ""},
        "local": {"weight": 0.1, "raw": None, "missing": "no keypoints"},
    },
}


@pytest.fixture
def ada(client: Client) -> User:
    """A reviewer who has logged in."""
    user = person("ada")
    client.force_login(user)
    return user


@pytest.fixture
def pair() -> tuple[Image, Image]:
    return make_image("heron.jpg"), make_image("=ferry.jpg")


@pytest.fixture
def decided(ada: User, pair: tuple[Image, Image]) -> Verdict:
    return record(pair[0].sha256, pair[1].sha256, "same", author=ada, note='=HYPERLINK("x")', state=STATE)


def export(client: Client, form: str, **filters: Any) -> str:
    response = client.post(reverse("review:verdicts_export"), {"format": form, **filters})
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith('attachment; filename="verdicts-')
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
    return b"".join(response.streaming_content).decode()


def test_csv(client: Client, decided: Verdict, pair: tuple[Image, Image]) -> None:
    (row,) = csv.DictReader(io.StringIO(export(client, "csv").removeprefix("\ufeff")))
    names = {row["first_name"], row["second_name"]}
    assert names == {"heron.jpg", "'=ferry.jpg"}
    assert {row["first_sha256"], row["second_sha256"]} == {image.sha256 for image in pair}
    assert (row["verdict"], row["author"], row["counts"]) == ("same", "ada", "True")
    assert row["note"] == '\'=HYPERLINK("x")'
    assert (row["score"], row["generation"], row["score_at_least"]) == ("0.874", "3", "20.0")
    assert (row["color_raw"], row["color_one_in"], row["color_version"]) == ("0.91", "1200.0", "2")
    assert row["local_raw"] == ""
    assert json.loads(row["state"]) == STATE


def test_json(client: Client, decided: Verdict) -> None:
    found = json.loads(export(client, "json", kind="same"))
    assert found["taken_by"] == "ada"
    assert found["filters"] == {"kind": "same"}
    assert set(found) >= {"taken_at", "address", "generation", "versions", "software"}
    (each,) = found["verdicts"]
    assert each["state"] == STATE
    assert each["note"] == '=HYPERLINK("x")'


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_exported_can_be_imported(client: Client, decided: Verdict, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"verdicts.{form}"
    path.write_text(export(client, form))
    triggers.remove()
    Verdict.objects.all()._raw_delete("default")
    call_command("import_verdicts", path, stdout=io.StringIO())
    kept = Verdict.objects.get()
    assert (kept.note, kept.state, kept.author, kept.decided_at) == (
        decided.note,
        STATE,
        decided.author,
        decided.decided_at,
    )


def test_a_report_is_complete_in_itself(
    client: Client, decided: Verdict, pair: tuple[Image, Image], settings: Any, tmp_path: Path
) -> None:
    settings.DERIVATIVES_DIR = tmp_path
    thumbnails.shrunk.cache_clear()
    path = derivative_path(pair[0].sha256, "thumb")
    path.parent.mkdir(parents=True)
    Picture.fromarray(np.zeros((300, 320, 3), np.uint8)).save(path, "WEBP")
    text = export(client, "html")
    assert text.startswith("<!DOCTYPE html>") or text.strip().startswith("<!DOCTYPE html>")
    assert "</html>" in text
    assert text.count("data:image/webp;base64,") == 1
    assert "<script" not in text
    assert "http" not in text.split("<main>")[1].split("</main>")[0]
    for expected in (pair[0].sha256, pair[1].sha256, "1 in 1,200", "0.9100", "no keypoints", "generation 3", "ada"):
        assert expected in text
    assert "&lt;!-- rows" not in text
    assert "1 verdict." in text


def test_a_thumbnail_that_was_lost_is_shown_once_it_is_made_again(settings: Any, tmp_path: Path) -> None:
    settings.DERIVATIVES_DIR = tmp_path
    assert thumbnails.data_address("0" * 64) == ""
    path = derivative_path("0" * 64, "thumb")
    path.parent.mkdir(parents=True)
    Picture.fromarray(np.zeros((300, 320, 3), np.uint8)).save(path, "WEBP")
    assert thumbnails.data_address("0" * 64)


def test_an_empty_export_is_a_whole_file(client: Client, ada: User) -> None:
    assert json.loads(export(client, "json"))["verdicts"] == []
    assert len(export(client, "csv").splitlines()) == 1
    assert "0 verdicts." in export(client, "html")


def test_only_pairs_one_may_see(client: Client, ada: User, pair: tuple[Image, Image]) -> None:
    record(pair[0].sha256, pair[1].sha256, "same", author_name="bob")
    Image.objects.filter(pk=pair[0].pk).update(common=False)
    assert json.loads(export(client, "json"))["verdicts"] == []
    client.force_login(person("root", Role.ADMIN))
    assert len(json.loads(export(client, "json"))["verdicts"]) == 1


def test_the_audit_keeps_that_it_was_taken(client: Client, decided: Verdict) -> None:
    export(client, "csv", kind="same")
    row = AuditRow.objects.filter(action=Action.EXPORT).get()
    assert (row.subject, row.actor_name) == ("verdicts", "ada")
    assert row.details == {"format": "csv", "filters": {"kind": "same"}, "verdicts": 1}


@pytest.mark.parametrize("data", [{}, {"format": "xls"}, {"format": "csv", "kind": "alike"}])
def test_refused(client: Client, ada: User, data: dict[str, str]) -> None:
    response = client.post(reverse("review:verdicts_export"), data)
    assert response.status_code == 302
    assert not AuditRow.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize(("form", "num_rows"), [("csv", 100_000), ("json", 20_000), ("html", 1_000)])
def test_many_rows_take_the_memory_of_a_batch(
    ada: User, pair: tuple[Image, Image], form: str, num_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent of 10^5 rows would fill many times what may be held; reading them page by page is tested below."""
    first, second = sorted(image.sha256 for image in pair)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    verdict = Verdict(pk=1, first_sha256=first, second_sha256=second, kind="same", author_name="ada", decided_at=made)
    batch = [ListedVerdict(verdict, pair[0], pair[1], False)] * evidence.BATCH
    monkeypatch.setattr(evidence, "batches", lambda user, found, until: repeat(batch, num_rows // evidence.BATCH))
    request = RequestFactory().post("/", {"format": form})
    request.user = ada
    response: Any = exports.verdicts(request)
    tracemalloc.start()
    num_bytes = sum(len(chunk) for chunk in response.streaming_content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert num_bytes > 200 * num_rows
    assert peak < 4_000_000


def test_a_long_list_is_read_page_by_page(
    client: Client, ada: User, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "BATCH", 3)
    first, second = sorted(image.sha256 for image in pair)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(8):
        moment = start + timedelta(days=number // 3)
        record(first, second, "same", author_name=f"reader {number}", decided_at=moment)
    found = json.loads(export(client, "json"))["verdicts"]
    assert [each["author"] for each in found] == [f"reader {number}" for number in (7, 6, 5, 4, 3, 2, 1, 0)]


def test_who_decides_anew_while_it_is_sent_takes_nothing_out(
    client: Client, ada: User, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "BATCH", 3)
    hashes = [image.sha256 for image in pair]
    for number in range(8):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        record(*hashes, "same", author_name=f"reader {number}", decided_at=moment)
    sent = iter(client.post(reverse("review:verdicts_export"), {"format": "json"}).streaming_content)
    begun = [next(sent), next(sent)]
    record(*hashes, "different", author_name="reader 0")
    found = json.loads(b"".join([*begun, *sent]))["verdicts"]
    assert [each["author"] for each in found] == [f"reader {number}" for number in (7, 6, 5, 4, 3, 2, 1, 0)]
    assert (found[-1]["verdict"], found[-1]["counts"]) == ("same", True)
