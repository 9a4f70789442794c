"""A recorded search as one person may see it now, and what is different when it is run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from gallery.models import Collection, Image
from gallery.people.permissions import permissions_of
from review.evidence.numbers import ShownMethod, method_rows
from review.models import SearchRecord
from search.public.presentation import score_number

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

COUNTS = ("num_candidates", "num_images", "similar_images")
"""What an answer says of how many images there are, also of those that not everybody may see."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit of a recorded search; `image` is None when it is not in the library now, or not for this person."""

    sha256: str
    rank: int
    score: float
    image: Image | None
    name: str
    methods: Mapping[str, Mapping[str, Any]]

    @property
    def number(self) -> int:
        return score_number(self.score)


@dataclass(frozen=True, slots=True)
class Shown:
    """A recorded search as one person may see it.

    To its author and to admins it is whole. Others see the hits that they may see, numbered again, without what tells
    of the rest: places among all images compared, and how many those were; nor a collection that is closed to them.
    """

    record: SearchRecord
    whole: bool
    query_image: Image | None
    hits: list[Hit]
    tells_collection: bool

    @property
    def address(self) -> str:
        """Return the search as the page of searches takes it, without a collection that is not for this person."""
        if self.tells_collection:
            return self.record.address
        asked = QueryDict(self.record.address, mutable=True)
        asked.pop("collection", None)
        return asked.urlencode()

    @property
    def document(self) -> dict[str, Any]:
        """Return the document without what is only for running it again, and without what is not for this person."""
        found = dict(self.record.document)
        found["query"] = {name: value for name, value in found["query"].items() if name != "vectors"}
        if not self.whole:
            found = {name: value for name, value in found.items() if name not in COUNTS}
        if not self.tells_collection:
            found["collection"] = {"id": None, "name": ""}
        found["results"] = [
            {"sha256": hit.sha256, "name": hit.name, "rank": hit.rank, "score": hit.score, "methods": hit.methods}
            for hit in self.hits
        ]
        return found

    @property
    def can_be_opened(self) -> bool:
        """Tell whether the page of searches can ask the same: an upload is gone after a day, words never are."""
        return self.query_image is not None or not self.record.document["query"]["sha256"]

    def method_rows(self, hit: Hit) -> list[ShownMethod]:
        return method_rows(hit.methods, self.record.document["versions"])


@dataclass(frozen=True, slots=True)
class Move:
    """One image in two answers; None: it is not in that one."""

    image: Image | None
    sha256: str
    rank_then: int | None
    rank_now: int | None
    number_then: int | None
    number_now: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different between a recorded answer and that of now: circumstances, and the hits that moved."""

    facts: list[tuple[str, str, str]] = field(default_factory=list)  # what, then, now
    moves: list[Move] = field(default_factory=list)
    num_same: int = 0


def show(record: SearchRecord, user: User | AnonymousUser) -> Shown | None:
    """Return a recorded search for one person; None when it is not for this person. Two database queries at most.

    It is for whoever may see the image that was searched for; where that is gone, for its author and admins. That of an
    uploaded image, or of words alone, is for everybody with an account who was given its address.
    """
    query, results = record.document["query"], record.document["results"]
    sees_all = permissions_of(user).sees_all
    whole = sees_all or (user.is_authenticated and record.author_id == user.pk)
    hashes = {query["sha256"], *(each["sha256"] for each in results)}
    images = {image.sha256: image for image in Image.objects.visible_to(user).filter(sha256__in=hashes)}
    of_gallery = query["sha256"] and "upload" not in query
    if not whole and of_gallery and query["sha256"] not in images:
        return None
    hits: list[Hit] = []
    for each in results:
        image = images.get(each["sha256"])
        if image is None and not whole:
            continue
        rank = each["rank"] if whole else len(hits) + 1
        name = each["name"] if image or sees_all else ""  # authors, too, may have lost sight of an image since
        methods = each["methods"] if whole else {key: _unplaced(said) for key, said in each["methods"].items()}
        hits.append(Hit(each["sha256"], rank, each["score"], image, name, methods))
    within = record.document["collection"]
    tells = whole or not within or Collection.objects.visible_to(user).filter(pk=within["id"]).exists()
    return Shown(record, whole, images.get(query["sha256"]), hits, tells)


def _unplaced(said: Mapping[str, Any]) -> dict[str, Any]:
    return {figure: value for figure, value in said.items() if figure != "rank"}


def compare(shown: Shown, now: Mapping[str, Any]) -> Changes:
    """Return what is different now.

    Parameters
    ----------
    shown : the record as this person may see it
    now : see `review.evidence.record_search.answer_now`, of the same person
    """
    then = shown.record.document
    first = {hit.sha256: hit for hit in shown.hits}
    # By place and not by rank, as the hits of the record are numbered for this person, too.
    second = {each["sha256"]: (place, each) for place, each in enumerate(now["results"], 1)}
    found = Image.objects.in_bulk([each["image"] for _place, each in second.values()])
    moves, num_same = [], 0
    for sha256 in [*first, *(each for each in second if each not in first)]:
        hit, (place, each) = first.get(sha256), second.get(sha256, (None, None))
        move = Move(
            image=hit.image if hit else found.get(each["image"]) if each else None,
            sha256=sha256,
            rank_then=hit.rank if hit else None,
            rank_now=place,
            number_then=hit.number if hit else None,
            number_now=score_number(each["score"]) if each else None,
        )
        if (move.rank_then, move.number_then) == (move.rank_now, move.number_now):
            num_same += 1
        else:
            moves.append(move)
    return Changes(_facts(then, now), moves, num_same)


def _facts(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the circumstances that are different: what, then, now."""
    none = _("none")
    pairs = [(_("Index generation"), then["generation"], now["generation"])]
    for title, part in ((_("Version of %(name)s"), "versions"), (_("Software: %(name)s"), "software")):
        for name in sorted({*then[part], *now[part]}):
            pairs.append((title % {"name": name}, then[part].get(name), now[part].get(name)))
    return [(what, str(old or none), str(new or none)) for what, old, new in pairs if old != new]
