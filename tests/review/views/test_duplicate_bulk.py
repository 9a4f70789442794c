"""Deciding about many groups by the page's forms: shown first, then done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from gallery.models import Collection, Image, Tag
from gallery.people.roles import Role
from jobs import transport
from jobs.rows import JobState
from review.duplicates.decide import bulk, decisions
from review.exceptions import DuplicatesError
from review.models import DuplicateBulk, DuplicateDecision, DuplicateScan
from review.verdicts.decide import decide
from tests.codes import notes
from tests.review.duplicates.rows import Tier, make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db
PLAN, APPLY = "/duplicates/plan/", "/duplicates/apply/"


@pytest.fixture
def cyd() -> User:
    return person("cyd", Role.CURATOR)


@pytest.fixture
def client(cyd: User) -> Client:
    """The browser of a curator."""
    found = Client()
    found.force_login(cyd)
    return found


@pytest.fixture
def scan() -> DuplicateScan:
    """A scan with four groups of two."""
    found = make_scan()
    for number in range(4):
        make_pair(found, f"n{number}", score=number / 10)
    return found


def form(of: DuplicateScan, action: str = "keep_one", **about: Any) -> dict[str, Any]:
    return {"action": action, "scope": "tier", "scan": of.pk, "tier": 3, "next": "/duplicates/?tier=3", **about}


def said(client: Client, address: str, data: dict[str, Any]) -> str:
    """Return what the page says to which a form leads."""
    response = client.post(address, data)
    assert response.status_code == 302
    return client.get(response["Location"]).content.decode()


def numbers(response: Any) -> list[str]:
    """Return the numbers that a plan shows above all else."""
    text = response.content.decode().partition('class="plan-numbers"')[2].partition("</dl>")[0]
    return re.findall(r'<dd class="number">\s*([\d,]+)', text)


def test_it_works(client: Client, scan: DuplicateScan) -> None:
    assert reverse("review:duplicates_plan") == PLAN
    other = Image.objects.get(original_name="n3-2.jpg")
    Tag.objects.create(name="pond").images.add(other)
    response = client.post(PLAN, form(scan))
    assert numbers(response) == ["4", "4", "4"]  # groups, images that stay and that go
    gains = response.context["gains"]
    assert (gains.tags, gains.collections) == (1, 0)
    assert "tags: pond" in response.content.decode()
    assert Image.objects.shown().count() == 8  # nothing has been done
    text = said(client, APPLY, form(scan, merges="on"))
    assert "many_keep_one" in notes(text)
    assert Image.objects.shown().count() == 4
    row = DuplicateBulk.objects.get()
    assert f'name="bulk" value="{row.pk}"' in " ".join(text.split())  # the decision that can be undone
    text = said(client, "/duplicates/undo/", {"bulk": row.pk})
    assert "many_undone" in notes(text)
    assert Image.objects.shown().count() == 8


def test_selected_groups(client: Client, scan: DuplicateScan) -> None:
    chosen = [group.pk for group in scan.groups.all()[:2]]
    selected = {"scope": "selected", "group": ",".join(map(str, chosen))}
    response = client.post(PLAN, form(scan, "keep_all", **selected))
    assert numbers(response) == ["2", "4"]  # groups, images that stay
    assert f'value="{chosen[0]},{chosen[1]}"' in response.content.decode()
    assert "many_keep_all" in notes(said(client, APPLY, form(scan, "keep_all", **selected)))
    assert DuplicateDecision.objects.filter(kind="keep_all").count() == 2


def test_a_collection(client: Client, scan: DuplicateScan) -> None:
    birds = Collection.objects.create(name="Birds")
    birds.images.add(Image.objects.get(original_name="n2-1.jpg"))
    said(client, APPLY, form(scan, "keep_all", collection=birds.pk))
    assert DuplicateDecision.objects.count() == 1


def test_what_takes_long_is_left_to_a_worker(
    client: Client,
    scan: DuplicateScan,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *about, job_id="": sent.append(about) is None)  # type: ignore[func-returns-value]
    assert "left_to_a_worker" in notes(client.post(PLAN, form(scan)).content.decode())
    with django_capture_on_commit_callbacks(execute=True):
        text = said(client, APPLY, form(scan, merges="on"))
    assert "left_to_a_worker" in notes(text)
    assert 'max="4" value="0"' in " ".join(text.split())
    row = DuplicateBulk.objects.get()
    assert sent == [("maintenance", "jobs.job.run", "duplicate_bulk", str(row.pk))]
    assert "still_being_done" in notes(said(client, "/duplicates/undo/", {"bulk": row.pk}))


def test_what_goes_wrong_while_the_page_waits(
    client: Client, scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    def lose_the_database(*_about: object, **_options: object) -> None:
        raise OperationalError("full (no inode)")

    monkeypatch.setattr(decisions, "keep_all", lose_the_database)
    monkeypatch.setattr(transport, "send", lambda *_about, job_id="": True)
    assert "interrupted" in notes(said(client, APPLY, form(scan, "keep_all")))
    row = DuplicateBulk.objects.get()
    assert (row.state, row.attempts) == (JobState.WAITING, 1)
    settings.ENV = settings.ENV.model_copy(update={"max_attempts": 1})
    text = said(client, APPLY, form(scan, "keep_all"))
    assert "full (no inode)" in text
    assert "unforeseen" in notes(text)
    assert "many_keep_all" not in notes(text)


def test_what_was_given_up_goes_on_when_its_author_asks(
    client: Client, cyd: User, scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "fits_a_page", lambda _row: False)
    monkeypatch.setattr(transport, "send", lambda *_about, job_id="": True)
    said(client, APPLY, form(scan, "keep_all"))
    row = DuplicateBulk.objects.get()
    address = reverse("review:duplicates_retry", args=[row.pk])
    assert "not_ended" in notes(said(client, address, {}))  # it waits already
    DuplicateBulk.objects.update(state=JobState.FAILED, error_code="unforeseen", attempts=3)
    assert "not_ended" not in notes(said(client, address, {}))
    row.refresh_from_db()
    assert (row.state, row.error_code, row.attempts) == (JobState.WAITING, "", 0)
    other = Client()
    other.force_login(person("dan", Role.CURATOR))
    assert other.post(address).status_code == 404


def test_without_redis_it_waits_and_the_page_says_so(
    client: Client, scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "fits_a_page", lambda _row: False)
    monkeypatch.setattr(transport, "send_after_commit", lambda *_about, job_id="": False)
    assert "queue_unreachable" in notes(said(client, APPLY, form(scan, "keep_all")))
    assert DuplicateBulk.objects.get().state == JobState.WAITING


def test_what_could_not_be_done_is_told_beside_what_was(
    client: Client, scan: DuplicateScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image of the second group goes between the plan and the act."""
    keep_all = decisions.keep_all

    def refuse_the_second(*about: Any, **options: Any) -> Any:
        if DuplicateDecision.objects.count() == 1 and not refused:
            refused.append(about)
            raise DuplicatesError("images_gone", gone=1, num=2)
        return keep_all(*about, **options)

    refused: list[Any] = []
    monkeypatch.setattr(decisions, "keep_all", refuse_the_second)
    text = said(client, APPLY, form(scan, "keep_all"))
    row = DuplicateBulk.objects.get()
    assert (row.state, row.num_done, row.num_skipped, row.skip_code) == (JobState.READY, 3, 1, "images_gone")
    assert notes(text)[:2] == ["many_keep_all", "images_gone"]
    assert DuplicateDecision.objects.count() == 3


