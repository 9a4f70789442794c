"""Acts join the queue of the audit log last: whoever has a place in it waits for no row of somebody else any more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from gallery.audit_events import Action, log_act, logged_at_end
from gallery.curation import merge, visibility
from gallery.curation.bulk_edit import Edit, apply
from gallery.curation.collections import dissolve
from gallery.models import Collection, Image, Tag
from gallery.people.accounts.invitations import invite
from gallery.people.membership import set_role
from gallery.people.roles import Role
from review.duplicates.decide import bulk, decisions
from review.duplicates.decide.plan import make_plan
from review.models import AuditRow, DuplicateDecision
from review.queues import create, reading
from tests.gallery.rows import make_image, make_images
from tests.review.duplicates.rows import make_pair, make_scan
from tests.review.people import person
from tests.review.queues.rows import make_queue, pair_at

pytestmark = pytest.mark.django_db
CHANGES = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)|FOR (?:NO KEY )?UPDATE')
LOG = AuditRow._meta.db_table


@contextmanager
def log_comes_last() -> Iterator[list[str]]:
    """Watch the database; yield the changes and locks that come after the log in the transaction of one act."""
    base, logged, late = len(connection.savepoint_ids), list[str](), list[str]()

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        act = connection.savepoint_ids[base : base + 1]  # the outermost block of the code: the test has one of its own
        if found := CHANGES.search(sql):
            if found.group(1) == LOG:
                logged[:] = act
            elif act and act == logged:
                late.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield late
    assert AuditRow.objects.exists()


def edit(images: list[Image], user: User) -> None:
    apply([image.pk for image in images], Edit({"tag:heron": True, "common": False}), user)


def merge_and_back(images: list[Image], user: User) -> None:
    merged = merge.merge(images[0].pk, [image.pk for image in images[1:]], user)
    merge.unmerge(merged, user)


def trash_and_purge(images: list[Image], user: User) -> None:
    ids = [image.pk for image in images]
    visibility.trash(ids, user)
    visibility.purge(ids, user)


def keep_one_and_undo(images: list[Image], user: User) -> None:
    decision = decisions.keep_one(images[0].pk, [images[1].pk], user, merges=True)
    decisions.undo(decision, user)


def tell_apart(images: list[Image], user: User) -> None:
    decisions.tell_apart(images[0].pk, [image.pk for image in images[1:]], user)


def many_groups(images: list[Image], user: User) -> None:
    scan = make_scan()
    for name in ("one", "other"):
        make_pair(scan, name)
    asked = bulk.ask(make_plan(scan.groups.all(), DuplicateDecision.Kind.KEEP_ONE, user), "keep_one", user, merges=True)
    bulk.bulk_decisions.run(asked.pk)
    asked.refresh_from_db()
    assert asked.num_done == 2


def read_and_undo(images: list[Image], user: User) -> None:
    pair = pair_at(make_queue(2), 1)
    reading.decide(pair, user, "different")
    reading.undo(pair, user)


def delete_queue(images: list[Image], user: User) -> None:
    create.delete(make_queue(2), user)


def invite_somebody(images: list[Image], user: User) -> None:
    invite(user, name="new", address="new@example.org", role=Role.CURATOR)


def change_role(images: list[Image], user: User) -> None:
    set_role(person("old"), Role.CURATOR, user)


def dissolve_collection(images: list[Image], user: User) -> None:
    dissolve(Collection.objects.create(name="Pond"), user)


ACTS = [
    *(edit, merge_and_back, trash_and_purge, keep_one_and_undo, tell_apart, many_groups, read_and_undo),
    *(delete_queue, invite_somebody, change_role, dissolve_collection),
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_acts(act: Callable[[list[Image], User], None]) -> None:
    images, ada = make_images(3), person("ada", Role.ADMIN)
    with log_comes_last() as late:
        act(images, ada)
    assert late == []


@pytest.mark.parametrize(
    "asked",
    [
        *({"action": "tag", "tag": "heron"}, {"action": "collect", "collection": "New"}, {"action": "hide"}),
        *({"action": "uncollect", "leave": "Pond"}, {"action": "trash"}),
    ],
    ids=lambda asked: asked["action"],
)
def test_the_bar_of_actions(client: Client, asked: dict[str, str]) -> None:
    image, pond = make_image(), Collection.objects.create(name="Pond")
    image.collections.add(pond)
    client.force_login(person("ada", Role.ADMIN))
    with log_comes_last() as late:
        client.post(reverse("gallery:curate"), asked | {"image": str(image.pk)})
    assert late == []


@pytest.mark.parametrize("becomes", ["common", "trash"])
def test_dissolving_a_collection_with_its_images(client: Client, becomes: str) -> None:
    image, pond = make_image(common=False), Collection.objects.create(name="Pond")
    image.collections.add(pond)
    client.force_login(person("ada", Role.ADMIN))
    with log_comes_last() as late:
        client.post(reverse("gallery:dissolve_collection", args=[pond.pk]), {"images": becomes})
    assert not Collection.objects.exists()
    assert late == []


def test_djangos_admin(client: Client) -> None:
    image, tag = make_image(), Tag.objects.create(name="heron")
    client.force_login(person("ada", Role.ADMIN))
    with log_comes_last() as late:
        address = reverse("admin:gallery_image_change", args=[image.pk])
        client.post(address, {"title": "Heron", "caption": "", "label": "", "tags": [tag.pk], "hidden": "on"})
        client.post(reverse("admin:gallery_tag_delete", args=[tag.pk]), {"post": "yes"})
    assert not Tag.objects.exists()
    assert Image.objects.get().hidden
    assert late == []


# What puts the log at the end


def subjects() -> list[str]:
    return list(AuditRow.objects.order_by("number").values_list("subject", flat=True))


def test_acts_are_logged_at_the_end_in_their_order() -> None:
    with logged_at_end():
        log_act(None, Action.EDIT, "first")
        with logged_at_end():
            log_act(None, Action.EDIT, "second")
        log_act(None, Action.EDIT, "third")
        assert subjects() == []
    assert subjects() == ["first", "second", "third"]


def fail(subject: str) -> None:
    with logged_at_end():
        log_act(None, Action.EDIT, subject)
        raise ZeroDivisionError


def test_what_is_rolled_back_is_not_logged() -> None:
    with logged_at_end():
        log_act(None, Action.EDIT, "kept")
        with pytest.raises(ZeroDivisionError):
            fail("lost")
    with pytest.raises(ZeroDivisionError):
        fail("lost as well")
    assert subjects() == ["kept"]
    log_act(None, Action.EDIT, "at once")
    assert subjects() == ["kept", "at once"]
