"""Recorded searches: kept as they were answered, shown as one may see them, run again."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.audit_events import Action
from gallery.curation.visibility import hide
from gallery.models import Collection, Image, Membership
from gallery.people.roles import Role
from jobs.rows import JobState
from review.evidence import record_search as record_search_module
from review.evidence.record_search import answer_now, record_search
from review.evidence.searches import CLOSED_OR_GONE
from review.exceptions import AppendOnlyError
from review.models import AuditRow, SearchRecord
from review.views import records as view
from search.features import registry, stored_vectors
from search.generations import snapshot
from search.models import Generation, Query
from search.query.answer import SearchAnswer
from tests.codes import notes
from tests.review.people import person
from tests.search.conftest import few_methods, without_network  # noqa: F401 (fixtures)
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
NUM_QUERIES = 6
DAMAGED = "the file of weights is damaged"


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


@pytest.fixture
def images(rng: np.random.Generator) -> list[Image]:
    ids, _vectors = add_library(8, rng)
    return [Image.objects.get(pk=pk) for pk in ids]


@pytest.fixture
def ada(client: Client) -> User:
    """A viewer who has logged in."""
    user = person("ada", Role.VIEWER)
    client.force_login(user)
    return user


def keep(client: Client, address: str, **data: Any) -> SearchRecord:
    response = client.post(reverse("review:record_search"), {"address": address, **data})
    assert response.status_code == 302, response.content
    record = SearchRecord.objects.latest("recorded_at")
    assert response.headers["Location"] == reverse("review:record", args=[record.pk])
    return record


def page(client: Client, record: SearchRecord, **parameters: object) -> str:
    response = client.get(reverse("review:record", args=[record.pk]), parameters)
    assert response.status_code == 200
    text: str = response.content.decode()
    return text[text.index("<main") : text.index("</main>")]


def hits(text: str) -> int:
    return len(re.findall(r'class="record-hit"', text))


def send(client: Client, record: SearchRecord, form: str) -> str:
    response = client.post(reverse("review:record_export", args=[record.pk]), {"format": form})
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def test_versions_are_those_of_the_answer(
    client: Client, ada: User, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another generation comes into use between the answer and its record."""
    answered = record_search_module.search

    def overtaken(*arguments: Any) -> SearchAnswer:
        found = answered(*arguments)
        Generation.objects.create(life=Generation.Life.ACTIVE, state=JobState.READY, versions={"color": "other"})
        return found

    monkeypatch.setattr(record_search_module, "search", overtaken)
    kept = keep(client, f"image={images[0].pk}").document
    assert kept["generation"] is None
    assert kept["versions"] == registry.current_versions()


def test_it_works(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}&w_color=0.5&w_ssim=0&min=1&k=5", title="Herons")
    kept = record.document
    assert (record.title, record.author, record.author_name) == ("Herons", ada, "ada")
    assert kept["query"] == {
        "image": images[0].pk,
        "sha256": images[0].sha256,
        "name": str(images[0]),
        "width": images[0].width,
        "height": images[0].height,
    }
    assert kept["weights"]["color"] == 0.5
    assert kept["thresholds"] == {"min": 1.0}
    assert 0 < len(kept["results"]) <= 5
    assert [each["rank"] for each in kept["results"]] == list(range(1, len(kept["results"]) + 1))
    assert set(kept["results"][0]["methods"]["color"]) == {"raw", "rarity", "one_in", "weight", "share", "rank"}
    assert set(kept) >= {"generation", "versions", "software", "exact", "num_candidates", "num_images", "missing"}
    text = page(client, record)
    assert hits(text) == len(kept["results"])
    assert "Herons" in text
    assert kept["results"][0]["sha256"] in text


def test_the_image_searched_for_is_read_once(ada: User, images: list[Image]) -> None:
    with CaptureQueriesContext(connection) as found:
        record_search(ada, f"image={images[0].pk}")
    asked = [sql for query in found if "sha256" in (sql := query["sql"]) and 'FROM "gallery_image"' in sql]
    assert sum(f'"id" IN ({images[0].pk})' in sql or images[0].sha256 in sql for sql in asked) == 1


def test_a_record_is_never_changed(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}")
    assert record.title == f"Images like {images[0]}"
    record.title = "other"
    with pytest.raises(AppendOnlyError):
        record.save()


def test_it_stays_as_it_was_answered(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}")
    hide([images[3].pk], None)
    text = page(client, record)
    assert hits(text) == 7
    assert text.count("verdict-gone") == 1


