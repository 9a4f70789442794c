"""A real Redis and real workers, which are really killed: nothing is lost, doubled or stuck."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.supervisor.redis_server import RedisMissingError, find_redis
from tests.search.plug_ins import POISON
from tests.search.processes import PATIENCE_SECONDS, Processes, draw_images, wait_for, wait_until

pytestmark = pytest.mark.slow
FRAGILE = {"DJANGO_SETTINGS_MODULE": "tests.search.fragile_settings"}
BATCH = 32


@pytest.fixture
def site(prepare: Callable[[Path], None]) -> Iterator[Processes]:
    """A folder with a database and a Redis, and one slow method that dies of poison."""
    try:
        find_redis()
    except RedisMissingError as error:
        pytest.skip(str(error))
    folder = Path(tempfile.mkdtemp(prefix="likeness-"))  # short: socket paths are limited
    processes = Processes(folder, **FRAGILE, LEASE_SECONDS="3600", RECONCILE_SECONDS="30")
    try:
        prepare(folder)
        processes.start_redis()
        yield processes
    finally:
        processes.end()
        shutil.rmtree(folder, ignore_errors=True)


def import_images(site: Processes, folder: Path, *options: str) -> dict[str, object]:
    done = site.manage("import_images", str(folder), "--json", *options)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, object] = json.loads(done.stdout)
    return outcome


def test_it_works(site: Processes) -> None:
    """Stored images become ready and a generation appears, each by its own worker; a stop ends both in order."""
    workers = [site.start_worker("features"), site.start_worker("maintenance")]
    outcome = import_images(site, draw_images(site.folder / "images", 40), "--wait")
    assert (outcome["stored"], outcome["refused"]) == (40, 0)
    assert site.states() == {"ready": 40}
    assert site.sql("SELECT num_images FROM search_generation WHERE life = 'active'") == [(40,)]
    assert [site.kill(worker, signal.SIGTERM) for worker in workers] == [0, 0]


def test_without_any_worker_the_import_does_the_work_itself(site: Processes) -> None:
    outcome = import_images(site, draw_images(site.folder / "images", 40), "--wait")
    assert outcome["stored"] == 40
    assert site.states() == {"ready": 40}
    assert site.sql("SELECT num_images FROM search_generation WHERE life = 'active'") == [(40,)]


def test_a_worker_killed_in_mid_batch_loses_and_doubles_nothing(site: Processes) -> None:
    import_images(site, draw_images(site.folder / "images", 50))
    for _time in range(2):
        worker = site.start_worker(FRAGILE_SECONDS="1", LIKENESS_WORKER="features")
        wait_until(lambda: site.states().get("running"), "a batch is leased")
        site.kill(worker)
        assert site.states()["running"] > 0
    site.start_worker(LIKENESS_WORKER="features")
    wait_for(site.states, {"ready": 50})  # long before the leases end
    assert site.sql("SELECT count(*) FROM (SELECT DISTINCT image_id, method, version FROM search_feature)") == [(50,)]


def test_poison_fails_alone_after_three_tries(site: Processes) -> None:
    draw_images(site.folder / "images", 20)
    draw_images(site.folder / "images", 1, POISON, first=500)
    draw_images(site.folder / "images", 20, first=600)
    import_images(site, site.folder / "images")
    deaths = 0
    while set(site.states()) != {"ready", "failed"}:
        assert deaths <= 3
        worker = site.start_worker(LIKENESS_WORKER="features")
        wait_until(
            lambda worker=worker: worker.poll() is not None or set(site.states()) == {"ready", "failed"},
            "the worker dies of poison, or ends its work",
        )
        deaths += worker.poll() == -signal.SIGKILL
    assert deaths == 3
    assert site.states() == {"ready": 40, "failed": 1}
    assert site.sql(
        "SELECT original_name, f.error_code, attempts FROM search_feature f JOIN gallery_image i ON i.id = image_id"
        " WHERE state = 'failed'"
    ) == [("0500.png", "worker_lost", 3)]


def test_a_redis_that_comes_back_empty_loses_nothing(site: Processes) -> None:
    worker = site.start_worker(FRAGILE_SECONDS="0.02", LIKENESS_WORKER="features")
    import_images(site, draw_images(site.folder / "first", 60))
    wait_until(lambda: site.states().get("ready"), "the first batch is ready")
    site.lose_redis()
    outcome = import_images(site, draw_images(site.folder / "second", 10, first=1000))
    assert outcome["stored"] == 10, "images are stored while Redis is down"
    site.start_redis()
    assert site.manage("reconcile").returncode == 0
    wait_for(site.states, {"ready": 70})
    assert worker.poll() is None, "the worker outlives its Redis"


def test_an_idle_worker_outlives_its_redis_and_registers_again(site: Processes) -> None:
    worker = site.start_worker()
    seen = "from search.background.health import look_at_queues as q; print(*[x.num_workers for x in q().queues])"
    wait_until(lambda: site.manage("shell", "-v", "0", "-c", seen).stdout.strip() == "1 0 0", "the worker is seen")
    site.lose_redis()
    site.start_redis()
    import_images(site, draw_images(site.folder / "images", 5))
    wait_for(site.states, {"ready": 5})
    assert worker.poll() is None
    wait_for(lambda: site.manage("shell", "-v", "0", "-c", seen).stdout.strip(), "1 0 0")


def test_one_job_run_three_times_at_once_leaves_one_result(site: Processes) -> None:
    import_images(site, draw_images(site.folder / "images", BATCH))
    ids = [row[0] for row in site.sql("SELECT id FROM gallery_image")]
    run = f"from search.background import tasks; tasks.extract_features({ids})"
    runs = [
        site.start(sys.executable, "manage.py", "shell", "-v", "0", "-c", run, log=f"{number}.out")
        for number in range(3)
    ]
    assert [process.wait(PATIENCE_SECONDS) for process in runs] == [0, 0, 0], [site.log(f"{n}.out") for n in range(3)]
    assert site.sql("SELECT state, count(*), max(attempts), max(revision) FROM search_feature GROUP BY state") == [
        ("ready", BATCH, 1, 1)
    ]


def test_a_query_is_described_by_the_interactive_worker(site: Processes) -> None:
    site.start_worker("interactive")
    draw_images(site.folder / "images", 1)
    ask = (
        "from search.query import description, uploads; from pathlib import Path;"
        f"q = uploads.store_query(Path('{site.folder}/images/0000.png').open('rb'), 'a.png');"
        "print(description.uploaded_query.send(q.pk))"
    )
    assert site.manage("shell", "-v", "0", "-c", ask).stdout.strip() == "True"
    wait_until(lambda: site.sql("SELECT state FROM search_query") == [("ready",)], "the query is ready")


def test_a_build_is_ended_at_once_with_its_worker(site: Processes) -> None:
    """A stop does not wait for a long build; the next worker builds from the start, and nothing stays half done."""
    import_images(site, draw_images(site.folder / "images", 5))
    site.manage(
        "shell", "-v", "0", "-c", "from search.background import wait_until_indexed; wait_until_indexed.drain()"
    )
    lock = site.folder / "generations"
    lock.mkdir(exist_ok=True)
    hold = f"import fcntl, time; f = open('{lock}/.lock', 'w'); fcntl.flock(f, fcntl.LOCK_EX); time.sleep(3600)"
    holder = site.start(sys.executable, "-c", hold, log="holder.out")
    worker = site.start_worker("maintenance")
    site.manage("shell", "-v", "0", "-c", "from search.background import tasks; tasks.enqueue_build()")
    wait_until(lambda: site.sql("SELECT 1") and _has_child(worker.pid), "the build runs")
    assert site.kill(worker, signal.SIGTERM) == 0
    site.kill(holder)
    site.start_worker("maintenance")
    site.manage("reconcile")
    wait_until(lambda: site.sql("SELECT 1 FROM search_generation WHERE life = 'active'"), "a generation is active")


def test_a_measurement_killed_again_and_again_goes_on_by_itself_and_fails_at_last(site: Processes) -> None:
    """The child that does the work is killed, its worker lives: nobody waits for the lease, nor for the reconciler."""
    import_images(site, draw_images(site.folder / "images", 5))
    drain = "from search.background import wait_until_indexed; wait_until_indexed.drain()"
    site.manage("shell", "-v", "0", "-c", drain)
    worker = site.start_worker("maintenance", FRAGILE_SECONDS="5")
    ask = "from search.evaluation import runs; runs.evaluation.send(runs.ask('copies', None, 5).pk)"
    site.manage("shell", "-v", "0", "-c", ask)
    look = "SELECT state, attempts, error_code FROM search_evaluation"
    for attempt in (1, 2, 3):
        wait_for(lambda: site.sql(look), [("running", attempt, "")])
        wait_until(lambda: _children(worker.pid), "the measurement runs")
        os.kill(_children(worker.pid)[0], signal.SIGKILL)
    wait_for(lambda: site.sql(look), [("failed", 3, "worker_lost")])
    assert worker.poll() is None


def _has_child(pid: int) -> bool:
    return bool(_children(pid))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
