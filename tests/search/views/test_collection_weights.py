"""What counts in searches within one collection."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from gallery.models import Collection
from gallery.people.roles import Role
from gallery.signals import acted
from search.forms import read_request
from search.models import CollectionWeights
from search.query.request import presets_for, weights_of
from search.scoring.presets import COLLECTION_PRESET, PRESETS
from search.weights.adopted import decide_for, weights_for
from tests.gallery.members import client_of, make_member, make_person
from tests.gallery.saying import codes

pytestmark = pytest.mark.django_db


@pytest.fixture
def pond() -> Collection:
    """A collection without weights of its own."""
    return Collection.objects.create(name="Pond")


def _weights(**data: object) -> dict[str, float]:
    request, problems = read_request(QueryDict(urlencode(data)))
    assert problems == []
    return weights_of(request)


def _own(**weights: float) -> dict[str, float]:
    return dict.fromkeys(PRESETS["general"].full_weights(), 0.0) | weights


def test_it_works(pond: Collection) -> None:
    """What is saved counts in searches of the collection that name nothing, and nowhere else."""
    client = client_of(make_person("ada", Role.CURATOR))
    address = f"/collections/{pond.pk}/weights/"
    response = client.post(address, {"choice": "own", "w_color": "0.25", "w_deep": "0.75"})
    assert response.headers["Location"] == f"/collections/{pond.pk}/settings/"
    assert codes(response) == ["weights_saved"]
    assert _weights(collection=pond.pk) == _own(color=0.25, deep=0.75)
    assert _weights() == PRESETS["general"].full_weights()
    page = client.get(address).content.decode()
    assert 'value="0.25"' in page


def test_a_preset_is_kept_by_name(pond: Collection) -> None:
    client = client_of(make_person("ada", Role.CURATOR))
    client.post(f"/collections/{pond.pk}/weights/", {"choice": "medical"})
    assert CollectionWeights.objects.get().preset == "medical"
    assert _weights(collection=pond.pk) == PRESETS["medical"].full_weights()
    client.post(f"/collections/{pond.pk}/weights/", {"choice": "site"})
    assert weights_for(pond.pk) is None


def test_what_the_address_names_goes_before(pond: Collection) -> None:
    decide_for(pond, make_person("ada"), weights={"color": 1.0})
    assert _weights(collection=pond.pk, preset="medical") == PRESETS["medical"].full_weights()
    assert _weights(collection=pond.pk, preset=COLLECTION_PRESET, w_deep=0.5) == _own(color=1.0, deep=0.5)
    assert next(iter(presets_for(pond))) == COLLECTION_PRESET
    assert _weights(preset=COLLECTION_PRESET) == PRESETS["general"].full_weights(), "no collection, no weights"


def test_methods_and_presets_that_are_gone_do_no_harm(pond: Collection) -> None:
    CollectionWeights.objects.create(collection=pond, preset="former", weights={"former": 1.0})
    assert _weights(collection=pond.pk) == PRESETS["general"].full_weights()


def test_decisions_are_told_once(pond: Collection) -> None:
    told: list[dict[str, object]] = []

    def listen(details: dict[str, object], **_rest: object) -> None:
        told.append(details)

    acted.connect(listen)
    user = make_person("ada")
    for _round in range(2):
        decide_for(pond, user, preset="product")
    acted.disconnect(listen)
    assert told == [{"before": {"weights": None}, "after": {"weights": PRESETS["product"].full_weights()}}]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "This field is required"),
        ({"choice": "magic"}, "Select a valid choice"),
        ({"choice": "own"}, "All weights are 0"),
        ({"choice": "own", "w_color": "7"}, "less than or equal to 1"),
        ({"choice": "own", "w_color": "much"}, "Enter a number"),
    ],
)
def test_unusable_input_changes_nothing(
    admin_client: Client, pond: Collection, data: dict[str, str], sentence: str
) -> None:
    response = admin_client.post(f"/collections/{pond.pk}/weights/", data)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not CollectionWeights.objects.exists()


def test_htmx_gets_the_form_alone(admin_client: Client, pond: Collection) -> None:
    part = admin_client.get(f"/collections/{pond.pk}/weights/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<form")


def test_only_curators_decide(pond: Collection) -> None:
    user = make_person("ada")
    make_member(user, pond, Role.REVIEWER)
    assert client_of(user).get(f"/collections/{pond.pk}/weights/").status_code == 403
    elsewhere = Collection.objects.create(name="Own")
    make_member(user, elsewhere, Role.CURATOR)
    assert client_of(user).get(f"/collections/{pond.pk}/weights/").status_code == 404