def test_run_again_unchanged(client: Client, ada: User, images: list[Image]) -> None:
    text = page(client, keep(client, f"image={images[0].pk}"), again=1)
    assert notes(text) == ["same_hits", "same_circumstances"]


def test_run_again_after_changes(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}")
    first = record.document["results"][0]
    hide([first["image"]], None)
    text = page(client, record, again=1)
    assert "not found" in text
    assert "other_hits" in notes(text)


def test_other_circumstances_are_named(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}")
    kept = dict(record.document) | {"generation": 41}
    kept["versions"] = dict(kept["versions"]) | {"color": "0-old"}
    older = SearchRecord.objects.create(title="older", address="", document=kept, author=ada, author_name="ada")
    text = page(client, older, again=1)
    assert "Index generation" in text
    assert "41" in text
    assert "0-old" in text


def test_what_cannot_be_run_again_says_why(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}")
    hide([images[0].pk], None)
    text = page(client, record, again=1)
    assert notes(text) == ["image_searched_gone"]
    assert hits(text) == 7


def test_an_uploaded_query_is_kept_whole(client: Client, ada: User, images: list[Image]) -> None:
    vectors = stored_vectors.vectors_of(images[0].pk, registry.current_versions())
    query = Query.objects.create(
        sha256="f" * 64,
        original_name="mine.png",
        state=JobState.READY,
        uploaded_by=ada,
        vectors=stored_vectors.pack_query(vectors),
    )
    record = keep(client, f"query={query.pk}")
    query.delete()
    assert len(record.document["results"]) == 8
    assert "same_hits" in notes(page(client, record, again=1))
    assert "vectors" not in json.loads(send(client, record, "json"))["query"]
    client.force_login(person("eve", Role.VIEWER))
    assert "mine.png" in page(client, record)


def test_why_a_method_said_nothing_about_an_uploaded_query_is_kept(
    client: Client, ada: User, images: list[Image]
) -> None:
    vectors = stored_vectors.vectors_of(images[0].pk, registry.current_versions())
    told = dict(list(vectors.items())[:1])
    query = Query.objects.create(
        sha256="f" * 64,
        original_name="mine.png",
        state=JobState.READY,
        uploaded_by=ada,
        error_code="message",
        error_params={"text": DAMAGED},
        vectors=stored_vectors.pack_query(told),
    )
    record = keep(client, f"query={query.pk}")
    assert {"code": "message", "params": {"text": DAMAGED}} in record.document["missing"].values()
    query.delete()
    assert answer_now(ada, record.document)["missing"] == record.document["missing"]


def test_the_uploads_of_others_are_not_there(client: Client, ada: User, images: list[Image]) -> None:
    other = Query.objects.create(
        sha256="f" * 64, original_name="x.png", state=JobState.READY, uploaded_by=person("eve"), vectors=b""
    )
    response = client.post(reverse("review:record_search"), {"address": f"query={other.pk}"})
    assert response.status_code == 302
    assert not SearchRecord.objects.exists()


@pytest.mark.parametrize("address", ["", "image=4711", "image=x", "image=1&w_color=9", "min=5&max=2", "collection=99"])
def test_refused(client: Client, ada: User, images: list[Image], address: str) -> None:
    response = client.post(reverse("review:record_search"), {"address": address})
    assert response.headers["Location"] == f"{reverse('search:results')}?{address}"
    (message,) = get_messages(response.wsgi_request)
    assert message.tags.split()[0] == "not_recorded"
    assert not SearchRecord.objects.exists()


def test_a_record_has_an_author(client: Client, images: list[Image], settings: Any) -> None:
    settings.OPEN_ACCESS = True
    response = client.post(reverse("review:record_search"), {"address": f"image={images[0].pk}"})
    assert response.status_code == 302
    assert not SearchRecord.objects.exists()
    text = client.get(reverse("search:results"), {"image": images[0].pk}).content.decode()
    assert reverse("review:record_search") not in text


@pytest.fixture
def private(images: list[Image]) -> Collection:
    """Three of the images, which only members see."""
    collection = Collection.objects.create(name="Closed", private=True)
    collection.images.set(images[5:])
    Image.objects.filter(pk__in=[image.pk for image in images[5:]]).update(common=False)
    return collection


