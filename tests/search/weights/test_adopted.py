"""Which weights count where a search names none."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import ProtectedError
from pytest_django import DjangoAssertNumQueries

from search.methods import METHODS
from search.models import WeightAdoption, WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS
from search.weights.adopted import AdoptionError, adopt, decision_in_force, fitting, go_back, site_weights
from tests.codes import refused

pytestmark = pytest.mark.django_db
LEARNED = dict.fromkeys(METHODS, 0.0) | {"color": 0.25, "deep": 0.75}


def learned(**values: object) -> WeightSet:
    return WeightSet.objects.create(**({"state": "ready", "source": "labels", "weights": LEARNED} | values))


def test_it_works(admin_user: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    assert site_weights() == DEFAULT_WEIGHTS
    assert decision_in_force() is None
    decision = adopt(learned(), admin_user)
    with django_assert_num_queries(1):
        assert site_weights() == LEARNED
    assert decision_in_force() == decision
    assert decision.decided_by == admin_user


def test_going_back_is_a_decision_too_and_history_stays(admin_user: User) -> None:
    adopt(learned(), admin_user)
    go_back(AnonymousUser())
    assert site_weights() == DEFAULT_WEIGHTS
    assert [row.decided_by for row in WeightAdoption.objects.all()] == [None, admin_user]


def test_older_weights_can_be_taken_up_again() -> None:
    first, second = learned(), learned(weights=LEARNED | {"ssim": 1.0})
    for each in (first, second, first):
        adopt(each)
    assert site_weights() == LEARNED
    assert WeightAdoption.objects.count() == 3


@pytest.mark.parametrize("state", ["waiting", "learning", "failed"])
def test_weights_that_are_not_learned_cannot_be_used(state: str) -> None:
    with refused(AdoptionError, "not_learned_yet"):
        adopt(learned(state=state))
    assert site_weights() == DEFAULT_WEIGHTS


def test_weights_of_methods_that_are_gone_cannot_be_used() -> None:
    with refused(AdoptionError, "methods_gone", methods=["smell"]):
        adopt(learned(weights={"smell": 1.0}))


def test_a_method_that_went_or_came_since_leaves_the_others() -> None:
    assert fitting({"color": 0.5, "smell": 0.5}) == dict.fromkeys(METHODS, 0.0) | {"color": 0.5}
    assert fitting({"smell": 1.0}) == DEFAULT_WEIGHTS


def test_what_was_decided_on_cannot_be_deleted() -> None:
    row = learned()
    adopt(row)
    with pytest.raises(ProtectedError):
        row.delete()
