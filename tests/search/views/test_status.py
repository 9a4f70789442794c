"""Status page, banner, retry, rebuild and readiness. No Redis runs here; end-to-end tests see one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from gallery.curation.visibility import hide, trash
from jobs.errors import sentence
from jobs.rows import JobState
from search.features import registry, wanted_rows
from search.generations import pca, snapshot
from search.generations.build import build
from search.methods.base import normalize_rows
from search.methods.pretrained.packages import PACKAGES
from search.models import Feature, Generation
from search.storage import generation_folder
from tests.codes import notes
from tests.search.library import add_features, add_images, add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
NUM_QUERIES = 9


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


def page(client: Client) -> str:
    return client.get(reverse("search:status")).content.decode()


def test_it_works(client: Client, rng: np.random.Generator) -> None:
    add_library(3, rng)
    text = page(client)
    assert "all computed" in text
    assert "none yet" in text  # no generation
    assert "not available" in text  # the deep method has no weights
    assert "django" in text


def test_features_of_images_that_nobody_finds_are_not_counted(client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(6, rng)
    hide([int(ids[0])], None)
    trash([int(ids[1])], None)
    Feature.objects.filter(image=int(ids[2]), method="color").update(state=JobState.WAITING)
    rows = {row["look"].name: row for row in client.get(reverse("search:status")).context["methods"]}
    assert (rows["color"]["counts"]["ready"], rows["color"]["waiting"]) == (3, 1)
    assert (rows["ssim"]["counts"]["ready"], rows["ssim"]["waiting"]) == (4, 0)


def test_a_part_is_answered_to_scripts(client: Client) -> None:
    response = client.get(reverse("search:status"), headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()


def test_redis_down_is_said_everywhere(client: Client) -> None:
    assert "Redis down" in page(client)
    assert notes(client.get(reverse("search:banner")).content.decode()) == ["queue_unreachable"]
    response = client.get(reverse("search:readyz"))
    assert response.status_code == 503
    assert response.json()["down"] == ["redis"]
    assert response.json()["checks"]["database"] == "ok"


def test_failures_are_grouped_by_reason(client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(4, rng)
    Feature.objects.filter(image__in=ids[:3], method="color").update(
        state=JobState.FAILED, error_code="decoder_timeout"
    )
    response = client.get(reverse("search:status"))
    (failure,) = response.context["failures"]
    assert (failure["look"].name, failure["reason"]) == ("color", sentence("decoder_timeout"))
    assert "some failed" in response.content.decode()


def test_failed_features_are_wanted_again(client: Client, admin_user: User, rng: np.random.Generator) -> None:
    client.force_login(admin_user)
    ids, _vectors = add_library(4, rng)
    Feature.objects.filter(method="color").update(state=JobState.FAILED, error_code="corrupt")
    response = client.post(reverse("search:retry"), {"image": ids[0], "next": f"/images/{ids[0]}/"})
    assert response.headers["Location"] == f"/images/{ids[0]}/"
    assert Feature.objects.filter(state=JobState.WAITING).count() == 1
    assert client.post(reverse("search:retry")).headers["Location"] == reverse("search:status")
    assert Feature.objects.filter(state=JobState.WAITING).count() == 4


def test_retry_sends_nobody_elsewhere(admin_client: Client) -> None:
    response = admin_client.post(reverse("search:retry"), {"next": "https://example.org/"})
    assert response.headers["Location"] == reverse("search:status")


def test_retry_and_rebuild_are_posted(client: Client) -> None:
    assert client.get(reverse("search:retry")).status_code == 405
    assert client.get(reverse("search:rebuild")).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_only_admins_rebuild(client: Client, admin_user: User) -> None:
    assert "Rebuild" not in page(client)
    assert client.post(reverse("search:rebuild")).status_code == 403
    client.force_login(admin_user)
    assert "Rebuild" in page(client)
    response = client.post(reverse("search:rebuild"), follow=True)
    assert "nothing was started" in response.content.decode()  # Redis is down


def test_the_generation_in_use_is_shown_with_its_recall(client: Client) -> None:
    Generation.objects.create(
        state="ready", life="active", folder="gone", num_images=1234, backend="annoy", recall={"color": 0.987}
    )
    text = page(client)
    assert "1,234" in text
    assert "Recall@20, Color" in text
    assert "0.987" in text


def test_a_generation_whose_folder_is_away_is_said_to_be_degraded(client: Client) -> None:
    Generation.objects.create(state="ready", life="active", folder="gone", num_images=5)
    text = page(client)
    degraded = snapshot.current_snapshot().degraded
    assert degraded is not None
    assert degraded.code == "exact_search_serves_meanwhile"
    assert escape(str(degraded)) in text


def test_a_failed_build_is_named(client: Client) -> None:
    Generation.objects.create(state="failed", error_code="message", error_params={"text": "The disk is full."})
    assert "The disk is full." in page(client)


@pytest.mark.parametrize("num_images", [3, 30])
def test_the_number_of_database_queries_is_fixed(
    client: Client, rng: np.random.Generator, num_images: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add_library(num_images, rng)
    page(client)
    with django_assert_num_queries(NUM_QUERIES):
        page(client)


def test_reduced_rows_are_told_of(client: Client, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "MIN_NUMBERS", 0)
    ids = add_images(530)
    rows = normalize_rows(np.abs(rng.normal(size=(530, 6))) @ np.abs(rng.normal(size=(6, 256))))
    add_features(ids, {"color": rows})
    build()
    text = " ".join(page(client).split())
    assert "Numbers scanned, Color" in text
    assert re.search(r"\d+ of 256, (9[5-9]\.\d|100\.0) %", text)
    assert "Numbers scanned, Structure" not in text


def test_a_damaged_manifest_hides_no_page(client: Client, rng: np.random.Generator) -> None:
    add_library(3, rng)
    row = build()
    (generation_folder(row.folder) / "manifest.json").write_text("{")
    assert "Numbers scanned" not in page(client)


def test_a_version_on_its_way_is_told_of(client: Client, rng: np.random.Generator) -> None:
    add_library(3, rng)
    row = build()
    assert notes(page(client)) == []
    Generation.objects.filter(pk=row.pk).update(versions=row.versions | {"color": "older"})
    response = client.get(reverse("search:status"))
    assert (response.context["successions"], notes(response.content.decode())) == (["Color"], ["new_version_computed"])


def test_a_version_that_failed_for_many_images_is_told_of(client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(4, rng)
    row = build()
    Generation.objects.filter(pk=row.pk).update(versions=row.versions | {"color": "older"})
    Feature.objects.filter(method="color").update(version="older")
    wanted_rows.ensure_rows()
    assert notes(page(client)) == ["new_version_computed"]
    new = Feature.objects.filter(method="color").exclude(version="older")
    new.update(
        state=JobState.FAILED,
        error_code="numbers_not_finite",
        error_params={},
    )
    text = page(client)
    assert notes(text) == ["new_version_failed"]
    assert sentence("numbers_not_finite") in text
    assert len(ids) == new.count()


def test_what_serves_instead_of_the_chosen_network_is_said(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "package_absent" not in notes(page(client))
    deep = registry.methods()["deep"]
    monkeypatch.setattr(deep, "options", {"backbone": "lite1", "models_dir": tmp_path})
    monkeypatch.setitem(PACKAGES, "lite1", replace(PACKAGES["lite1"], distribution="no-such-model"))
    text = page(client)
    assert "package_absent" in notes(text)
    assert "no-such-model" in text
