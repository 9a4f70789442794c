"""Actions in Django's admin are logged, in the same transaction."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.test import Client

from gallery.models import Collection, Tag
from review.models import AuditRow
from tests.gallery.rows import make_image

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, str, str]]:
    return list(AuditRow.objects.order_by("number").values_list("action", "subject", "details__act"))


def changes() -> Any:
    return AuditRow.objects.latest("number").details["changes"]


def test_it_works(admin_client: Client) -> None:
    admin_client.post("/admin/gallery/tag/add/", {"name": "bird"})
    tag = Tag.objects.get()
    admin_client.post(f"/admin/gallery/tag/{tag.pk}/change/", {"name": "birds"})
    assert changes() == {"name": {"before": "bird", "after": "birds"}}
    admin_client.post(f"/admin/gallery/tag/{tag.pk}/delete/", {"post": "yes"})
    assert told() == [("edit", "bird", "add"), ("edit", "birds", "change"), ("edit", "birds", "delete")]
    assert set(AuditRow.objects.values_list("actor_name", flat=True)) == {"admin"}
    assert AuditRow.objects.earliest("number").details["in"] == "gallery.Tag"


def test_many_deleted_at_once_are_one_act(admin_client: Client) -> None:
    tags = [Tag.objects.create(name=name) for name in ("bird", "boat")]
    data = {"action": "delete_selected", "_selected_action": [tag.pk for tag in tags], "post": "yes"}
    admin_client.post("/admin/gallery/tag/", data)
    assert not Tag.objects.exists()
    row = AuditRow.objects.get()
    assert (row.subject, row.details["names"]) == ("", ["bird", "boat"])
    assert row.details["subject"] == {"kind": "gallery.Tag", "num": 2}
    assert row.subject_in_words == "2 tags"


def test_an_image_is_named_by_its_bytes(admin_client: Client) -> None:
    image, birds = make_image(), Collection.objects.create(name="Birds")
    data = {"title": "Heron", "label": "", "collections": [birds.pk]}
    admin_client.post(f"/admin/gallery/image/{image.pk}/change/", data)
    row = AuditRow.objects.get(subject=image.sha256)
    assert row.details["changes"]["title"] == {"before": "", "after": "Heron"}
    assert row.details["changes"]["collections"] == {"before": [], "after": ["Birds"]}


def test_passwords_are_told_to_nobody(admin_client: Client, django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("ada", password="before")
    form = {"usable_password": "true", "password1": "a new long phrase", "password2": "a new long phrase"}
    response = admin_client.post(f"/admin/auth/user/{user.pk}/password/", form)
    assert response.status_code == 302
    row = AuditRow.objects.get()
    assert (row.action, row.subject) == ("account", "ada")
    assert set(row.details["changes"].values()) <= {"changed"}
    assert "phrase" not in str(row.details)


def test_groups_are_roles(admin_client: Client) -> None:
    admin_client.post("/admin/auth/group/add/", {"name": "Readers"})
    assert Group.objects.exists()
    assert told() == [("role", "Readers", "add")]


def test_second_factors_are_removed_but_never_shown(admin_client: Client, django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("ada")
    factor = Authenticator.objects.create(user=user, type="totp", data={"secret": "SENTINEL"})
    page = admin_client.get(f"/admin/mfa/authenticator/{factor.pk}/change/").content.decode()
    assert "SENTINEL" not in page
    admin_client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()
    row = AuditRow.objects.latest("number")
    assert (row.action, row.actor_name, row.details["act"]) == ("account", "admin", "delete")
    assert "SENTINEL" not in str(row.details)


def test_a_form_that_is_refused_tells_nothing(admin_client: Client) -> None:
    admin_client.post("/admin/gallery/tag/add/", {"name": ""})
    assert told() == []


def test_an_act_that_cannot_be_told_is_taken_back(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise InterruptedError

    monkeypatch.setattr(AuditRow, "save", crash)
    with pytest.raises(InterruptedError):
        admin_client.post("/admin/gallery/tag/add/", {"name": "bird"})
    assert not Tag.objects.exists()
