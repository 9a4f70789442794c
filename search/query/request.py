"""What a search asks: for which images, within what, by which weights, and which part of the answer is wanted.

Whoever searches, a page, a record, a queue or a command, fills in a `SearchRequest`; `search.query.answer` answers it.
The rules of what counts stand here and nowhere else.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from search.scoring.presets import WORDS_ALONE, Preset, presets_with, presets_with_words, presets_within
from search.weights.adopted import site_weights, weights_for

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from numpy.typing import NDArray

    from gallery.models import Collection
    from jobs.errors import CodedError

    Viewer = User | AnonymousUser | None

PAGE_SIZE = 40
# Less than the pipeline's RERANK_DEPTH, so that whatever is shown was compared by every method.
MAX_RESULTS = 360
"""Results of one page: as many as are asked for by "more", up to this."""
MAX_EXAMPLES = 8
"""Images that one search can be given: each is compared as if it were asked for alone."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an image, in fractions of its width and height from its upper left corner."""

    left: float
    top: float
    width: float
    height: float

    def __str__(self) -> str:
        return ",".join(f"{each:g}" for each in (self.left, self.top, self.width, self.height))


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """Searched for is an image of the gallery, or a part of it.

    Attributes
    ----------
    image_id : of the image
    unlike : whether results should not be like it
    box : the part; None: all of it
    """

    image_id: int
    unlike: bool = False
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """Searched for is an image that somebody uploaded for that, or a part of it; see `GalleryImage`."""

    query_id: uuid.UUID
    unlike: bool = False
    box: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DescribedImage:
    """Searched for is an image that is kept nowhere, by its vectors.

    Attributes
    ----------
    vectors : by method, one row of shape (dim,)
    versions : of the methods that made them; None: the current ones
    reason : why other methods gave none, where that is known
    unlike : whether results should not be like it
    """

    vectors: Mapping[str, NDArray[Any]]
    versions: Mapping[str, str] | None = None
    reason: CodedError | None = None
    unlike: bool = False


@dataclass(frozen=True, slots=True)
class TypedWords:
    """Searched for is what words say, alone or beside an image.

    Attributes
    ----------
    text : as it was typed or spoken
    unlike : whether results should not be what it says
    """

    text: str
    unlike: bool = False


WantedImage = GalleryImage | UploadedImage | DescribedImage
Wanted = WantedImage | TypedWords


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """The scores that are shown, 0..100 and both ends included; None: no limit."""

    lowest: float | None = None
    highest: float | None = None

    def side(self, score: float) -> int:
        """Return -1 for a fused score (0..1) below the range, 1 above it, 0 within it."""
        shown = percent(score)
        if self.lowest is not None and shown < self.lowest:
            return -1
        return int(self.highest is not None and shown > self.highest)

    def as_thresholds(self) -> dict[str, float]:
        """Return the limits that there are as records keep them, by "min" and "max"."""
        limits = {"min": self.lowest, "max": self.highest}
        return {name: limit for name, limit in limits.items() if limit is not None}


EVERY_SCORE = ScoreRange()


def percent(score: float) -> float:
    """Return a fused score of 0..1 as thresholds name it, 0..100.

    It is rounded to six places: 0.57 times 100 is 56.99999999999999, and "at least 57" has to let it through.
    """
    return round(100 * score, 6)


@dataclass(frozen=True)
class SearchRequest:
    """A search, whoever asks.

    Attributes
    ----------
    wanted : what is searched for, the examples: images, and at most one text of each sign
    viewer : who asks: what is closed to them is neither found nor counted; None: the site itself
    session_queries : uploaded queries of a viewer without an account
    collection : the one that is searched, see `visible_collection`; None: everything
    weights : by method, those not named 0; None: what `preset` and `adjusted` say
    preset : a name; empty: what counts in the collection, else on the site
    adjusted : weights that stand in place of the preset's
    scores : results beyond this range are left out
    num_results : of one page
    most : results that can be shown at all
    hide_apart : leave out results that people judged to be something else
    proof_first : results that are proven to show the same go before all others; False: the scores alone decide; None:
        as is usual, see `leads_with_proof`
    """

    wanted: tuple[Wanted, ...] = ()
    viewer: Viewer = None
    session_queries: tuple[str, ...] = ()
    collection: Collection | None = None
    weights: Mapping[str, float] | None = None
    preset: str = ""
    adjusted: Mapping[str, float] = field(default_factory=dict)
    scores: ScoreRange = EVERY_SCORE
    num_results: int = PAGE_SIZE
    most: int = MAX_RESULTS
    hide_apart: bool = False
    proof_first: bool | None = None

    @property
    def words(self) -> str:
        """Return the words searched for; empty: none."""
        return self._text(unlike=False)

    @property
    def unlike_words(self) -> str:
        """Return the words that results should not be; empty: none."""
        return self._text(unlike=True)

    def _text(self, *, unlike: bool) -> str:
        texts = (each.text for each in self.wanted if isinstance(each, TypedWords) and each.unlike == unlike)
        return next(texts, "")

    @property
    def images(self) -> list[WantedImage]:
        """Return the images among the examples: those that results should be like, then the others."""
        images = [wanted for wanted in self.wanted if not isinstance(wanted, TypedWords)]
        return sorted(images, key=lambda wanted: wanted.unlike)

    @property
    def has_example(self) -> bool:
        """Tell whether results should be like an image, or only what words say."""
        return any(not image.unlike for image in self.images)

    @property
    def is_plain(self) -> bool:
        """Tell whether it is for one whole image, whatever words stand beside it."""
        images = self.images
        if len(images) != 1 or self.unlike_words:
            return False
        return isinstance(images[0], DescribedImage) or images[0].box is None

    @property
    def leads_with_proof(self) -> bool:
        """Tell what goes first: usually proof, but whoever adds words wants more than the same picture once more."""
        return not self.words if self.proof_first is None else self.proof_first

    @property
    def collection_id(self) -> int | None:
        return self.collection.pk if self.collection else None


def presets_for(collection: Collection | None) -> dict[str, Preset]:
    """Return the presets of a search in a collection (None: everywhere); the first counts where none is named.

    A collection may have weights of its own, which go before the site's. At most two database queries.
    """
    presets = presets_with(site_weights())
    own = weights_for(collection.pk) if collection else None
    return presets_within(presets, own) if own else presets


def presets_of(request: SearchRequest) -> Mapping[str, Preset]:
    """Return the presets among which a search chooses; words alone leave no choice, beside an image they count too."""
    if request.words and not request.has_example:
        return WORDS_ALONE
    presets = presets_for(request.collection)
    return presets_with_words(presets) if request.words or request.unlike_words else presets


def weights_of(request: SearchRequest, presets: Mapping[str, Preset] | None = None) -> dict[str, float]:
    """Return the weights that count in a search; `presets` are those of its collection, where they are known."""
    if request.weights is not None:
        return dict(request.weights)
    presets = presets or presets_of(request)
    # An old address may name a preset that is gone, or a collection's where none is searched: neither is an error.
    named = presets.get(request.preset, next(iter(presets.values())))
    return {**named.full_weights(), **({} if presets is WORDS_ALONE else request.adjusted)}
