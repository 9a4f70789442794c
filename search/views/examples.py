"""What the search page shows of its examples, and the addresses that add, turn or take away one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from gallery.models import Image
from search.example_fields import write_examples
from search.query.examples import Example
from search.query.request import Box, DescribedImage, SearchRequest, WantedImage
from search.query.subject import Subject
from search.types import MethodScore
from search.wording import one_in_number

PARAMETERS = ("image", "query", "box", "like", "unlike")
DRAWN = "DRAWN"
"""Stands in an address for a box that is yet to be drawn."""


@dataclass(frozen=True, slots=True)
class ExampleLook:
    """One example in the strip."""

    example: Example
    label: str
    name: str
    photo_url: str  # small; empty where it is not there
    picture_url: str  # large enough to draw a part on
    box: Box | None
    absent: str  # why it cannot be searched by
    turn_url: str
    remove_url: str
    whole_url: str  # empty where all of it counts
    region_url: str  # with DRAWN in place of the box

    @property
    def corners(self) -> str:
        """Return the outline of the part, as points of a unit square."""
        if self.box is None:
            return ""
        right, bottom = self.box.left + self.box.width, self.box.top + self.box.height
        left, top = self.box.left, self.box.top
        return f"{left:g},{top:g} {right:g},{top:g} {right:g},{bottom:g} {left:g},{bottom:g}"


def make_looks(request: HttpRequest, asked: SearchRequest, subject: Subject) -> list[ExampleLook]:
    """Return what is shown of each example."""
    images = asked.images
    return [_look(request, images, example) for example in subject.examples]


def hidden_fields(asked: SearchRequest) -> list[tuple[str, str]]:
    """Return the examples as hidden fields of the form: names and values."""
    return [(name, value) for name, values in write_examples(asked.images).items() for value in values]


def example_names(subject: Subject) -> dict[int, str]:
    """Return how sentences call each example, by number."""
    names = {each.number: _("example %(number)d") % {"number": each.number + 1} for each in subject.examples}
    return names | {subject.words_number: _("the words"), subject.words_number + 1: _("the words of “but not”")}


def example_images(subject: Subject) -> dict[int, Image]:
    """Return the images of the gallery among the liked examples, by number: hits can be laid beside them."""
    return {each.number: each.image for each in subject.examples if each.image is not None and not each.unlike}


def absent_sentences(subject: Subject, absent: Mapping[int, str]) -> list[str]:
    """Return why examples are left out of the answer."""
    names = example_names(subject)
    return [
        _("Left out: %(name)s. %(because)s") % {"name": names[number], "because": because}
        for number, because in sorted(absent.items())
    ]


def pooled_sentence(score: MethodScore, names: Mapping[int, str]) -> str:
    """Return which example a method answers to, and what the others have to do with it; empty: there is only one."""
    pooled = score.pooled
    if pooled is None:
        return ""
    text = _("Closest to %(name)s") % {"name": names.get(pooled.example, "")}
    if score.decades is not None and pooled.decades < score.decades - 0.05:
        together = {"sentence": text, "number": one_in_number(10.0**pooled.decades)}
        text = _("%(sentence)s; all examples together count as 1 in %(number)s") % together
    if pooled.against is not None:
        left = one_in_number(10.0 ** max(0.0, pooled.decades - pooled.taken))
        about = {"sentence": text, "name": names.get(pooled.against, ""), "number": left}
        text = (
            _("%(sentence)s. It is closer to %(name)s, which it should not be like, so counts as 1 in %(number)s")
            % about
        )
    return text


def adding_url(request: HttpRequest, sign: str) -> str:
    """Return this page's address up to the number of an image that is added: `like` or `unlike`."""
    parameters = request.GET.copy()
    parameters.pop("k", None)
    return f"{reverse('search:results')}?{parameters.urlencode()}&{sign}="


def _look(request: HttpRequest, images: Sequence[WantedImage], example: Example) -> ExampleLook:
    others = [each for place, each in enumerate(images) if place != example.number]
    wanted = example.wanted
    whole = wanted if isinstance(wanted, DescribedImage) else replace(wanted, box=None)

    def with_this(changed: WantedImage) -> str:
        return _address(request, [changed if place == example.number else each for place, each in enumerate(images)])

    drawn = wanted if isinstance(wanted, DescribedImage) else replace(wanted, box=Box(0, 0, 0, 0))
    return ExampleLook(
        example=example,
        label=_("Example %(number)d") % {"number": example.number + 1},
        name=_name(example),
        photo_url=_picture(example, "thumb"),
        picture_url=_picture(example, "display"),
        box=example.box,
        absent=str(example.absent or ""),
        turn_url=with_this(replace(wanted, unlike=not wanted.unlike)),
        remove_url=_address(request, others),
        whole_url=with_this(whole) if example.box else "",
        region_url=with_this(drawn).replace("0%2C0%2C0%2C0", DRAWN),
    )


def _name(example: Example) -> str:
    if example.query is not None:
        return example.query.original_name
    image = example.image
    return (image.title or image.label or image.original_name) if image else ""


def _picture(example: Example, kind: str) -> str:
    if example.query is not None:
        return reverse("search:query_preview", args=[example.query.pk])
    return reverse("gallery:media", args=[kind, example.image.sha256]) if example.image else ""


def _address(request: HttpRequest, images: Sequence[WantedImage]) -> str:
    """Return this page's address with other examples."""
    parameters: QueryDict = request.GET.copy()
    for name in (*PARAMETERS, "k"):
        parameters.pop(name, None)
    ordered = sorted(images, key=lambda each: each.unlike)
    for name, values in write_examples(ordered).items():
        parameters.setlist(name, values)
    return f"{reverse('search:results')}?{parameters.urlencode()}"
