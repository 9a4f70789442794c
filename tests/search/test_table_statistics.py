"""The query planner is told how full the tables are."""

from __future__ import annotations

import pytest
from django.db import connection

from gallery.models import Image
from search import reconciler, table_statistics
from tests.gallery.rows import make_images

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its statistics itself"),
]


@pytest.fixture(autouse=True)
def never_renewed() -> None:
    table_statistics.forget()


def how_to_find(hashes: list[str]) -> str:
    return Image.objects.shown().filter(sha256__in=hashes).explain()


def num_statistics() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM sqlite_stat1 WHERE tbl = 'gallery_image'")
        return int(cursor.fetchone()[0])


def test_a_few_images_are_found_by_what_they_are_named() -> None:
    hashes = [image.sha256 for image in make_images(300)][:10]
    assert "image_shown" in how_to_find(hashes)  # all that are shown, one after the other
    table_statistics.renew()
    assert "(sha256=?)" in how_to_find(hashes)


def test_the_reconciler_does_it_and_not_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "STEPS", (reconciler.renew_statistics,))
    reconciler.reconcile()
    assert num_statistics() == 0  # of an empty table there is nothing to say
    make_images(3)
    reconciler.reconcile()
    assert num_statistics() == 0
    monkeypatch.setattr(table_statistics, "PAUSE_SECONDS", 0.0)
    reconciler.reconcile()
    assert num_statistics() > 0
