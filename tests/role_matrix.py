"""Who may do what: a row for every address of the site, a cell for each method that it takes.

A new address without a row fails `tests/test_roles.py`, as does a row whose address is gone. A cell says which role is
the least that may use it; everybody below is refused, whatever they send. The library that the requests meet is
`World`; objects that only one address needs are made where its cell names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User

from gallery.models import Account, Collection, Image
from gallery.people.roles import Role
from jobs.rows import JobState
from review.models import DuplicateBulk, Queue, QueuedPair, SearchRecord
from review.verdicts.record import record, sorted_pair
from search.models import Evaluation, Query, WeightSet
from tests.gallery.rows import make_image

EVERYBODY = None
"""Also people who are not logged in, on a site that is not open to all."""
Arguments = Callable[["World"], list[Any]]
Data = Callable[["World"], dict[str, Any]]


def nothing(_world: World) -> list[Any]:
    return []


def no_data(_world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Cell:
    """One method of one address.

    Attributes
    ----------
    least : the role that is needed, EVERYBODY: none
    args : returns the arguments of the address
    data : returns what is sent: the query of a GET, the form of a POST
    answers : status codes of those who may
    visitors : whether people without an account, who are contributors where the site is open, count as such here
    """

    least: Role | None
    args: Arguments = nothing
    data: Data = no_data
    answers: tuple[int, ...] = (200,)
    visitors: bool = True


@dataclass
class World:
    """A small library: people of every role, and an image that all may see."""

    people: dict[Role, User] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in Role:
            admin = role == Role.ADMIN
            user = User.objects.create_user(role.name.lower(), is_staff=admin, is_superuser=admin)
            Account.objects.create(user=user, role=role)
            self.people[role] = user
        self.asking = self.people[Role.ADMIN]
        """Who sends the request, an admin where that is nobody: cells may need what is theirs."""

    @cached_property
    def image(self) -> Image:
        return make_image("heron.jpg")

    @cached_property
    def other(self) -> Image:
        return make_image("ferry.jpg")

    @cached_property
    def collection(self) -> Collection:
        return Collection.objects.create(name="Birds")


def the_image(world: World) -> list[Any]:
    return [world.image.pk]


def the_collection(world: World) -> list[Any]:
    return [world.collection.pk]


def a_person(world: World) -> list[Any]:
    return [world.people[Role.VIEWER].pk]


def a_query(world: World) -> list[Any]:
    fields = {"sha256": "0" * 64, "original_name": "q.png", "state": JobState.FAILED}
    return [Query.objects.create(uploaded_by=world.asking, **fields).pk]


def an_evaluation(world: World) -> list[Any]:
    return [Evaluation.objects.create(kind=Evaluation.Kind.LABELS, max_queries=10).pk]


def a_bulk_of_somebody_else(world: World) -> list[Any]:
    return [DuplicateBulk.objects.create(kind="keep_all", plan=[]).pk]


def a_weight_set(world: World) -> list[Any]:
    return [WeightSet.objects.create(source="labels").pk]


def a_pair(world: World) -> dict[str, Any]:
    return {"first": world.image.pk, "second": world.other.pk, "kind": "same"}


def two_images(world: World) -> list[Any]:
    return [world.image.pk, world.other.pk]


def a_verdict(world: World) -> list[Any]:
    return [record(world.image.sha256, world.other.sha256, "same", author=world.asking).pk]


def a_judged_pair(world: World) -> list[Any]:
    a_verdict(world)
    return [world.image.sha256, world.other.sha256]


def a_record(world: World) -> list[Any]:
    document: dict[str, Any] = {
        "query": {"sha256": world.image.sha256, "name": "heron.jpg", "image": world.image.pk},
        **{name: {} for name in ("weights", "thresholds", "versions", "software", "missing")},
        **dict.fromkeys(("collection", "generation", "exact", "degraded", "num_candidates", "num_images")),
        "results": [],
    }
    return [SearchRecord.objects.create(address="", document=document, author=world.asking).pk]


def a_queue(world: World) -> list[Any]:
    """A queue of one pair, which is open."""
    queue = Queue.objects.create(name="herons", source=Queue.Source.NEAREST, state=JobState.READY, num_pairs=1)
    first, second = sorted_pair(world.image.sha256, world.other.sha256)
    QueuedPair.objects.create(queue=queue, position=1, first_sha256=first, second_sha256=second)
    return [queue.pk]


def a_queued_pair(world: World) -> list[Any]:
    (queue,) = a_queue(world)
    return [queue, QueuedPair.objects.get(queue=queue).pk]


SEE = {"GET": Cell(Role.VIEWER)}

ROWS: dict[str, dict[str, Cell]] = {
    # Gallery
    "gallery:index": SEE,
    "gallery:upload": {
        "GET": Cell(Role.CONTRIBUTOR),
        "POST": Cell(Role.CONTRIBUTOR, answers=(400,)),  # without files
    },
    "gallery:image": {"GET": Cell(Role.VIEWER, the_image)},
    "gallery:original": {"GET": Cell(Role.VIEWER, the_image, answers=(404,))},  # its file is not there
    "gallery:media": {"GET": Cell(Role.VIEWER, lambda world: ["thumb", world.image.sha256], answers=(404,))},
    "gallery:curate": {
        "POST": Cell(Role.CURATOR, data=lambda world: {"action": "hide", "image": world.image.pk}, answers=(302,))
    },
    "gallery:edit_image": {
        "GET": Cell(Role.CURATOR, the_image),
        "POST": Cell(Role.CURATOR, the_image, lambda world: {"title": "Grey heron"}, (302,)),
    },
    "gallery:bulk_edit": {
        "GET": Cell(Role.CURATOR, data=lambda world: {"ids": world.image.pk}),
        "POST": Cell(Role.CURATOR, data=lambda world: {"image": world.image.pk, "step": "preview", "label": "heron"}),
    },
    "gallery:merge": {
        "POST": Cell(Role.CURATOR, data=lambda world: {"image": f"{world.image.pk},{world.other.pk}"}),
    },
    "gallery:undo": {"POST": Cell(Role.CURATOR, lambda world: [0], answers=(302,))},
    "gallery:trash": {
        "GET": Cell(Role.CURATOR),
        "POST": Cell(Role.CURATOR, data=lambda world: {"action": "restore", "image": world.image.pk}, answers=(302,)),
    },
    # Collections
    "gallery:collections": SEE,
    "gallery:new_collection": {
        "GET": Cell(Role.CONTRIBUTOR, visitors=False),
        "POST": Cell(Role.CONTRIBUTOR, data=lambda world: {"name": "Pond"}, answers=(302,), visitors=False),
    },
    "gallery:collection": {"GET": Cell(Role.VIEWER, the_collection)},
    "gallery:collection_settings": {
        "GET": Cell(Role.CURATOR, the_collection),
        "POST": Cell(Role.CURATOR, the_collection, lambda world: {"name": "Pond"}, (302,)),
    },
    "gallery:dissolve_collection": {
        "GET": Cell(Role.CURATOR, the_collection),
        "POST": Cell(Role.CURATOR, the_collection, answers=(302,)),
    },
    # People
    "gallery:people": {"GET": Cell(Role.ADMIN)},
    "gallery:person_role": {
        "POST": Cell(Role.ADMIN, a_person, lambda world: {"role": Role.REVIEWER.value}, (302,)),
    },
    "gallery:person_active": {"POST": Cell(Role.ADMIN, a_person, lambda world: {"active": "no"}, (302,))},
    "gallery:members": {
        "GET": Cell(Role.CURATOR, the_collection),
        "POST": Cell(Role.CURATOR, the_collection, lambda world: {"person": "viewer", "role": 30}, (302,)),
    },
    "gallery:invite": {
        "GET": Cell(Role.ADMIN),
        "POST": Cell(Role.ADMIN, answers=(400,)),  # without a name
    },
    "gallery:password_link": {"POST": Cell(Role.ADMIN, lambda world: [world.people[Role.VIEWER].pk])},
    "gallery:livez": {"GET": Cell(EVERYBODY)},
    # Search
    "search:results": SEE,
    "search:upload": {"POST": Cell(Role.VIEWER, answers=(400,))},  # without a file
    "search:query_status": {"GET": Cell(Role.VIEWER, a_query, answers=(200, 404))},  # 404: not a visitor's own
    "search:query_retry": {"POST": Cell(Role.VIEWER, a_query, answers=(302, 404))},
    "search:query_preview": {"GET": Cell(Role.VIEWER, a_query, answers=(404,))},  # its file is not there
    "search:strip": {"GET": Cell(Role.VIEWER, the_image)},
    "search:feature_status": {"GET": Cell(Role.VIEWER, the_image)},
    # Status
    "search:status": SEE,
    "search:banner": SEE,
    "search:readyz": {"GET": Cell(EVERYBODY, answers=(200, 503))},
    "search:retry": {
        "POST": Cell(Role.CURATOR, data=lambda world: {"image": world.image.pk}, answers=(302,)),
    },
    "search:rebuild": {"POST": Cell(Role.ADMIN, answers=(302,))},
    # Lab
    "search:lab": SEE,
    "search:lab_progress": SEE,
    "search:lab_start": {"POST": Cell(Role.CURATOR, answers=(302,))},
    "search:lab_stop": {"POST": Cell(Role.CURATOR, an_evaluation, answers=(302,))},
    "search:lab_retry": {"POST": Cell(Role.CURATOR, an_evaluation, answers=(302,))},
    "search:weights": SEE,
    "search:weights_progress": {"GET": Cell(Role.CURATOR)},
    "search:weights_learn": {"POST": Cell(Role.CURATOR, answers=(302,))},
    "search:weights_use": {"POST": Cell(Role.CURATOR, a_weight_set, answers=(302,))},
    "search:weights_retry": {"POST": Cell(Role.CURATOR, a_weight_set, answers=(302,))},
    "search:weights_reset": {"POST": Cell(Role.CURATOR, answers=(302,))},
    "search:collection_weights": {
        "GET": Cell(Role.CURATOR, the_collection),
        "POST": Cell(Role.CURATOR, the_collection, lambda world: {"choice": "site"}, (302,)),
    },
    # Map
    "search:map": SEE,
    "search:map_points": {"GET": Cell(Role.VIEWER, answers=(404,))},  # no map is drawn
    "search:map_sprites": {"GET": Cell(Role.VIEWER, data=lambda world: {"ids": world.image.pk})},
    "search:map_tiles": {"GET": Cell(Role.VIEWER, data=lambda world: {"ids": world.image.pk})},
    "search:map_card": {"GET": Cell(Role.VIEWER, the_image)},
    "search:map_state": SEE,
    "search:map_draw": {"POST": Cell(Role.CURATOR, answers=(302,))},
    # Two images beside each other
    "review:compare": {"GET": Cell(Role.VIEWER, two_images)},
    "review:compare_closely": {"GET": Cell(Role.VIEWER, two_images)},
    "review:compare_places": {"GET": Cell(Role.VIEWER, two_images)},
    "review:compare_again": {"POST": Cell(Role.VIEWER, two_images, answers=(302,))},
    "review:compare_difference": {
        "GET": Cell(Role.VIEWER, lambda world: [*two_images(world), "plain"], answers=(404,))  # it is not drawn yet
    },
    # Duplicates: whoever decides is told what is wrong with what was sent, and goes back
    "review:duplicates": SEE,
    "review:duplicates_progress": SEE,
    "review:duplicates_scan": {"POST": Cell(Role.REVIEWER, answers=(302,))},
    "review:duplicates_decide": {"POST": Cell(Role.REVIEWER, answers=(302,))},
    "review:duplicates_undo": {"POST": Cell(Role.REVIEWER, answers=(302,))},
    "review:duplicates_retry": {"POST": Cell(Role.REVIEWER, a_bulk_of_somebody_else, answers=(404,))},
    "review:duplicates_plan": {"POST": Cell(Role.REVIEWER, answers=(302,))},
    "review:duplicates_apply": {"POST": Cell(Role.REVIEWER, answers=(302,))},
    # Queues: nobody reads without a name
    "review:queues": {"GET": Cell(Role.REVIEWER)},
    "review:queues_progress": {"GET": Cell(Role.REVIEWER)},
    "review:queue_make": {"POST": Cell(Role.REVIEWER, answers=(302,))},  # without a form
    "review:queue": {"GET": Cell(Role.REVIEWER, a_queue)},
    "review:queue_turn": {"GET": Cell(Role.REVIEWER, a_queue)},
    "review:queue_decide": {"POST": Cell(Role.REVIEWER, a_queued_pair, lambda world: {"kind": "same"}, (302,))},
    "review:queue_undo": {"POST": Cell(Role.REVIEWER, a_queued_pair, answers=(302,))},  # there is nothing to undo
    "review:queue_stop": {"POST": Cell(Role.REVIEWER, a_queue, answers=(302,))},
    "review:queue_report": {"GET": Cell(Role.REVIEWER, a_queue)},
    "review:queue_export": {"POST": Cell(Role.CURATOR, a_queue)},
    "review:queue_change": {"POST": Cell(Role.CURATOR, lambda world: [*a_queue(world), "close"], answers=(302,))},
    "review:policy": {
        "GET": Cell(Role.VIEWER, the_collection),
        "POST": Cell(Role.CURATOR, the_collection, answers=(302,)),
    },
    # Verdicts: nobody decides without a name
    "review:verdicts": {"GET": Cell(Role.REVIEWER)},
    "review:pair": {"GET": Cell(Role.REVIEWER, a_judged_pair)},
    "review:decide": {"POST": Cell(Role.REVIEWER, data=a_pair, answers=(302,))},
    "review:undo": {"POST": Cell(Role.REVIEWER, a_verdict, answers=(302,))},
    "review:verdicts_export": {"POST": Cell(Role.REVIEWER, data=lambda world: {"format": "csv"})},
    # Recorded searches
    "review:records": {"GET": Cell(Role.VIEWER, visitors=False)},
    "review:record_search": {"POST": Cell(Role.VIEWER, answers=(302,), visitors=False)},
    "review:record": {"GET": Cell(Role.VIEWER, a_record, visitors=False)},
    "review:record_export": {"POST": Cell(Role.VIEWER, a_record, lambda world: {"format": "csv"}, visitors=False)},
    # Audit
    "review:audit": {"GET": Cell(Role.ADMIN)},
    "review:audit_check": {"POST": Cell(Role.ADMIN, answers=(302,))},
    "review:audit_export": {"POST": Cell(Role.ADMIN, data=lambda world: {"format": "csv"})},
}

GROUPS: dict[str, Role | None] = {
    "/admin/": Role.ADMIN,
    "/accounts/": EVERYBODY,
}
"""Addresses of libraries, by how they begin, with the least role that sees more of them than a log-in."""
