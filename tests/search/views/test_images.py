"""What search adds to an image's page."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from jobs.rows import JobState
from search.generations import snapshot
from search.models import Feature
from tests.codes import notes
from tests.search.library import add_images, add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]


@pytest.fixture(autouse=True)
def _fresh_snapshot() -> None:
    snapshot.forget()


def part(client: Client, name: str, image_id: int) -> str:
    response = client.get(reverse(f"search:{name}", args=[image_id]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_strip_shows_the_most_similar(client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(20, rng)
    text = part(client, "strip", ids[0])
    assert len(re.findall('href="/images/', text)) == 12
    assert f'href="/images/{ids[0]}/"' not in text


def test_the_strip_of_an_image_without_features_says_so(client: Client) -> None:
    (image_id,) = add_images(1)
    assert notes(part(client, "strip", image_id)) == ["image_not_described_yet"]


def test_features_are_shown_by_method(client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(1, rng)
    text = part(client, "feature_status", ids[0])
    assert text.count("feature-ready") == 3
    assert "feature-unavailable" in text
    assert "hx-trigger" not in text


def test_features_under_way_are_asked_for_again(client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(1, rng)
    Feature.objects.filter(method="color").update(state=JobState.WAITING)
    assert 'hx-trigger="every 2s"' in part(client, "feature_status", ids[0])


def test_curators_try_failed_features_again(client: Client, admin_client: Client, rng: np.random.Generator) -> None:
    ids, _vectors = add_library(1, rng)
    Feature.objects.filter(method="color").update(
        state=JobState.FAILED, error_code="message", error_params={"text": "ValueError: flat"}
    )
    text = part(client, "feature_status", ids[0])
    assert "ValueError: flat" in text
    assert "<form" not in text
    assert f'action="{reverse("search:retry")}"' in part(admin_client, "feature_status", ids[0])


@pytest.mark.parametrize("name", ["strip", "feature_status"])
def test_an_unknown_image_is_not_found(client: Client, name: str) -> None:
    assert client.get(reverse(f"search:{name}", args=[4711])).status_code == 404