@pytest.mark.parametrize(
    ("about", "codes"),
    [
        ({"scope": "selected"}, ["nothing_selected"]),
        ({"action": "burn"}, ["invalid_choice"]),
        ({"scan": 999}, ["groups_made_again"]),
        ({"collection": 999}, ["collection_not_there"]),
        ({"scope": "selected", "group": "1,x"}, ["not_numbers", "nothing_selected"]),
        ({"tier": 9}, ["invalid_choice"]),
    ],
)
def test_refused(client: Client, scan: DuplicateScan, about: dict[str, Any], codes: list[str]) -> None:
    for address in (PLAN, APPLY):
        assert notes(said(client, address, form(scan, **about)))[: len(codes)] == codes
    assert not DuplicateBulk.objects.exists()


def test_nothing_that_is_ones_own(scan: DuplicateScan) -> None:
    client = Client()
    client.force_login(person("ada"))
    text = client.post(PLAN, form(scan)).content.decode()
    assert 'data-left-out="foreign" data-number="4"' in text
    assert APPLY not in text
    assert "nothing_to_decide" in notes(said(client, APPLY, form(scan)))


def test_why_groups_are_left_out(client: Client, scan: DuplicateScan) -> None:
    one, other = (Image.objects.get(original_name=f"n3-{number}.jpg").sha256 for number in (1, 2))
    for name, verdict in (("ada", "same"), ("bob", "different")):
        decide(person(name), one, other, verdict)
    response = client.post(PLAN, form(scan))
    assert numbers(response)[0] == "3"
    assert 'data-left-out="doubted" data-number="1"' in response.content.decode()
    said(client, APPLY, form(scan))
    assert Image.objects.shown().filter(original_name__startswith="n3-").count() == 2


def test_identical_pixels_are_decided_one_by_one(client: Client, scan: DuplicateScan) -> None:
    group = make_pair(scan, "pages", tier=Tier.PIXELS)
    asked = form(scan) | {"tier": Tier.PIXELS.value, "next": f"/duplicates/?tier={Tier.PIXELS.value}"}
    assert "one_by_one" in notes(client.get(asked["next"]).content.decode())
    text = client.post(PLAN, asked).content.decode()
    assert 'data-left-out="unproven" data-number="1"' in text
    assert APPLY not in text
    assert "nothing_to_decide" in notes(said(client, APPLY, asked))
    keeper, other = group.members.order_by("pk").values_list("image_id", flat=True)
    alone = {"group": group.pk, "image": [keeper, other], "keeper": keeper, "action": "keep_one"}
    said(client, "/duplicates/decide/", alone)
    assert not Image.objects.shown().filter(pk=other).exists()


def test_viewers_decide_nothing(scan: DuplicateScan) -> None:
    client = Client()
    client.force_login(person("vic", Role.VIEWER))
    for address in (PLAN, APPLY):
        assert client.post(address, form(scan)).status_code == 403


def test_the_number_of_queries_is_fixed(
    client: Client, scan: DuplicateScan, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    groups = list(scan.groups.values_list("pk", flat=True))
    for chosen in (groups[:2], groups):
        data = form(scan, "keep_all", scope="selected", group=",".join(map(str, chosen)))
        with django_assert_num_queries(13):
            client.post(PLAN, data)
