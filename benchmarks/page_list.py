"""The pages that `pages.py` measures, and the people it measures them as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.test import Client
from django.urls import reverse

from benchmarks.page_library import CLOSED, MAIN
from gallery.models import Collection, Image
from gallery.people.roles import Role
from review.models import DuplicateGroup, Queue, QueuedPair, SearchRecord, Verdict

READERS = ("viewer", "admin")
DESK = ("reviewer", "admin")
CURATORS = ("curator", "admin")
ADMINS = ("admin",)
SAMPLE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of page: its addresses, asked for in turn, and the roles of those who ask."""

    name: str
    roles: tuple[str, ...]
    paths: list[str]


@cache
def log_in(role: str) -> str:
    """Return the cookie of a new session of the account of that role."""
    client = Client()
    client.force_login(User.objects.get(username=Role[role.upper()].name.lower()))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def pages(seed: int = 20) -> list[Page]:
    """Return the pages, with addresses chosen at random from what the library holds."""
    rng = np.random.default_rng(seed)
    common = Image.objects.shown().filter(common=True)
    ids = _some(common.order_by("pk").values_list("pk", flat=True), rng)
    return [*_gallery(ids), *_search(ids), *_review(ids), *_administration()]


def _some(found: Iterable[int], rng: np.random.Generator) -> list[int]:
    every = list(found)
    return [int(each) for each in rng.choice(every, min(SAMPLE, len(every)), replace=False)]


def _gallery(ids: list[int]) -> list[Page]:
    index, upload = reverse("gallery:index"), reverse("gallery:upload")
    main = Collection.objects.get(name=MAIN).pk
    return [
        Page("gallery", READERS, [index]),
        Page("gallery, deep in its pages", READERS, [f"{index}?before={pk}" for pk in ids]),
        Page("gallery, one collection", READERS, [f"{index}?collection={main}"]),
        Page("gallery, one tag", READERS, [f"{index}?tag=tag+{number:02}" for number in range(60)]),
        Page("gallery, one label", READERS, [f"{index}?label=label+{number:03}" for number in range(200)]),
        Page("gallery, a word found", READERS, [f"{index}?q=Plate+{pk}" for pk in ids]),
        Page("gallery, a word not found", READERS, [f"{index}?q=zebra{pk}" for pk in ids]),
        Page("gallery, an attribute", READERS, [f"{index}?attribute=lens&value={20 + pk % 40}+mm" for pk in ids]),
        Page("gallery, an attribute as text", READERS, [f"{index}?q=lens:{20 + pk % 40}+mm" for pk in ids]),
        Page("gallery, some days", READERS, [f"{index}?since=2020-01-01&until=2099-01-01"]),
        Page("gallery, hidden images", ADMINS, [f"{index}?status=hidden"]),
        Page("image", (*READERS, "curator"), [reverse("gallery:image", args=[pk]) for pk in ids]),
        Page("collections", READERS, [reverse("gallery:collections")]),
        Page("collection", READERS, [reverse("gallery:collection", args=[main])]),
        Page("trash", CURATORS, [reverse("gallery:trash")]),
        Page("upload", ("contributor",), [upload]),
    ]


def _search(ids: list[int]) -> list[Page]:
    results = reverse("search:results")
    main = Collection.objects.get(name=MAIN).pk
    weights = "w_color=0.8&w_texture=0.4"
    return [
        Page("search by image", READERS, [f"{results}?image={pk}" for pk in ids]),
        Page("search in one collection", READERS, [f"{results}?image={pk}&collection={main}&{weights}" for pk in ids]),
        Page("strip of similar images", READERS, [reverse("search:strip", args=[pk]) for pk in ids]),
        Page("map", READERS, [reverse("search:map")]),
        Page("points of the map", READERS, [reverse("search:map_points")]),
        Page("lab", READERS, [reverse("search:lab")]),
        Page("weights", CURATORS, [reverse("search:weights")]),
        Page("status", READERS, [reverse("search:status")]),
    ]


def _review(ids: list[int]) -> list[Page]:
    pairs = zip(ids, reversed(ids), strict=True)
    large = Queue.objects.get(name="Large").pk
    queued = QueuedPair.objects.filter(first_sha256=OuterRef("first_sha256"), second_sha256=OuterRef("second_sha256"))
    judged = Verdict.objects.filter(~Exists(queued))[:SAMPLE]  # others may be kept back while two read them
    sums = judged.values_list("first_sha256", "second_sha256")
    duplicates, verdicts = reverse("review:duplicates"), reverse("review:verdicts")
    tiers = [str(tier.value) for tier in DuplicateGroup.Tier]
    return [
        Page("compare", DESK, [reverse("review:compare", args=pair) for pair in pairs if pair[0] != pair[1]]),
        Page("queues", DESK, [reverse("review:queues")]),
        Page("reading page, 5,000 pairs", DESK, [reverse("review:queue", args=[large])]),
        Page("duplicates", DESK, [duplicates]),
        Page("duplicates, one tier", DESK, [f"{duplicates}?tier={tier}" for tier in tiers]),
        Page("verdicts", DESK, [verdicts]),
        Page("verdicts of one kind", DESK, [f"{verdicts}?kind=different"]),
        Page("verdicts in conflict", DESK, [f"{verdicts}?split=on"]),
        Page("a pair's history", DESK, [reverse("review:pair", args=pair) for pair in sums]),
        Page("recorded search", DESK, [reverse("review:record", args=[pk]) for pk in _records()]),
    ]


def _records() -> list[object]:
    return list(SearchRecord.objects.values_list("pk", flat=True)[:SAMPLE])


def _administration() -> list[Page]:
    audit, closed = reverse("review:audit"), Collection.objects.get(name=CLOSED).pk
    return [
        Page("audit", ADMINS, [audit]),
        Page("audit, one person", ADMINS, [f"{audit}?person=reviewer"]),
        Page("people", ADMINS, [reverse("gallery:people")]),
        Page("a private collection", ADMINS, [reverse("gallery:collection", args=[closed])]),
    ]