def test_others_see_what_they_may_see(client: Client, ada: User, images: list[Image], private: Collection) -> None:
    Membership.objects.create(collection=private, user=ada, role=Role.VIEWER)
    record = keep(client, f"image={images[0].pk}")
    assert hits(page(client, record)) == 7
    client.force_login(person("eve", Role.VIEWER))
    text = page(client, record)
    assert hits(text) == 4
    assert "Images compared" not in text
    assert all(image.sha256 not in text for image in images[5:])
    assert re.findall(r'<span class="number soft">(\d+)</span>', text) == ["1", "2", "3", "4"]
    sent = json.loads(send(client, record, "json"))
    assert [each["rank"] for each in sent["results"]] == [1, 2, 3, 4]
    assert "num_images" not in sent
    assert "rank" not in sent["results"][0]["methods"]["color"]
    assert "same_hits" in notes(page(client, record, again=1))


def test_the_record_of_a_private_image_is_not_there(
    client: Client, ada: User, images: list[Image], private: Collection
) -> None:
    Membership.objects.create(collection=private, user=ada, role=Role.VIEWER)
    record = keep(client, f"image={images[5].pk}&collection={private.pk}")
    client.force_login(person("eve", Role.VIEWER))
    for name in ("record", "record_export"):
        address = reverse(f"review:{name}", args=[record.pk])
        answer = client.post(address, {"format": "csv"}) if name == "record_export" else client.get(address)
        assert answer.status_code == 404
    client.force_login(ada)
    Membership.objects.all().delete()
    text = page(client, record, again=1)
    assert "collection_searched_gone" in notes(text)
    assert "verdict-gone" in text


def test_a_closed_collection_that_was_searched_is_not_told(
    client: Client, ada: User, images: list[Image], private: Collection
) -> None:
    private.images.add(images[0])  # which all may see
    Membership.objects.create(collection=private, user=ada, role=Role.VIEWER)
    record = keep(client, f"image={images[0].pk}&collection={private.pk}", title="Herons")
    assert "Closed" in page(client, record)
    client.force_login(person("eve", Role.VIEWER))
    text = page(client, record, again=1)
    assert str(CLOSED_OR_GONE) in text
    assert "collection_searched_gone" in notes(text)
    for told in (text, *(send(client, record, form) for form in ("csv", "json", "html"))):
        assert "Closed" not in told
        assert f"collection={private.pk}" not in told


def test_exports(client: Client, ada: User, images: list[Image]) -> None:
    record = keep(client, f"image={images[0].pk}")
    rows = list(csv.DictReader(io.StringIO(send(client, record, "csv").removeprefix("\ufeff"))))
    assert len(rows) == 7
    assert rows[0]["query_sha256"] == images[0].sha256
    assert float(rows[0]["color_raw"]) == record.document["results"][0]["methods"]["color"]["raw"]
    report = send(client, record, "html")
    assert report.count("<article>") == 7
    assert "7 hits." in report
    assert "<script" not in report
    row = AuditRow.objects.filter(action=Action.EXPORT).first()
    assert row is not None
    assert row.subject == f"search {record.pk}"
    refused = client.post(reverse("review:record_export", args=[record.pk]), {"format": "xls"})
    assert refused.status_code == 302


def test_ones_own_are_listed(client: Client, ada: User, images: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "PAGE_SIZE", 2)
    for number in range(3):
        keep(client, f"image={images[number].pk}", title=f"search {number}")
    text = client.get(reverse("review:records")).content.decode()
    assert "search 2" in text
    assert "search 0" not in text
    mark = text.split("before=")[1].split('"')[0]
    older = client.get(reverse("review:records"), {"before": mark}).content.decode()
    assert "search 0" in older
    assert "search 1" not in older
    assert "search 2" in client.get(reverse("review:records"), {"before": "x"}).content.decode()
    eve = person("eve", Role.VIEWER)
    client.force_login(eve)
    assert "no_record" in notes(client.get(reverse("review:records")).content.decode())
    client.force_login(person("root", Role.ADMIN))
    assert "search 2" in client.get(reverse("review:records")).content.decode()


@pytest.mark.parametrize("number", [1, 6])
def test_the_number_of_database_queries_is_fixed(
    client: Client, ada: User, images: list[Image], number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _each in range(number):
        record = keep(client, f"image={images[0].pk}&k={number}")
    with django_assert_num_queries(NUM_QUERIES):
        client.get(reverse("review:records"))
    with django_assert_num_queries(NUM_QUERIES):
        page(client, record)
