"""Deciding about one group by the page's forms, with and without htmx."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gallery.curation import visibility
from gallery.models import Image, Tag
from gallery.people.roles import Role
from review.models import DuplicateDecision, DuplicateGroup, Verdict
from tests.codes import notes
from tests.gallery.rows import make_images
from tests.review.duplicates.rows import make_group, make_pair, make_scan
from tests.review.people import person

pytestmark = pytest.mark.django_db
DECIDE, UNDO = "/duplicates/decide/", "/duplicates/undo/"
HTMX = {"HX-Request": "true"}


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
def group() -> DuplicateGroup:
    """A group of two."""
    return make_pair(make_scan(), "heron")


def form(group: DuplicateGroup, **about: Any) -> dict[str, Any]:
    ids = group.members.order_by("pk").values_list("image_id", flat=True)
    return {"group": group.pk, "image": ",".join(map(str, ids)), "next": "/duplicates/?tier=3", **about}


def said(client: Client, response: Any) -> list[str]:
    """Return the codes of what the page says to which a form leads."""
    assert response.status_code == 302
    assert response["Location"] == "/duplicates/?tier=3"
    return notes(client.get(response["Location"]).content.decode())


def test_it_works(client: Client, group: DuplicateGroup) -> None:
    assert reverse("review:duplicates_decide") == DECIDE
    keeper, other = (member.image for member in group.members.order_by("pk"))
    Tag.objects.create(name="pond").images.add(other)
    response = client.post(DECIDE, form(group, action="keep_one", keeper=keeper.pk, merges="on"))
    assert "keep_one" in said(client, response)
    assert list(Image.objects.shown()) == [keeper]
    assert keeper.tags.get().name == "pond"
    decision = DuplicateDecision.objects.get()
    assert decision.state["tier"] == 3
    response = client.post(UNDO, {"decision": decision.pk, "next": "/duplicates/?tier=3"})
    assert "undone" in said(client, response)
    assert Image.objects.shown().count() == 2
    assert not keeper.tags.exists()


def test_keep_all_in_place(client: Client, group: DuplicateGroup) -> None:
    text = client.post(DECIDE, form(group, action="keep_all"), headers=HTMX).content.decode()
    assert notes(text) == ["keep_all"]
    assert 'hx-swap-oob="true"' in text  # the tiers with their numbers
    decision = DuplicateDecision.objects.get()
    text = client.post(UNDO, {"decision": decision.pk}, headers=HTMX).content.decode()
    assert f'id="group-{group.pk}"' in text  # the group is back
    assert notes(text) == ["undone"]


def test_the_other_image_may_be_kept(client: Client, group: DuplicateGroup) -> None:
    _keeper, other = (member.image for member in group.members.order_by("pk"))
    client.post(DECIDE, form(group, action="keep_one", keeper=other.pk))
    assert list(Image.objects.shown()) == [other]
    assert "merged" not in DuplicateDecision.objects.get().state


def test_different_in_place(client: Client) -> None:
    (a, b, c), scan = make_images(3), make_scan()
    group = make_group(scan, [a, b, c])
    text = client.post(DECIDE, form(group, apart=c.pk), headers=HTMX).content.decode()
    assert notes(text) == ["apart"]
    assert f'id="group-{group.pk}"' in text  # a and b are left
    assert Verdict.objects.filter(kind="different").count() == 2
    text = client.post(DECIDE, form(group, image=f"{a.pk},{b.pk}", apart=b.pk), headers=HTMX).content.decode()
    assert notes(text) == ["apart"]
    assert f'id="group-{group.pk}"' not in text
    verdict = Verdict.objects.order_by("-pk").first()
    assert verdict
    assert reverse("review:undo", args=[verdict.pk]) in text


def test_different_without_htmx(client: Client, group: DuplicateGroup) -> None:
    response = client.post(DECIDE, form(group, apart=group.keeper_id))
    assert "apart" in said(client, response)
    assert not DuplicateGroup.objects.exists()


def test_a_group_that_a_scan_has_replaced(client: Client, group: DuplicateGroup) -> None:
    about = form(group, action="keep_all")
    group.delete()
    assert "keep_all" in said(client, client.post(DECIDE, about))  # nothing that was decided is lost
    assert DuplicateDecision.objects.get().images.count() == 2


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"action": ""}, "nothing_asked"),
        ({"action": "burn"}, "invalid_choice nothing_asked"),
        ({"action": "keep_one"}, "not_of_the_group"),
        ({"action": "keep_one", "keeper": 999}, "not_of_the_group"),
        ({"apart": 999}, "not_of_the_group"),
        ({"action": "keep_all", "image": ""}, "required"),
        ({"action": "keep_all", "image": "1,x"}, "not_numbers"),
        ({"action": "keep_all", "image": "1," * 20_001}, "too_many"),
    ],
)
def test_refused(client: Client, group: DuplicateGroup, about: dict[str, Any], code: str) -> None:
    assert client.post(DECIDE, form(group, **about))["Location"] == "/duplicates/?tier=3"
    assert f'data-note="{code}"' in client.get("/duplicates/?tier=3").text
    response = client.post(DECIDE, form(group, **about), headers=HTMX)
    assert response.status_code == 409
    assert response.context["code"] == code
    assert response.context["problem"] in unescape(response.text)
    assert not DuplicateDecision.objects.exists()
    assert not Verdict.objects.exists()


def test_an_image_that_is_gone_is_told(client: Client, group: DuplicateGroup) -> None:
    about = form(group, action="keep_all", image=f"{group.keeper_id},{10**9}")
    assert "images_gone" in said(client, client.post(DECIDE, about))
    assert not DuplicateDecision.objects.exists()


def test_reviewers_set_nothing_aside(group: DuplicateGroup) -> None:
    client = Client()
    client.force_login(person("ada"))
    response = client.post(DECIDE, form(group, action="keep_one", keeper=group.keeper_id))
    assert "role_for_all_images" in said(client, response)
    assert Image.objects.shown().count() == 2


def test_viewers_decide_nothing(group: DuplicateGroup) -> None:
    client = Client()
    client.force_login(person("vic", Role.VIEWER))
    assert client.post(DECIDE, form(group, action="keep_all")).status_code == 403
    assert client.post(UNDO, {"decision": 1}).status_code == 403


def test_an_image_that_went_meanwhile(client: Client, cyd: User, group: DuplicateGroup) -> None:
    about = form(group, action="keep_one", keeper=group.keeper_id)
    visibility.trash([group.keeper_id], cyd)  # type: ignore[list-item]
    response = client.post(DECIDE, about, headers=HTMX)
    assert response.status_code == 409
    assert response.context["code"] == "images_gone"
    assert response.content.decode().strip() == response.context["problem"]


@pytest.mark.parametrize("about", [{}, {"decision": "x"}, {"decision": 999}, {"bulk": 999}])
def test_undoing_what_is_not_there(client: Client, about: dict[str, Any]) -> None:
    make_scan()
    response = client.post(UNDO, {**about, "next": "/duplicates/?tier=3"})
    assert "not_yours" in said(client, response)


def test_undoing_twice(client: Client, group: DuplicateGroup) -> None:
    client.post(DECIDE, form(group, action="keep_all"))
    about = {"decision": DuplicateDecision.objects.get().pk, "next": "/duplicates/?tier=3"}
    client.post(UNDO, about)
    assert "undone_already" in said(client, client.post(UNDO, about))


def test_somebody_elses_decision_stays(client: Client, group: DuplicateGroup) -> None:
    client.post(DECIDE, form(group, action="keep_all"))
    other = Client()
    other.force_login(person("bob", Role.CURATOR))
    about = {"decision": DuplicateDecision.objects.get().pk, "next": "/duplicates/?tier=3"}
    assert "not_yours" in said(other, other.post(UNDO, about))


def test_addresses_of_others_are_not_gone_back_to(client: Client, group: DuplicateGroup) -> None:
    response = client.post(DECIDE, form(group, action="keep_all", next="https://evil.example/"))
    assert response["Location"] == "/duplicates/"
