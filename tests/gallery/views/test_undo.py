"""The button that undoes an action."""

from __future__ import annotations

import pytest

from gallery.audit_events import Action
from gallery.curation import visibility
from gallery.curation.undo import remember
from gallery.models import Image
from gallery.people.roles import Role
from tests.gallery.members import client_of, make_person
from tests.gallery.rows import make_image
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    curator = make_person("ada", Role.CURATOR)
    image = make_image()
    visibility.trash([image.pk], curator)
    change = remember(curator, Action.TRASH, {"ids": [image.pk]})
    client = client_of(curator)
    response = client.post(f"/changes/{change.pk}/undo/", {"next": "/trash/"})
    assert response.headers["Location"] == "/trash/"
    assert codes(response) == ["undone"]
    assert list(Image.objects.shown()) == [image]
    assert codes(client.post(f"/changes/{change.pk}/undo/"))[-1] == "change_undone_already"


def test_others_cannot_take_it_back() -> None:
    curator = make_person("ada", Role.CURATOR)
    image = make_image()
    visibility.trash([image.pk], curator)
    change = remember(curator, Action.TRASH, {"ids": [image.pk]})
    response = client_of(make_person("bob", Role.CURATOR)).post(f"/changes/{change.pk}/undo/")
    assert codes(response)[0] == "nothing_to_undo"
    assert not Image.objects.shown().exists()
