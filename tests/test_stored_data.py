"""Data that an earlier version stored opens, migrates and serves, and its unfinished work is taken up.

Real commands run on a copy in a folder of their own; see `tests/stored/README.md` for what is inside.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.search.processes import Processes, wait_until
from tests.stored.visits import UNFINISHED, work

pytestmark = pytest.mark.slow
STORED = Path(__file__).parent / "stored"
ARCHIVE = STORED / "version_0_1.zip"
KEPT = {
    "gallery.Account": 8,
    "gallery.Attribute": 3,
    "gallery.Change": 6,
    "gallery.Collection": 2,
    "gallery.Image": 30,
    "gallery.Membership": 3,
    "gallery.RepeatUpload": 2,
    "gallery.Tag": 5,
    "review.AuditCheck": 4,
    "review.AuditRow": 109,
    "review.Comparison": 7,
    "review.DecidedImage": 16,
    "review.DuplicateBulk": 6,
    "review.DuplicateDecision": 8,
    "review.Queue": 12,
    "review.QueuedPair": 18,
    "review.Reading": 12,
    "review.ReviewPolicy": 1,
    "review.SearchRecord": 2,
    "review.Verdict": 24,
    "search.CollectionWeights": 2,
    "search.Evaluation": 12,
    "search.Feature": 189,
    "search.Generation": 8,
    "search.Query": 10,
    "search.WeightAdoption": 2,
    "search.WeightSet": 9,
}
"""Rows that stay whatever goes on in the background."""
REPLACED = {"review.DuplicateGroup": 5, "review.DuplicateMember": 9, "review.DuplicateScan": 6}
"""Rows of which the next scan for duplicates makes others."""
TWINS = {"astronaut-jpeg.jpg": "astronaut-original.jpg", "chelsea-original.jpg": "chelsea-jpeg.jpg"}
"""Images, and which is found first by each."""
QUEUES = ("features", "interactive", "maintenance")
PATIENCE_SECONDS = 1800.0


def wake(database: Path) -> None:
    """Let the rows be as old now as they were when they were stored; those that nobody may change keep their dates."""
    with closing(sqlite3.connect(database)) as connection, connection:
        made = connection.execute("SELECT type, tbl_name FROM sqlite_master").fetchall()
        guarded = {table for kind, table in made if kind == "trigger"}
        tables = {table for kind, table in made if kind == "table"} - guarded
        (stored,) = connection.execute("SELECT julianday(max(asked_at)) FROM review_auditcheck").fetchone()
        for table in tables:
            columns = connection.execute("SELECT name FROM pragma_table_info(?) WHERE type = 'datetime'", [table])
            for (column,) in columns.fetchall():
                later = f"strftime('%Y-%m-%d %H:%M:%f', julianday(\"{column}\") + julianday('now') - ?)"
                connection.execute(f'UPDATE "{table}" SET "{column}" = {later}', [stored])  # noqa: S608


@contextmanager
def unpacked() -> Iterator[Processes]:
    """Make a copy of the stored folder, and migrate it."""
    folder = Path(tempfile.mkdtemp(prefix="likeness-"))  # short: socket paths are limited
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(folder)
    (folder / "static").mkdir()  # WhiteNoise warns when there is none
    wake(folder / "likeness.sqlite3")
    processes = Processes(folder)
    try:
        command(processes, "migrate", "-v", "0")
        yield processes
    finally:
        processes.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def site() -> Iterator[Processes]:
    """A copy that is only looked at."""
    with unpacked() as processes:
        yield processes


@pytest.fixture
def busy_site() -> Iterator[Processes]:
    """A copy with a Redis."""
    with unpacked() as processes:
        processes.start_redis()
        yield processes


def command(site: Processes, *arguments: str) -> str:
    """Run a command, which must succeed and log nothing unexpected, and return what it printed."""
    done = site.manage(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr + done.stdout, done.stderr + done.stdout
    return done.stdout


def look(site: Processes, *wanted: str) -> Any:
    """Return what `tests.stored.visits` tells of the folder."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.stored.visits", *wanted],
        cwd=STORED.parent.parent,
        env=site.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def within(counts: dict[str, int], expected: dict[str, int]) -> dict[str, int]:
    return {label: counts.get(label, 0) for label in expected}


def original(digest: str) -> Path:
    return Path(digest[:2]) / digest[2:4] / digest


def hits(site: Processes, image_id: int) -> list[str]:
    """Return the names of what is found by an image, best first."""
    answer = json.loads(command(site, "search_image", str(image_id), "--top", "3", "--json"))
    assert not answer["degraded"]
    return [result["name"] for result in answer["results"]]


def test_it_serves(site: Processes) -> None:
    """Every page shows what was stored, and searches find it."""
    command(site, "check")
    seen = look(site, "visits")
    assert within(seen["counts"], KEPT | REPLACED) == KEPT | REPLACED
    assert [visit for visit in seen["visits"] if visit["status"] != 200] == []
    assert Counter(visit["who"] for visit in seen["visits"]).keys() == {"admin", "viewer"}
    for name, twin in TWINS.items():
        assert hits(site, seen["images"][name])[0] == twin
    name, path = "astronaut-original.jpg", site.folder / "astronaut.jpg"
    shutil.copyfile(site.folder / "originals" / original(seen["sums"][name]), path)
    assert json.loads(command(site, "search_image", str(path), "--json"))["results"][0]["name"] == name


def test_its_audit_is_intact(site: Processes) -> None:
    """The migrations changed no row of the audit, and the ends noted before are still rows of it."""
    report = json.loads(command(site, "verify_audit", "--json"))
    assert (report["intact"], report["rows"]) == (True, KEPT["review.AuditRow"])


@pytest.mark.parametrize("kind", ["labels", "copies", "verdicts"])
def test_it_can_be_measured(site: Processes, kind: str) -> None:
    document = json.loads(command(site, "evaluate", "--from", kind, "--max-queries", "3", "--json", "--no-keep"))
    assert document["methods"]


def test_nothing_is_lost_when_work_goes_on(busy_site: Processes) -> None:
    """What waited or was in dead hands is done, or given up, by the reconciler and the workers; the rest stays."""
    before = look(busy_site)
    assert before["unfinished"]
    for queue in QUEUES:
        busy_site.start_worker(queue)
    busy_site.start(sys.executable, "manage.py", "reconcile", "--every", "1", log="reconcile.out")
    # A process for each look would take what the workers need.
    columns = [(model._meta.db_table, name) for model, name in work()]
    counts = [f"SELECT count(*) FROM {table} WHERE {name} IN {UNFINISHED}" for table, name in columns]  # noqa: S608
    wait_until(
        lambda: all(busy_site.sql(count) == [(0,)] for count in counts) and not look(busy_site)["unfinished"],
        "all work has ended",
        PATIENCE_SECONDS,
    )
    after = look(busy_site)
    assert [name for name in (*QUEUES, "reconcile") if "Traceback" in busy_site.log(f"{name}.out")] == []
    assert after["images"] == before["images"]
    assert {label: num for label, num in KEPT.items() if after["counts"].get(label, 0) < num} == {}
    assert json.loads(command(busy_site, "verify_audit", "--json"))["intact"]
    for name, twin in TWINS.items():
        assert hits(busy_site, after["images"][name])[0] == twin
