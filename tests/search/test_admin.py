"""The admin of features, generations, queries and queues, and what search adds to the admin of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from csp.constants import UNSAFE_INLINE
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.curation.visibility import purge
from gallery.models import Image
from jobs import transport
from jobs.errors import sentence
from jobs.rows import JobState
from search.evaluation import runs
from search.features import registry
from search.models import (
    Evaluation,
    Feature,
    Generation,
    Query,
    Revision,
    Tombstone,
    WeightAdoption,
    WeightSet,
)
from tests.codes import templates

pytestmark = pytest.mark.django_db
IMAGES = "/admin/gallery/image/"
commits = pytest.mark.django_db(transaction=True)  # jobs are sent once a transaction is committed
DASHBOARD = "/admin/django_rq/dashboard/"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs sent to the queues, which take them."""
    jobs: list[str] = []

    def send(name: str, job: str, *args: Any, job_id: str = "") -> bool:
        jobs.append(job_id.partition("-")[0] or job.rpartition(".")[2])
        return True

    monkeypatch.setattr(transport, "send", send)
    monkeypatch.setattr(transport, "num_queued", lambda name: 0)
    return jobs


@pytest.fixture
def redis_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queues as they are when Redis is down."""
    monkeypatch.setattr(transport, "send", lambda *args, job_id="": False)
    monkeypatch.setattr(transport, "num_queued", lambda name: 0)


@pytest.fixture
def make_images() -> Callable[..., list[Image]]:
    """Rows as they stand after decoding, with a feature row per method that can be computed here."""

    def make(count: int, state: str = JobState.READY, reason: str = "") -> list[Image]:
        start = Image.objects.count()
        images = Image.objects.bulk_create(
            Image(
                sha256=f"{n:064x}",
                status=Image.Status.READY,
                original_name=f"{n}.png",
                num_bytes=10,
                width=160,
                height=120,
            )
            for n in range(start, start + count)
        )
        Feature.objects.bulk_create(
            Feature(image=image, method=method, version=version, state=state, error_code=reason, attempts=1)
            for image in images
            for method, version in registry.current_versions().items()
        )
        return images

    return make


def act(client: Client, address: str, action: str, chosen: list[Any]) -> list[str]:
    """Do an action of a list and return the codes of what the page that follows says."""
    data = {"action": action, "_selected_action": [one.pk for one in chosen]}
    response = client.post(address, data, follow=True)
    assert response.status_code == 200
    return codes(response)


def codes(response: Any) -> list[str]:
    return [code for message in response.context["messages"] for code in message.extra_tags.split()]


def states(image: Image) -> set[str]:
    return set(Feature.objects.filter(image=image).values_list("state", flat=True))


# What search adds to the list of images


def test_images_show_the_state_of_their_features(admin_client: Client, make_images: Callable[..., list[Image]]) -> None:
    num_methods = len(registry.current_versions())
    make_images(1)
    assert f"{num_methods} of {num_methods}<" in admin_client.get(IMAGES).content.decode()
    failed = make_images(1, JobState.FAILED, "decoder_timeout")[0]
    assert f"0 of {num_methods}, {num_methods} failed" in admin_client.get(IMAGES).content.decode()
    page = admin_client.get(reverse("admin:gallery_image_change", args=[failed.pk])).content.decode()
    assert sentence("decoder_timeout") in page


def test_images_filter_by_the_state_of_their_features(
    admin_client: Client, make_images: Callable[..., list[Image]]
) -> None:
    found = {
        "ready": make_images(1)[0],
        "failed": make_images(1, JobState.FAILED)[0],
        "waiting": make_images(1, JobState.RUNNING)[0],
    }
    for state, image in found.items():
        page = admin_client.get(f"{IMAGES}?features={state}").content.decode()
        names = {other.original_name for other in found.values() if f">{other.original_name}</a>" in page}
        assert names == {image.original_name}


def test_image_list_needs_no_more_queries_for_more_images(
    admin_client: Client,
    make_images: Callable[..., list[Image]],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_images(3)
    with django_assert_max_num_queries(12) as few:
        admin_client.get(IMAGES)
    make_images(50)
    with django_assert_max_num_queries(len(few)):
        admin_client.get(IMAGES)


def test_editing_an_image_leaves_its_features(admin_client: Client, make_images: Callable[..., list[Image]]) -> None:
    image = make_images(1)[0]
    admin_client.post(reverse("admin:gallery_image_change", args=[image.pk]), {"title": "A cat", "label": ""})
    image.refresh_from_db()
    assert image.title == "A cat"
    assert states(image) == {"ready"}


@commits
def test_recompute(admin_client: Client, make_images: Callable[..., list[Image]], sent: list[str]) -> None:
    image, other = make_images(2)
    assert act(admin_client, IMAGES, "recompute_features", [image]) == ["recomputed"]
    assert (states(image), states(other)) == ({"waiting"}, {"ready"})
    assert sent == ["extract_features"]


@commits
def test_recompute_while_redis_is_down_is_kept(
    admin_client: Client, make_images: Callable[..., list[Image]], redis_down: None
) -> None:
    image = make_images(1)[0]
    assert act(admin_client, IMAGES, "recompute_features", [image]) == ["recomputed", "queue_unreachable"]
    assert states(image) == {"waiting"}


@commits
@pytest.mark.parametrize("address", [IMAGES, "/admin/search/feature/"])
def test_retry_failed(
    address: str, admin_client: Client, make_images: Callable[..., list[Image]], sent: list[str]
) -> None:
    image, other = make_images(2, JobState.FAILED, "internal_retry_exhausted")
    chosen = [image] if address == IMAGES else list(Feature.objects.filter(image=image)[:1])
    assert act(admin_client, address, "retry_failed", chosen) == ["tried_again"]
    assert (states(image), states(other)) == ({"waiting"}, {"failed"})
    assert sent == ["extract_features"]


def test_retry_of_nothing_says_so(
    admin_client: Client, make_images: Callable[..., list[Image]], sent: list[str]
) -> None:
    assert act(admin_client, IMAGES, "retry_failed", make_images(1)) == ["nothing_to_do"]
    assert sent == []


@commits
def test_rebuild_from_the_list_of_images(
    admin_client: Client, make_images: Callable[..., list[Image]], sent: list[str]
) -> None:
    assert act(admin_client, IMAGES, "rebuild_index", make_images(1)) == ["building"]
    assert sent == ["generation"]


def test_the_trash_keeps_from_searches_and_takes_features_along_when_emptied(
    admin_client: Client, make_images: Callable[..., list[Image]]
) -> None:
    image = make_images(1)[0]
    act(admin_client, IMAGES, "trash_selected", [image])
    assert not Image.objects.shown().exists()
    assert Feature.objects.exists()
    assert Tombstone.objects.filter(image_id=image.pk).exists()
    purge([image.pk], None)
    assert not Image.objects.exists()
    assert not Feature.objects.exists()
    assert Tombstone.objects.filter(image_id=image.pk).exists()


# Generations


@commits
def test_rebuild_button(admin_client: Client, sent: list[str]) -> None:
    page = admin_client.get("/admin/search/generation/").content.decode()
    assert "/admin/search/generation/rebuild/" in page
    assert admin_client.get("/admin/search/generation/rebuild/").status_code == 405
    assert codes(admin_client.post("/admin/search/generation/rebuild/", follow=True)) == ["building"]
    assert sent == ["generation"]


@commits
def test_rebuild_while_redis_is_down_says_so(admin_client: Client, redis_down: None) -> None:
    assert codes(admin_client.post("/admin/search/generation/rebuild/", follow=True)) == ["queue_unreachable"]


def test_rebuild_needs_the_right(client: Client, sent: list[str]) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_generation"))
    client.force_login(reader)
    assert "rebuild/" not in client.get("/admin/search/generation/").content.decode()
    assert client.post("/admin/search/generation/rebuild/").status_code == 403
    assert sent == []


def test_generation_shows_its_recall(admin_client: Client) -> None:
    generation = Generation.objects.create(
        state="ready",
        life="active",
        num_images=60_000,
        backend="annoy",
        recall={"deep": 0.987},
        versions={"deep": "resnet50-abc"},
    )
    page = admin_client.get(reverse("admin:search_generation_change", args=[generation.pk])).content.decode()
    assert "Content 0.987" in page
    assert "Content resnet50-abc" in page


# Read-only


@pytest.mark.parametrize("model", ["feature", "generation", "query"])
def test_what_machines_wrote_is_read_only(
    model: str, admin_client: Client, make_images: Callable[..., list[Image]]
) -> None:
    make_images(1)
    Generation.objects.create()
    Query.objects.create(original_name="a.png", sha256="0" * 64, vectors=b"x")
    row = {"feature": Feature, "generation": Generation, "query": Query}[model].objects.all()[0]
    address = f"/admin/search/{model}/"
    assert admin_client.get(address).status_code == 200
    assert admin_client.get(f"{address}add/").status_code == 403
    assert admin_client.get(f"{address}{row.pk}/delete/").status_code == 403
    page = admin_client.get(f"{address}{row.pk}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert admin_client.post(f"{address}{row.pk}/change/", {"state": "failed"}).status_code == 403


@pytest.mark.parametrize("model", [Revision, Tombstone])
def test_counters_are_not_in_the_admin(model: type, admin_client: Client) -> None:
    assert admin_client.get(f"/admin/search/{model.__name__.lower()}/").status_code == 404


def test_feature_list_needs_no_more_queries_for_more_features(
    admin_client: Client,
    make_images: Callable[..., list[Image]],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_images(1)
    address = "/admin/search/feature/"
    with django_assert_max_num_queries(8) as few:
        admin_client.get(address)
    make_images(20)
    with django_assert_max_num_queries(len(few)) as many:
        admin_client.get(address)
    assert not any('"vector"' in query["sql"] for query in many.captured_queries)


def test_features_filter_by_method(admin_client: Client, make_images: Callable[..., list[Image]]) -> None:
    make_images(1)
    page = admin_client.get("/admin/search/feature/?method=color").content.decode()
    assert page.count('<tr><td class="action-checkbox">') == 1


# The queues' dashboard


def test_dashboard_says_when_redis_is_down(admin_client: Client) -> None:
    """The suite has no Redis at the default address."""
    response = admin_client.get(DASHBOARD)
    assert response.status_code == 503
    assert "admin/django_rq/unreachable.html" in templates(response)


def test_dashboard_alone_may_run_inline_scripts(admin_client: Client) -> None:
    assert UNSAFE_INLINE in admin_client.get(DASHBOARD).headers["Content-Security-Policy"]
    assert UNSAFE_INLINE in admin_client.get(DASHBOARD + "queues/0/").headers["Content-Security-Policy"]
    for address in ("/admin/", IMAGES, "/admin/search/feature/"):
        assert "unsafe" not in admin_client.get(address).headers["Content-Security-Policy"], address


@pytest.mark.parametrize("page", ["", "queues/0/", "stats.json", "workers/0/"])
def test_dashboard_is_for_superusers(page: str, client: Client) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.add(*Permission.objects.filter(content_type__app_label="django_rq"))
    client.force_login(staff)
    assert client.get(DASHBOARD + page).status_code == 403
    assert "django_rq" not in client.get("/admin/").content.decode()


def test_dashboard_asks_strangers_to_log_in(client: Client) -> None:
    response = client.get(DASHBOARD)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


def test_measurements_are_listed_and_deleted_but_not_written(admin_client: Client) -> None:
    run = runs.keep("copies", None, None, {"edits": {}, "images": 5, "queries": 75, "generation": 1, "seconds": 2})
    listed = "/admin/search/evaluation/"
    text = admin_client.get(listed).content.decode()
    assert f"/lab/?run={run.pk}" in text
    assert "75" in text
    assert admin_client.get(f"{listed}{run.pk}/change/").status_code == 200
    assert admin_client.get(f"{listed}add/").status_code == 403
    assert admin_client.post(f"{listed}{run.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Evaluation.objects.exists()


def test_weights_and_decisions_are_only_looked_at(admin_client: Client) -> None:
    row = WeightSet.objects.create(state="ready", source="labels", weights={"color": 1.0})
    decision = WeightAdoption.objects.create(weight_set=row, weights={"color": 0.5, "deep": 0.0})
    for address, pk in (("/admin/search/weightset/", row.pk), ("/admin/search/weightadoption/", decision.pk)):
        assert admin_client.get(address).status_code == 200
        assert 'name="_save"' not in admin_client.get(f"{address}{pk}/change/").content.decode()
        assert admin_client.get(f"{address}add/").status_code == 403
    assert "Color 0.5" in admin_client.get("/admin/search/weightadoption/").content.decode()
