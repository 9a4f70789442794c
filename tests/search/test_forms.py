"""What may stand in the URL of a search."""

from __future__ import annotations

import uuid

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery.models import Collection
from search.exceptions import QueryError
from search.forms import SearchForm, read_request, weight_field, write_request
from search.methods import METHODS
from search.query.request import (
    MAX_EXAMPLES,
    MAX_RESULTS,
    Box,
    DescribedImage,
    GalleryImage,
    ScoreRange,
    SearchRequest,
    TypedWords,
    UploadedImage,
    weights_of,
)
from search.scoring.presets import PRESETS
from tests.codes import refused

pytestmark = pytest.mark.django_db


def make_form(**data: object) -> SearchForm:
    form = SearchForm({name: str(value) for name, value in data.items()})
    form.is_valid()
    return form


def test_it_works() -> None:
    form = make_form(image=7, w_color=1, w_deep=0.25, min=40, k=120)
    assert form.problems() == []
    assert form.cleaned_data["image"] == 7
    assert weights_of(form.request()) == PRESETS["general"].full_weights() | {"color": 1.0, "deep": 0.25}


def test_a_preset_sets_the_weights_that_are_not_given() -> None:
    weights = weights_of(make_form(preset="medical", w_color=0.1).request())
    assert weights == PRESETS["medical"].full_weights() | {"color": 0.1}


def test_nothing_given_means_the_default_weights() -> None:
    assert weights_of(make_form(image=1).request()) == PRESETS["general"].full_weights()


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({weight_field("color"): 7}, "Color"),
        ({weight_field("deep"): "nan"}, "Content"),
        ({weight_field("deep"): "many"}, "Content"),
        ({"min": -3}, "Score at least"),
        ({"max": 101}, "Score at most"),
        ({"k": 100_000}, "Results"),
        ({"collection": 99}, "Collection"),
        ({"query": "no-uuid"}, "query"),
        ({"image": "first"}, "image"),
        ({"preset": "magic"}, "preset"),
    ],
)
def test_a_bad_value_is_named(data: dict[str, object], part: str) -> None:
    (problem,) = make_form(**data).problems()
    assert problem.startswith(f"{part}:")


def test_a_threshold_must_not_be_crossed() -> None:
    (problem,) = make_form(min=60, max=40).problems()
    assert "60" in problem
    assert "40" in problem


def _in_order(pair: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    lowest, highest = pair
    return (highest, lowest) if None not in pair and lowest > highest else pair  # type: ignore[operator]


limits = st.none() | st.floats(0, 100)
sides = st.integers(0, 1000).map(lambda number: number / 1000)
boxes = st.none() | st.builds(Box, sides, sides, sides, sides)


def _images(*, unlike: bool) -> st.SearchStrategy[list[GalleryImage | UploadedImage]]:
    gallery = st.builds(GalleryImage, st.integers(1, 2**63 - 1), unlike=st.just(unlike), box=boxes)
    uploads = st.builds(UploadedImage, st.uuids(), unlike=st.just(unlike), box=boxes)
    return st.lists(gallery | uploads, max_size=MAX_EXAMPLES // 2, unique=True)


def _words(*, unlike: bool) -> st.SearchStrategy[list[TypedWords]]:
    return st.lists(st.builds(TypedWords, st.sampled_from(["dog", "a red car"]), unlike=st.just(unlike)), max_size=1)


wanted = st.tuples(_images(unlike=False), _images(unlike=True), _words(unlike=False), _words(unlike=True))
requests = st.builds(
    SearchRequest,
    wanted=wanted.map(lambda parts: tuple(each for part in parts for each in part)),
    preset=st.sampled_from(["", *PRESETS]),
    adjusted=st.dictionaries(st.sampled_from(list(METHODS)), st.floats(0, 1)),
    scores=st.builds(lambda pair: ScoreRange(*pair), st.tuples(limits, limits).map(_in_order)),
    num_results=st.integers(1, MAX_RESULTS),
    hide_apart=st.booleans(),
    proof_first=st.sampled_from([None, True, False]),
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(requests)
def test_what_is_written_is_read(request: SearchRequest) -> None:
    assert read_request(write_request(request)) == (request, [])


def test_a_collection_is_written_and_read() -> None:
    pond = Collection.objects.create(name="Pond")
    asked = SearchRequest((GalleryImage(7),), collection=pond)
    assert write_request(asked).dict() == {"image": "7", "collection": str(pond.pk)}
    assert read_request(write_request(asked)) == (asked, [])


def test_all_weights_are_written_where_they_are_given() -> None:
    written = write_request(SearchRequest(weights={"color": 1.0}))
    asked, problems = read_request(written)
    assert problems == []
    assert weights_of(asked) == dict.fromkeys(METHODS, 0.0) | {"color": 1.0}


@pytest.mark.parametrize("wanted", [(DescribedImage({}),), (GalleryImage(1), DescribedImage({}))])
def test_what_has_no_address_is_refused(wanted: tuple[GalleryImage | DescribedImage, ...]) -> None:
    with refused(QueryError, "kept_image_expected"):
        write_request(SearchRequest(wanted))


def test_examples_are_written_and_read() -> None:
    upload = uuid.uuid4()
    liked = (
        GalleryImage(7, box=Box(0, 0, 0.5, 1)),
        UploadedImage(upload),
        GalleryImage(9, box=Box(0.2, 0.2, 0.5, 0.5)),
    )
    asked = SearchRequest((*liked, GalleryImage(8, unlike=True), TypedWords("night", unlike=True)))
    written = write_request(asked)
    assert dict(written.lists()) == {
        "image": ["7"],
        "box": ["0,0,0.5,1"],
        "like": [str(upload), "9@0.2,0.2,0.5,0.5"],
        "unlike": ["8"],
        "unlike_q": ["night"],
    }
    assert read_request(written) == (asked, [])


def test_an_example_counts_once() -> None:
    asked, problems = read_request(QueryDict("image=3&like=3&like=4&like=4@0,0,1,0.5"))
    assert problems == []
    assert asked.wanted == (GalleryImage(3), GalleryImage(4), GalleryImage(4, box=Box(0, 0, 1, 0.5)))


@pytest.mark.parametrize("text", ["like=first", "unlike=0", "like=3@0,0,1", "like=3@a,b,c,d", "image=3&box=0,0,nan,1"])
def test_an_example_that_cannot_be_read_is_named(text: str) -> None:
    asked, problems = read_request(QueryDict(f"{text}&k=5"))
    assert len(problems) == 1
    assert asked.num_results == 5


def test_more_examples_than_can_be_compared_are_refused_and_the_first_are_read() -> None:
    numbers = range(1, MAX_EXAMPLES + 3)
    asked, problems = read_request(QueryDict("&".join(f"like={number}" for number in numbers)))
    assert [wanted.image_id for wanted in asked.images] == list(numbers)[:MAX_EXAMPLES]  # type: ignore[union-attr]
    (problem,) = problems
    assert str(MAX_EXAMPLES + 2) in problem


def test_an_upload_goes_before_an_image() -> None:
    upload = uuid.uuid4()
    asked, _problems = read_request(QueryDict(f"image=3&query={upload}"))
    assert asked.wanted == (UploadedImage(upload),)


def test_parts_that_can_be_read_are_read_beside_others() -> None:
    asked, problems = read_request(QueryDict("image=3&min=40&max=many&k=0"))
    assert asked == SearchRequest((GalleryImage(3),), scores=ScoreRange(40))
    assert len(problems) == 2
