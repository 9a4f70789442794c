"""Maps drawn, brought up to date without a new layout, given up when damaged, and due when something changed."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.utils import timezone
from numpy.typing import NDArray

from gallery.curation import visibility
from jobs import transport
from search.background import reconciler
from search.exceptions import MapError
from search.features import registry, revisions, stored_vectors
from search.generations import build, snapshot
from search.map import building, opened
from search.map.files import CATALOG, DAMAGED, LibraryMap, read_catalog
from search.map.state import exclusive
from search.models import Feature, MapDrawing
from search.storage import maps_folder
from tests.codes import command_refused, refused
from tests.search.library import add_features, add_images, add_library

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folders(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.MAPS_DIR = tmp_path / "maps"
    settings.GENERATIONS_DIR = tmp_path / "generations"
    monkeypatch.setattr(building, "SHORTEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(building, "BUSY_SHARE", 1e9)
    for name in ("EARLY_STEPS", "STEPS", "PLACING_STEPS"):
        monkeypatch.setattr(f"search.map.tsne.{name}", 50)
    for held in (snapshot, opened):
        held.forget()
    yield
    for held in (snapshot, opened):
        held.forget()


@pytest.fixture
def library(rng: np.random.Generator) -> NDArray[np.int64]:
    """Thirty images in a generation."""
    ids, _vectors = add_library(30, rng, ("color", "ssim"))
    build.build()
    return ids


def drawn(method: str = "color") -> LibraryMap:
    found = opened.current_map(method)
    assert found is not None
    return found


def test_it_works(library: NDArray[np.int64]) -> None:
    assert building.due()
    done = building.draw()
    assert [(each.method, each.num_images, each.num_fitted, each.num_placed) for each in done] == [
        ("color", 30, 30, 0),
        ("ssim", 30, 30, 0),
    ]
    assert opened.drawn_methods() == ["color", "ssim"]
    np.testing.assert_array_equal(drawn().image_ids, library)
    for points in drawn().points.values():
        assert np.isfinite(points).all()
    assert opened.current_sprites().image_ids.tolist() == library.tolist()
    assert not opened.current_state().running
    assert not building.due()


def test_new_images_are_placed_and_the_others_stay_where_they_are(
    library: NDArray[np.int64], rng: np.random.Generator
) -> None:
    building.draw()
    before = drawn()
    fresh, _vectors = add_library(5, rng, ("color", "ssim"))
    assert building.due()
    done = building.draw()
    assert (done[0].num_fitted, done[0].num_placed, done[0].num_images) == (0, 5, 35)
    after = drawn()
    assert set(after.image_ids) == set(library) | set(fresh)
    kept = np.isin(after.image_ids, library)
    for name, points in after.points.items():
        np.testing.assert_array_equal(points[kept], before.points[name])
        assert np.isfinite(points).all()
    assert not building.due()


def test_a_copy_of_an_image_is_placed_beside_it(library: NDArray[np.int64], rng: np.random.Generator) -> None:
    building.draw()
    rows = stored_vectors.vectors_of(int(library[4]))
    copy = add_images(1)
    add_features(copy, {name: rows[name][None] for name in ("color", "ssim")})
    building.draw()
    found = drawn()
    place = {image_id: found.points["tsne"][row] for row, image_id in enumerate(found.image_ids.tolist())}
    size = np.ptp(found.points["tsne"], axis=0).max()
    assert np.linalg.norm(place[copy[0]] - place[int(library[4])]) < 0.2 * size


def test_removed_images_leave_the_map(library: NDArray[np.int64]) -> None:
    building.draw()
    visibility.hide([int(library[0])], None)
    visibility.trash([int(library[1])], None)
    visibility.purge([int(library[1])], None)
    assert building.due()
    building.draw()
    np.testing.assert_array_equal(drawn().image_ids, library[2:])
    np.testing.assert_array_equal(opened.current_sprites().image_ids, library[2:])


def test_a_library_twice_as_large_is_laid_out_anew_and_turned_like_before(
    library: NDArray[np.int64], rng: np.random.Generator
) -> None:
    building.draw()
    before = drawn()
    add_library(31, rng, ("color", "ssim"))
    done = building.draw()
    assert done[0].num_fitted == 61
    after = drawn()
    old = after.points["tsne"][np.isin(after.image_ids, library)]
    assert np.sum(old * before.points["tsne"]) > 0


def test_another_version_is_laid_out_anew(library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch) -> None:
    building.draw()
    Feature.objects.update(version="next")
    revisions.bump_revision()
    monkeypatch.setattr(registry, "current_versions", lambda: {"color": "next", "ssim": "next"})
    build.build()
    assert building.draw()[0].num_fitted == 30
    assert drawn().facts.version == "next"


def test_only_a_sample_is_laid_out_where_there_are_many(
    library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.map.layout.MAX_FITTED", 20)
    done = building.draw()
    assert (done[0].num_images, done[0].num_fitted, done[0].num_placed) == (30, 20, 10)
    assert np.isfinite(drawn().points["tsne"]).all()


def test_in_large_libraries_other_maps_are_drawn_when_asked_for(
    library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "ALL_METHODS_MAX_IMAGES", 10)
    assert [each.method for each in building.draw()] == ["color"]
    assert [each.method for each in building.draw(["ssim"])] == ["color", "ssim"]
    assert [each.method for each in building.draw()] == ["color", "ssim"]


def test_nothing_new_changes_no_file(library: NDArray[np.int64]) -> None:
    building.draw()
    folder = read_catalog(maps_folder()).maps["color"].folder
    revisions.bump_revision()
    assert building.due()
    assert building.draw()[0].num_placed == 0
    assert read_catalog(maps_folder()).maps["color"].folder == folder
    assert not building.due()


def test_earlier_folders_are_removed(library: NDArray[np.int64]) -> None:
    building.draw()
    building.draw(refit=True)
    catalog = read_catalog(maps_folder())
    found = {path.name for path in maps_folder().iterdir() if path.is_dir()}
    assert found == {catalog.sprites, *(entry.folder for entry in catalog.maps.values())}


def test_a_damaged_map_is_not_shown_and_drawn_anew(
    library: NDArray[np.int64], caplog: pytest.LogCaptureFixture
) -> None:
    building.draw()
    folder = maps_folder() / read_catalog(maps_folder()).maps["color"].folder
    data = (folder / "tsne.npy").read_bytes()
    (folder / "tsne.npy").write_bytes(data[:-4])
    assert opened.current_map("color") is None
    assert (folder / DAMAGED).exists()
    assert "tsne.npy" in caplog.text
    assert building.due()
    building.draw()
    assert len(drawn().image_ids) == 30


def test_a_map_whose_folder_is_gone_is_drawn_anew(library: NDArray[np.int64]) -> None:
    building.draw()
    shutil.rmtree(maps_folder() / read_catalog(maps_folder()).maps["ssim"].folder)
    assert opened.current_map("ssim") is None
    assert building.due()
    building.draw()
    assert len(drawn("ssim").image_ids) == 30


def test_a_map_whose_folder_is_away_for_a_while_keeps_its_layout(library: NDArray[np.int64]) -> None:
    building.draw()
    before = read_catalog(maps_folder())
    path = maps_folder() / before.maps["color"].folder
    away = path.rename(path.with_name("away"))
    assert opened.current_map("color") is None
    row = building.ask()
    building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("running", "map_absent")
    away.rename(path)
    assert not (path / DAMAGED).exists()
    MapDrawing.objects.update(leased_until=timezone.now())
    building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert row.state == "ready"
    assert read_catalog(maps_folder()).maps["color"].folder == path.name
    assert len(drawn().image_ids) == 30


def test_a_map_whose_folder_stays_away_is_drawn_in_the_end(library: NDArray[np.int64], settings: LazySettings) -> None:
    building.draw()
    shutil.rmtree(maps_folder() / read_catalog(maps_folder()).maps["color"].folder)
    row = building.ask()
    for _time in range(settings.ENV.max_attempts):
        MapDrawing.objects.update(leased_until=timezone.now())
        building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("ready", "")
    assert len(drawn().image_ids) == 30


@pytest.mark.parametrize("harm", ["moved", "covered"])
def test_a_catalog_that_is_away_for_a_while_is_waited_for(library: NDArray[np.int64], harm: str) -> None:
    building.draw()
    folder = read_catalog(maps_folder()).maps["color"].folder
    path, aside = maps_folder() / CATALOG, maps_folder() / "aside.json"
    path.rename(aside)
    if harm == "covered":
        path.mkdir()  # cannot be read, also by root
        assert not building.due()
    opened.forget()
    assert opened.current_map("color") is None
    assert opened.drawn_methods() == []
    row = building.ask()
    building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("running", "map_absent")
    assert (maps_folder() / folder).is_dir()
    if harm == "covered":
        path.rmdir()
    aside.rename(path)
    MapDrawing.objects.update(leased_until=timezone.now())
    building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert row.state == "ready"
    assert read_catalog(maps_folder()).maps["color"].folder == folder


def test_before_the_first_generation_no_map_is_due(rng: np.random.Generator) -> None:
    add_library(5, rng, ("color",))
    assert not building.due()


def test_too_few_images_are_refused(rng: np.random.Generator) -> None:
    add_library(2, rng, ("color",))
    with refused(MapError, "too_few_for_map", least=3, num=2):
        building.draw()
    failed = MapDrawing.objects.get()
    assert (failed.error_code, failed.error_params) == ("too_few_for_map", {"least": 3, "num": 2})
    assert opened.current_state().pausing
    assert not building.due()


def test_an_unknown_method_is_refused(library: NDArray[np.int64]) -> None:
    with refused(MapError, "no_such_map", unknown=["deep", "sky"], expected=["color", "ssim"]):
        building.draw(["sky", "deep"])


def test_two_drawings_at_once_are_refused(library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.map.state.LOCK_WAIT_SECONDS", 0.05)
    with (
        exclusive(maps_folder()),
        refused(MapError, "drawing_running"),
    ):
        building.draw()


def test_a_disk_that_is_full_leaves_the_old_map(library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch) -> None:
    building.draw()
    before = read_catalog(maps_folder())

    def fail(folder: Path, _found: LibraryMap) -> None:
        folder.mkdir()
        raise OSError("No space left on device")

    monkeypatch.setattr(building, "write_map", fail)
    with refused(MapError, "file_error", text="No space left on device"):
        building.draw(refit=True)
    assert read_catalog(maps_folder()) == before
    assert len(drawn().image_ids) == 30
    assert {path.name for path in maps_folder().iterdir() if path.name.startswith("color")} == {
        before.maps["color"].folder
    }


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("build_map", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_the_command_tells_what_it_drew(library: NDArray[np.int64]) -> None:
    assert "color: 30 images, laid out 30, placed 0" in run()
    assert "ssim: 30 images, placed 0" in run("--method", "ssim")
    found = json.loads(run("--refit", "--json"))
    assert found["maps"][0]["num_fitted"] == 30
    with command_refused("no_such_map", unknown=["sky"]):
        run("--method", "sky")


# Background work


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Write down what would be sent to Redis."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *what, job_id="": found.append(what) or True)
    monkeypatch.setattr(transport, "num_queued", lambda _name: len(found))
    return found


@pytest.mark.django_db(transaction=True)
def test_the_reconciler_asks_once_for_maps_that_are_due(
    library: NDArray[np.int64], sent: list[tuple[object, ...]]
) -> None:
    for _round in range(2):
        reconciler.renew_maps()
    row = MapDrawing.objects.get()
    assert sent == [("maintenance", "jobs.job.run", "map_drawing", str(row.pk))]
    building.map_drawing.run(row.pk)
    sent.clear()
    reconciler.renew_maps()
    assert sent == []
    assert len(drawn().image_ids) == 30


@pytest.mark.django_db(transaction=True)
def test_a_build_is_followed_by_a_drawing(library: NDArray[np.int64], sent: list[tuple[object, ...]]) -> None:
    build.generation.run(build.ask().pk)
    assert ("maintenance", "jobs.job.run", "map_drawing", str(MapDrawing.objects.get().pk)) in sent


def test_a_job_that_cannot_draw_says_why(library: NDArray[np.int64]) -> None:
    row = building.ask("sky")
    building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("failed", "no_such_map")
    assert row.error_params == {"unknown": ["sky"], "expected": ["color", "ssim"]}


def test_a_worker_that_finds_the_lock_taken_comes_again(
    library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.map.state.LOCK_WAIT_SECONDS", 0.05)
    row = building.ask()
    with exclusive(maps_folder()):
        building.map_drawing.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error_code) == ("running", 0, "drawing_running")
    assert not building.due()


def test_a_map_published_and_cleared_away_meanwhile_is_no_damage(
    library: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page read the catalog; before it opened the map, another was published and that one removed."""
    building.draw()
    stale = read_catalog(maps_folder())
    building.draw(refit=True)
    catalogs = iter([stale])
    monkeypatch.setattr(opened, "read_catalog", lambda root: next(catalogs, None) or read_catalog(root))
    opened.forget()
    found = opened.current_map("color")
    assert found is not None
    assert len(found.image_ids) == 30
    assert not list(maps_folder().glob(f"*/{DAMAGED}"))
