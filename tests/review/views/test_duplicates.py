"""The page of duplicates: tiers, pages, filters, what is going on."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image, RepeatUpload
from gallery.people.roles import Role
from jobs import transport
from jobs.rows import JobState
from review.duplicates.decide import bulk
from review.duplicates.decide.in_force import Kind
from review.duplicates.decide.keeper import REASONS
from review.duplicates.decide.plan import make_plan
from review.duplicates.show.listing import PAGE_SIZE
from review.duplicates.show.visible import GroupFilter, open_groups
from review.models import DuplicateBulk, DuplicateScan
from tests.codes import notes
from tests.gallery.rows import make_image
from tests.review.duplicates.rows import Tier, make_group, make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db
URL = "/duplicates/"
DISK_FULL = "The disk is full."


@pytest.fixture
def client() -> Client:
    """The browser of a reviewer."""
    found = Client()
    found.force_login(person("ada"))
    return found


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was put on queues; there is no Redis."""
    jobs: list[tuple[object, ...]] = []
    monkeypatch.setattr(transport, "send", lambda *about, job_id="": jobs.append(about) is None)  # type: ignore[func-returns-value]
    return jobs


def page(client: Client, address: str = URL) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_it_works(client: Client) -> None:
    assert reverse("review:duplicates") == URL
    scan = make_scan()
    make_pair(scan, "heron", score=0.83)
    make_pair(scan, "ferry", tier=Tier.NEAR)
    text = page(client)
    assert "heron-1.jpg" in text
    assert "ferry-1.jpg" not in text  # of another tier; the first that has groups is shown
    assert "likeness 0.83" in text
    assert str(REASONS["pixels"]) in text
    assert 'value="keep_all"' in text
    assert "data-keep-one" not in text  # for curators
    assert "ferry-1.jpg" in page(client, f"{URL}?tier=4")


def test_before_the_first_scan(client: Client) -> None:
    text = page(client)
    assert notes(text) == ["never_scanned"]
    assert reverse("review:duplicates_scan") in text


def test_viewers_see_and_decide_nothing() -> None:
    client, group = Client(), make_pair(make_scan(), "heron")
    client.force_login(person("vic", Role.VIEWER))
    text = page(client)
    assert "heron-1.jpg" in text
    assert 'value="keep_all"' not in text
    assert "Look again" not in text
    assert f'value="{group.pk}"' in text


