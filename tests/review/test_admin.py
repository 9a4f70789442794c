"""The admin of verdicts: to look at, not to change."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from gallery.models import Image
from review.duplicates.decide import decisions
from review.models import AuditRow, Verdict
from review.verdicts.record import record
from tests.search.library import add_images

pytestmark = pytest.mark.django_db
PAGE = "/admin/review/verdict/"


@pytest.fixture
def verdict(admin_user: User) -> Verdict:
    one, other = (Image.objects.get(pk=pk) for pk in add_images(2))
    return record(one.sha256, other.sha256, "near_duplicate", author=admin_user, note="by the scanner")


def test_it_works(admin_client: Client, verdict: Verdict) -> None:
    text = admin_client.get(PAGE).content.decode()
    assert "near duplicate" in text
    assert "by the scanner" in text
    assert text.count(f"/media/thumb/{verdict.first_sha256}") == 1


def test_images_that_are_gone_go_by_their_digits(admin_client: Client) -> None:
    record("1" * 64, "2" * 64, "same", author_name="ada")
    assert "111111111111…" in admin_client.get(PAGE).content.decode()


def test_one_verdict_can_be_read_but_not_changed(admin_client: Client, verdict: Verdict) -> None:
    address = f"{PAGE}{verdict.pk}/change/"
    text = admin_client.get(address).content.decode()
    assert verdict.second_sha256 in text
    assert 'name="_save"' not in text
    assert admin_client.post(address, {"kind": "same"}).status_code == 403
    assert admin_client.get(f"{PAGE}add/").status_code == 403
    assert admin_client.post(f"{PAGE}{verdict.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Verdict.objects.get().kind == "near_duplicate"


def test_the_list_asks_the_database_as_often_for_many(
    admin_client: Client, verdict: Verdict, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(10):
        record(verdict.first_sha256, f"{number}" * 64, "same", author_name="ada")
    with django_assert_max_num_queries(7):
        admin_client.get(PAGE)


def test_decisions_about_duplicates_can_be_read_but_not_changed(
    admin_client: Client, admin_user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page, ids = "/admin/review/duplicatedecision/", add_images(3)
    decision = decisions.keep_all(ids, admin_user)
    alone = [decisions.keep_all([image_id], admin_user) for image_id in ids]
    with django_assert_max_num_queries(7):
        text = admin_client.get(f"{page}?q={Image.objects.get(pk=ids[0]).sha256}").content.decode()
    shown = [each for each in (decision, *alone) if f"{page}{each.pk}/change/" in text]
    assert shown == [decision, alone[0]]
    address = f"{page}{decision.pk}/change/"
    text = admin_client.get(address).content.decode()
    assert all(image.sha256 in text for image in Image.objects.filter(pk__in=ids))
    assert admin_client.post(address, {"kind": "undone"}).status_code == 403
    assert admin_client.get(f"{page}add/").status_code == 403


def test_the_audit_can_be_read_but_not_changed(admin_client: Client, verdict: Verdict) -> None:
    row = AuditRow.objects.get()
    text = admin_client.get("/admin/review/auditrow/").content.decode()
    assert row.subject in text
    address = f"/admin/review/auditrow/{row.pk}/change/"
    assert row.hash in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"subject": "x"}).status_code == 403
    assert admin_client.post(f"/admin/review/auditrow/{row.pk}/delete/", {"post": "yes"}).status_code == 403
