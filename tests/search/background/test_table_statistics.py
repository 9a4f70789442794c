"""The query planner knows how full the tables are."""

from __future__ import annotations

import pytest
from django.db import connection

from gallery.models import Image
from jobs import periodic
from search.background import reconciler, table_statistics
from tests.gallery.rows import make_image, make_images

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its statistics itself"),
]


@pytest.fixture(autouse=True)
def never_renewed() -> None:
    table_statistics.forget()


@pytest.fixture(autouse=True)
def numbered_from_one(db: None) -> None:
    """Let the numbers of images tell how many there are, whatever tests ran before: emptied tables count on."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'gallery_image'")


def how_to_find(hashes: list[str]) -> str:
    return Image.objects.shown().filter(sha256__in=hashes).explain()


def num_images_known() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = 'gallery_image'")
        return int(cursor.fetchone()[0] or 0)


def test_a_few_images_are_found_by_what_they_are_named() -> None:
    hashes = [image.sha256 for image in make_images(300)][:10]
    assert "image_shown" in how_to_find(hashes)  # all that are shown, one after the other
    table_statistics.renew()
    assert "(sha256=?)" in how_to_find(hashes)


def test_the_reconciler_renews_them_as_the_library_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "_steps", {"renew_statistics": reconciler.renew_statistics})
    periodic.reconcile()
    assert num_images_known() == 0  # of an empty table there is nothing to say
    for more, known in ((10, 10), (4, 10), (2, 16)):
        for number in range(more):
            make_image(f"{known}-{more}-{number}.jpg")
        periodic.reconcile()
        assert num_images_known() == known


def test_they_are_renewed_after_an_hour_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    make_images(10)
    table_statistics.renew()
    make_image("one more.jpg")
    table_statistics.renew()
    assert num_images_known() == 10
    monkeypatch.setattr(table_statistics, "PAUSE_SECONDS", 0.0)
    table_statistics.renew()
    assert num_images_known() == 11
