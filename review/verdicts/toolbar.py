"""What the verdict buttons of a pair show: one's own verdict, those of others, and what they imply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gallery.models import Image
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from review.models import Verdict
from review.verdicts.consensus import Pair
from review.verdicts.record import current, sorted_pair
from review.verdicts.related_verdicts import RelatedVerdicts, related_to

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

CHOICES = [
    (Verdict.Kind.SAME, "1"),
    (Verdict.Kind.NEAR_DUPLICATE, "2"),
    (Verdict.Kind.RELATED, "3"),
    (Verdict.Kind.DIFFERENT, "4"),
    (Verdict.Kind.UNSURE, "5"),
]
"""The verdicts that people give, and the key of each."""


@dataclass(frozen=True, slots=True)
class VerdictButton:
    """One verdict button."""

    value: str
    label: str
    key: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Toolbar:
    """Two images and what has been decided about them, as one person may know it.

    Attributes
    ----------
    own : this person's verdict that counts; None: none, or withdrawn
    seen : id of this person's newest row, 0 for none: what a form must know to notice another window
    others : the verdicts of other people that count, newest first; empty for those who may not decide
    """

    first: Image
    second: Image
    may_decide: bool
    own: Verdict | None
    seen: int
    others: list[Verdict]
    about: RelatedVerdicts

    @property
    def pair(self) -> Pair:
        return sorted_pair(self.first.sha256, self.second.sha256)

    @property
    def choices(self) -> list[VerdictButton]:
        """Return the buttons; the one that counts now is marked."""
        kind = self.own.kind if self.own else ""
        return [VerdictButton(value.value, str(value.label), key, value == kind) for value, key in CHOICES]

    @property
    def disagree(self) -> bool:
        return bool(self.may_decide and self.about.summary and self.about.summary.disagree)


def may_decide(user: User | AnonymousUser, first: Image, second: Image) -> bool:
    """Tell whether a person may decide about these two images; nobody without a name may. One database query."""
    if not user.is_authenticated or not permissions_of(user).may_somewhere(Role.REVIEWER):
        return False
    return Image.objects.with_role(user, Role.REVIEWER).filter(pk__in=(first.pk, second.pk)).count() == 2


def may_judge(user: User | AnonymousUser, pair: Pair) -> bool:
    """Tell whether a person may decide about images of these bytes, as far as the library has them. Two queries."""
    known = Image.objects.filter(sha256__in=pair)
    return known.count() == known.with_role(user, Role.REVIEWER).count()


def toolbar_of(user: User | AnonymousUser, first: Image, second: Image) -> Toolbar:
    """Return what has been decided about two images that this person may see.

    Four database queries, and one more for every step of a chain of images that are the same.
    """
    pair = sorted_pair(first.sha256, second.sha256)
    allowed = may_decide(user, first, second)
    name = user.get_username() if user.is_authenticated else ""
    counting = list(current().filter(first_sha256=pair[0], second_sha256=pair[1]))
    # By name, as verdicts replace each other: one that was imported may know no account.
    own = next((each for each in counting if name and each.author_name == name), None)
    about = related_to(user, pair)
    others = [each for each in counting if each is not own and each.kind != Verdict.Kind.WITHDRAWN]
    return Toolbar(
        first=first,
        second=second,
        may_decide=allowed,
        own=own if own and own.kind != Verdict.Kind.WITHDRAWN else None,
        seen=own.pk if own else 0,
        others=others if allowed and not about.hidden else [],  # readers judge without knowing of each other
        about=about,
    )
