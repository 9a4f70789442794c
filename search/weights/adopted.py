"""Which fusion weights count where a search names none: decided by people, one row per decision."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from gallery.audit_events import Action, log_act
from gallery.models import Collection
from jobs.rows import JobState
from search.exceptions import SearchError
from search.methods import METHODS
from search.models import CollectionWeights, WeightAdoption, WeightSet
from search.scoring.fusion import DEFAULT_WEIGHTS, check_weights
from search.scoring.presets import PRESETS


class AdoptionError(SearchError):
    """These weights cannot become those of the site."""


def site_weights() -> dict[str, float]:
    """Return the weights of searches that name none, for every method: those decided on last. One database query."""
    return fitting(WeightAdoption.objects.values_list("weights", flat=True).first() or {})


def fitting(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights for the methods that there are; where none of them has any, the methods' own."""
    # Decisions outlive methods: where all that had weight are gone, searches must still rank by something.
    known = {name: float(weights.get(name, 0.0)) for name in METHODS}
    return known if any(known.values()) else {name: entry.default_weight for name, entry in METHODS.items()}


def weights_for(collection_id: int) -> dict[str, float] | None:
    """Return the weights of searches in a collection that name none; None where it has none of its own that fit."""
    row = CollectionWeights.objects.filter(pk=collection_id).first()
    # A preset that a later version dropped gives way to the weights, if any were kept with it.
    if row and row.preset in PRESETS:
        return PRESETS[row.preset].full_weights()
    return fitting(row.weights) if row and any(map(row.weights.get, METHODS)) else None


def decide_for(
    collection: Collection, user: User | AnonymousUser, *, preset: str = "", weights: Mapping[str, float] | None = None
) -> None:
    """Set what counts in a collection where a search names nothing; without preset and weights, the site's again.

    Parameters
    ----------
    preset : a name of `search.scoring.presets`, which goes before the weights
    weights : method -> 0..1
    """
    with transaction.atomic():
        before = weights_for(collection.pk)
        # Deleted first: no row is what says that the site's weights count.
        CollectionWeights.objects.filter(pk=collection.pk).delete()
        if preset or weights:
            CollectionWeights.objects.create(collection=collection, preset=preset, weights=dict(weights or {}))
        after = weights_for(collection.pk)
        # The form may be sent as it was; the audit log keeps changes, not clicks.
        if after != before:
            log_act(user, Action.COLLECTION, collection.name, before={"weights": before}, after={"weights": after})


def adopt(weight_set: WeightSet, user: User | AnonymousUser | None = None) -> WeightAdoption:
    """Make learned weights those of the site.

    Raises
    ------
    AdoptionError : they are not learned yet, or no method that there is has a weight among them
    """
    if weight_set.state != JobState.READY:
        raise AdoptionError("not_learned_yet", state=str(weight_set.get_state_display()))
    known = {name: weight for name, weight in weight_set.weights.items() if name in METHODS}
    # `check_weights` would say that all weights are 0, which is not what is wrong with them.
    if not any(known.values()):
        raise AdoptionError("methods_gone", methods=list(weight_set.weights))
    return _decide(weight_set, check_weights(known), user)


def go_back(user: User | AnonymousUser | None = None) -> WeightAdoption:
    """Make the weights that the methods come with those of the site again."""
    # A decision like any other, so that the list of decisions shows since when.
    return _decide(None, DEFAULT_WEIGHTS, user)


def decision_in_force() -> WeightAdoption | None:
    """Return the decision that counts now; None when nobody has decided yet."""
    return WeightAdoption.objects.select_related("weight_set", "decided_by").first()


def _decide(
    weight_set: WeightSet | None, weights: Mapping[str, float], user: User | AnonymousUser | None
) -> WeightAdoption:
    person = user if user is not None and user.is_authenticated else None
    with transaction.atomic():
        # In the same transaction, so that the audit log says what this very decision replaced.
        before = site_weights()
        adoption = WeightAdoption.objects.create(weight_set=weight_set, weights=dict(weights), decided_by=person)
        learned = weight_set.pk if weight_set else None
        log_act(user, Action.SETTINGS, "weights", before=before, after=dict(weights), learned=learned)
    return adoption