def test_pages(client: Client) -> None:
    scan = make_scan()
    for number in range(PAGE_SIZE + 1):
        make_pair(scan, f"n{number:02}", score=1 - number / 100)
    text = page(client)
    assert f"n{PAGE_SIZE - 1}-1.jpg" in text
    assert f"n{PAGE_SIZE}-1.jpg" not in text
    more = text.partition('class="duplicates-more"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    rest = page(client, URL + more)
    assert f"n{PAGE_SIZE}-1.jpg" in rest
    assert "n00-1.jpg" not in rest
    part = client.get(URL + more, headers={"HX-Request": "true"}).content.decode()
    assert f"n{PAGE_SIZE}-1.jpg" in part
    assert "<html" not in part


def test_what_is_asked_for_but_not_there(client: Client) -> None:
    make_pair(make_scan(), "heron")
    assert notes(page(client, f"{URL}?tier=2")) == ["tier_empty"]
    for odd in ("tier=9", "tier=x", "after=nonsense", "collection=77", "image=-1", "image=99999999999999999999"):
        assert "heron-1.jpg" in page(client, f"{URL}?{odd}")


def test_groups_of_an_image(client: Client) -> None:
    scan, lonely = make_scan(), make_image("lonely.jpg")
    group, _other = make_pair(scan, "heron"), make_pair(scan, "ferry")
    RepeatUpload.objects.create(image=lonely, original_name="again.jpg")
    text = page(client, f"{URL}?image={group.keeper_id}")
    assert "heron-1.jpg" in text
    assert "ferry-1.jpg" not in text
    text = page(client, f"{URL}?image={lonely.pk}")
    assert notes(text) == ["in_no_group"]
    assert "lonely.jpg" in text
    assert 'data-repeats="1"' in text
    secret = make_image("secret.jpg", common=False)
    for unknown in (secret.pk, 777):
        text = page(client, f"{URL}?image={unknown}")
        assert notes(text) == ["image_not_here"]
        assert "secret.jpg" not in text


def test_groups_of_a_collection(client: Client) -> None:
    scan = make_scan()
    group, _other = make_pair(scan, "heron"), make_pair(scan, "ferry")
    birds = Collection.objects.create(name="Birds")
    secret = Collection.objects.create(name="Secret", private=True)
    birds.images.add(group.keeper)  # type: ignore[arg-type]
    text = page(client, f"{URL}?collection={birds.pk}")
    assert "heron-1.jpg" in text
    assert "ferry-1.jpg" not in text
    assert "Secret" not in text
    assert "ferry-1.jpg" in page(client, f"{URL}?collection={secret.pk}")  # as if it were not there


def test_work_that_goes_on(client: Client) -> None:
    make_pair(make_scan(), "heron")
    scan = DuplicateScan.objects.create(state=JobState.RUNNING, num_done=250, num_total=1000)
    text = page(client)
    assert 'max="1000" value="250"' in text
    assert notes(text) == ["no_worker"]
    part = client.get(reverse("review:duplicates_progress") + "?scan=1&bulk=", headers={"HX-Request": "true"})
    assert 'value="250"' in part.content.decode()
    scan.state = JobState.FAILED
    scan.error_code, scan.error_params = "message", {"text": DISK_FULL}
    scan.save()
    ended = client.get(reverse("review:duplicates_progress") + "?scan=1&bulk=", headers={"HX-Request": "true"})
    assert ended["HX-Refresh"] == "true"
    text = page(client)
    assert notes(text) == ["scan_failed"]
    assert DISK_FULL in text


def test_having_one_made(client: Client, sent: list[object]) -> None:
    assert client.post(reverse("review:duplicates_scan")).status_code == 302
    wanted = DuplicateScan.objects.get()
    assert wanted.state == JobState.WAITING
    client.post(reverse("review:duplicates_scan"))
    assert DuplicateScan.objects.count() == 1


def test_acts_on_many_that_go_on_are_shown_to_who_asked(client: Client) -> None:
    make_pair(make_scan(), "heron")
    about = {"kind": Kind.KEEP_ALL, "plan": [], "num_total": 1234}
    DuplicateBulk.objects.create(asked_by=person("bob"), author_name="bob", **about)
    assert 'max="1234"' not in page(client)
    DuplicateBulk.objects.create(asked_by=User.objects.get(username="ada"), author_name="ada", **about)
    assert 'max="1234"' in page(client)
    assert "0 of 1,234" in page(client)


def test_why_an_act_on_many_ended_early_is_shown_to_who_asked(client: Client) -> None:
    make_pair(make_scan(), "heron")
    ended = {"kind": Kind.KEEP_ALL, "plan": [], "num_total": 1234, "num_done": 1100}
    failed = {**ended, "state": JobState.FAILED, "error_code": "message", "error_params": {"text": DISK_FULL}}
    DuplicateBulk.objects.create(asked_by=person("bob"), author_name="bob", **failed)
    assert "bulk_failed" not in notes(page(client))
    theirs = DuplicateBulk.objects.get()
    assert client.post(reverse("review:duplicates_retry", args=[theirs.pk])).status_code == 404
    ada = User.objects.get(username="ada")
    row = DuplicateBulk.objects.create(asked_by=ada, author_name="ada", **failed)
    text = page(client)
    assert "1,100 of 1,234" in text
    assert notes(text) == ["bulk_failed"]
    assert DISK_FULL in text
    assert not [each for each in re.findall(r"<p\b.*?</p>", text, re.DOTALL) if "<form" in each]
    assert client.post(reverse("review:duplicates_retry", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.error_code, row.num_done) == (JobState.WAITING, "", 1100)
    skip = {"skip_code": "message", "skip_params": {"text": DISK_FULL}}
    DuplicateBulk.objects.filter(pk=row.pk).update(state=JobState.READY, num_skipped=134, **skip)
    text = page(client)
    assert notes(text) == ["bulk_skipped"]
    assert 'data-skipped="134"' in text
    assert DISK_FULL in text
    DuplicateBulk.objects.create(asked_by=ada, author_name="ada", **ended, state=JobState.READY)
    assert notes(page(client)) == []  # it is about the newest act alone


def test_the_number_of_queries_is_fixed(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    scan = make_scan()
    for number in range(PAGE_SIZE + 4):
        make_pair(scan, str(number), score=number / 100)
        if number in (1, PAGE_SIZE + 3):
            with django_assert_num_queries(22):
                page(client)


def test_the_last_decision_can_be_undone_from_the_page(client: Client) -> None:
    scan = make_scan()
    make_pair(scan, "heron")
    make_group(scan, [make_image("solo.jpg")], tier=Tier.BYTES)
    ada = User.objects.get(username="ada")
    row = bulk.ask(make_plan(open_groups(scan, GroupFilter(), ada), Kind.KEEP_ALL, ada), Kind.KEEP_ALL, ada)
    bulk.bulk_decisions.run(row.pk)
    text = page(client)
    assert text.count('name="bulk"') == 1
    assert f'name="bulk" value="{row.pk}"' in " ".join(text.split())
    assert Image.objects.shown().count() == 3
