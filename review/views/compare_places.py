"""Why one image was or was not found by a search for the other, both ways, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from gallery.models import Image
from search.exceptions import SearchError
from search.public.presentation import MethodLook, method_looks, score_number
from search.public.searching import PAGE_SIZE, MethodPlace, Place, SearchRequest, find_place


@dataclass(frozen=True, slots=True)
class MethodLine:
    """Where an image stands by one method."""

    look: MethodLook
    place: MethodPlace | None

    @property
    def rank(self) -> str:
        return "–" if self.place is None else str(intcomma(self.place.rank))


@dataclass(frozen=True, slots=True)
class PlaceLook:
    """One direction: a search for `query`, and where `target` stands in it."""

    query: Image
    target: Image
    problem: str = ""  # why there is no such search
    place: Place | None = None
    lines: list[MethodLine] | None = None

    @property
    def shown(self) -> bool:
        return bool(self.place and self.place.found and not self.place.reasons)

    @property
    def code(self) -> str:
        """Return in one word whether it was found."""
        if self.place is None:
            return "no_search"
        if self.place.found:
            return "left_out" if self.place.reasons else "found"
        return "ranked_too_low" if self.place.rank else "not_found"

    @property
    def verdict(self) -> str:
        """Return in one sentence whether it was found."""
        place = self.place
        if place is None:
            return self.problem
        # The image searched for is no answer to itself.
        words = {"rank": intcomma(place.rank or 0), "images": intcomma(max(place.num_images - 1, 1))}
        if place.found and place.reasons:
            return _("Compared and left out: it would be number %(rank)s of %(images)s.") % words
        if place.found:
            words["score"] = str(score_number(place.found.score))
            return _("Found: number %(rank)s of %(images)s, score %(score)s.") % words
        if place.rank:
            return _("Not found: about number %(rank)s of %(images)s.") % words
        return _("Not found.")

    @property
    def beyond_first_page(self) -> bool:
        return bool(self.shown and self.place and (self.place.rank or 0) > PAGE_SIZE)

    @property
    def compared(self) -> str:
        """Return how the candidates were gathered."""
        place = self.place
        if place is None:
            return ""
        words = {"number": intcomma(place.num_candidates), "images": intcomma(place.num_images)}
        if place.exact:
            return _("exact: all %(number)s images were compared") % words
        return _("by the indexes: %(number)s candidates of %(images)s images") % words

    @property
    def lies(self) -> str:
        """Return where the index has the image."""
        if self.place is None or not self.place.lies:
            return _("nowhere in the index")
        if self.place.lies == "delta":
            return _("among the images that are newer than the index, which are always compared")
        return _("in generation %(number)d of the index") % {"number": self.place.generation_id}


def make_places(first: Image, second: Image, asked: SearchRequest) -> list[PlaceLook]:
    """Return where the second image stands in a search for the first, and the other way round."""
    return [_look(first, second, asked), _look(second, first, asked)]


def _look(query: Image, target: Image, asked: SearchRequest) -> PlaceLook:
    try:
        place = find_place(asked, target.pk, query)
    except SearchError as error:
        return PlaceLook(query, target, problem=str(error))
    lines = [MethodLine(look, place.methods.get(name)) for name, look in method_looks().items()]
    return PlaceLook(query, target, place=place, lines=[line for line in lines if line.place])
