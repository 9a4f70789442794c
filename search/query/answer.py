"""One search from what was asked to what is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from gallery.models import Image
from search.query.badges import Badge, badges_of
from search.query.pipeline import run_query
from search.query.request import SearchRequest, weights_of
from search.query.subject import Subject, find_subject, images_of
from search.types import Answer, Result


@dataclass(frozen=True)
class SearchAnswer:
    """What was found.

    Attributes
    ----------
    request : that is answered
    subject : what was searched for
    found : every result, whatever its score, at most `request.most`
    """

    request: SearchRequest
    subject: Subject
    found: Answer

    @cached_property
    def within(self) -> list[Result]:
        """Return the results within the range of scores."""
        # Cut here rather than in the search: ranks stay those of the whole answer, and the page tells how many are cut.
        return [result for result in self.found.results if not self.request.scores.side(result.score)]

    @cached_property
    def shown(self) -> Answer:
        """Return the answer with the results of the page only."""
        return replace(self.found, results=self.within[: self.request.num_results])

    @property
    def num_outside(self) -> int:
        """Return how many results the range of scores leaves out."""
        return len(self.found.results) - len(self.within)

    @property
    def has_more(self) -> bool:
        return len(self.within) > self.request.num_results

    @cached_property
    def _visible(self) -> dict[int, Image]:
        # Read now: the snapshot is a moment older, and what was just hidden from this person is left out.
        return images_of(self.request.viewer).in_bulk([result.image_id for result in self.shown.results])

    @cached_property
    def badges(self) -> dict[int, list[Badge]]:
        """Return what others say of the results of the page, by image id."""
        viewer = self.request.viewer
        # A badge says what one person may know of a hit, and the site itself is nobody.
        return {} if viewer is None else badges_of(viewer, self.subject.start, self._visible)

    @cached_property
    def apart(self) -> set[int]:
        """Return the images of the page that people judged to be something else."""
        return {image_id for image_id, badges in self.badges.items() if any(badge.apart for badge in badges)}

    @property
    def images(self) -> dict[int, Image]:
        """Return the images of the page by their ids; one that was removed meanwhile is not among them."""
        if not self.request.hide_apart:
            return self._visible
        return {image_id: image for image_id, image in self._visible.items() if image_id not in self.apart}


def search(request: SearchRequest, subject: Subject | None = None) -> SearchAnswer:
    """Answer a search.

    Parameters
    ----------
    request : the search
    subject : what it searches for, where that was found before; see `find_subject`

    Of several examples those that are gone, closed or not described yet are left out; `found.absent` says why.

    Raises
    ------
    ImageNotFoundError, UploadNotFoundError : see `find_subject`
    QueryError : what is searched for has no features yet
    FusionWeightsError, UnknownMethodError : see `search.scoring.fusion.check_weights`
    """
    subject = subject or find_subject(request)
    sources, absent = subject.sources()
    found = run_query(
        sources[0],
        weights_of(request),
        # All that "more" can lead to, not one page: thresholds are applied to the whole answer.
        k=request.most,
        collection_id=request.collection_id,
        # Keypoints without a weight change no score and cost the most: only what the page shows is worth comparing.
        shown=min(request.num_results, request.most),
        viewer=request.viewer,
        proof_first=request.leads_with_proof,
        beside=sources[1:],
    )
    return SearchAnswer(request, subject, replace(found, absent={**absent, **found.absent}))
