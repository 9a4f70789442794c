"""Which images an action is about: those selected one by one, or all that pass the gallery's filters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from django.http import QueryDict

from gallery.batches import batches
from gallery.forms import FilterForm, IdsField, read_id
from gallery.models import Image
from gallery.people.roles import Role
from jobs.errors import CodedError

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class NotTheirsError(CodedError):
    """Some of the images are not this person's to change; the message says how many."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Images to be changed together.

    Attributes
    ----------
    ids : those that the person curates, rising
    num_left_out : images of the choice that they may only look at
    fields : what a form carries to say the same choice again
    """

    ids: list[int]
    num_left_out: int
    fields: dict[str, str]

    @property
    def digest(self) -> str:
        """Return what differs when the choice does."""
        # Short, since it only has to notice a change, not to resist forgery.
        return sha256(",".join(map(str, self.ids)).encode()).hexdigest()[:16]


def select_images(data: QueryDict, user: User | AnonymousUser) -> Selection:
    """Return the choice that a form or an address names.

    Filters choose what passes them now, but nothing newer than what was there when people were first asked.

    Raises
    ------
    django.forms.ValidationError : no image is named, or not by number
    """
    if data.getlist("image"):
        ids = IdsField().clean(data.getlist("image"))
        mine = curated(ids, user)
        return Selection(mine, len(set(visible(ids, user)) - set(mine)), {"image": ",".join(map(str, mine))})
    query = QueryDict(str(data["filter"])) if "filter" in data else data
    form = FilterForm(query, viewer=user)
    newest = read_id(data.get("newest", "")) or Image.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    images = form.images().filter(pk__lte=newest).order_by("pk")
    mine = list(images.with_role(user, Role.CURATOR).values_list("pk", flat=True))
    return Selection(mine, images.count() - len(mine), {"filter": _address(form), "newest": str(newest)})


def curated(image_ids: Iterable[int], user: User | AnonymousUser) -> list[int]:
    """Return those of the images, whatever their status, that this person may change, rising."""
    curating = Image.objects.order_by().with_role(user, Role.CURATOR)
    wanted = sorted(set(image_ids))
    return sorted(pk for part in batches(wanted) for pk in curating.filter(pk__in=part).values_list("pk", flat=True))


def all_curated(image_ids: Sequence[int], user: User | AnonymousUser) -> list[int]:
    """Return the images that are there, if this person may change all of those that they know of.

    Raises
    ------
    NotTheirsError : there are some that they may only look at
    """
    mine = curated(image_ids, user)
    others = set(visible(image_ids, user)) - set(mine)
    if others:
        raise NotTheirsError("images_of_others", n=len(others))
    return mine


def visible(image_ids: Iterable[int], user: User | AnonymousUser) -> list[int]:
    """Return those of the images that this person may see, rising."""
    seen = Image.objects.order_by().visible_to(user)
    return sorted(
        pk for part in batches(sorted(set(image_ids))) for pk in seen.filter(pk__in=part).values_list("pk", flat=True)
    )


def _address(form: FilterForm) -> str:
    query = QueryDict(mutable=True)
    query.update(form.query())
    return query.urlencode()
