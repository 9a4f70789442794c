"""Several examples, liked and disliked, and parts of images: found, compared, explained, and refused one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gallery.models import Image
from gallery.people.roles import Role
from jobs.rows import JobState
from search.exceptions import ExamplesError, QueryError, RegionError
from search.features import stored_vectors
from search.generations import snapshot
from search.generations.build import build
from search.models import Query
from search.query import regions
from search.query.answer import search
from search.query.description import uploaded_query
from search.query.request import (
    MAX_EXAMPLES,
    Box,
    GalleryImage,
    SearchRequest,
    TypedWords,
    UploadedImage,
    Wanted,
)
from search.query.subject import find_subject
from search.types import Result
from tests.codes import refused
from tests.gallery.members import make_person
from tests.search.library import add_features, add_images, add_library, describe, pictures
from tests.search.plug_ins import Gray

pytestmark = [pytest.mark.django_db]
WEIGHTS = {"color": 0.5, "ssim": 0.3, "texture": 0.2}
LEFT_HALF = Box(0, 0, 0.5, 1)


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def ids(few_methods: None, rng: np.random.Generator) -> list[int]:
    found: list[int] = add_library(30, rng)[0].tolist()
    return found


def asked(*wanted: Wanted, **about: object) -> SearchRequest:
    return SearchRequest(wanted, **({"weights": WEIGHTS} | about))  # type: ignore[arg-type]


def results(*wanted: Wanted, **about: object) -> dict[int, Result]:
    return {result.image_id: result for result in search(asked(*wanted, **about)).found.results}


def test_it_works(ids: list[int]) -> None:
    """What is found is near one of the examples; each method names the example that it answers to."""
    build()
    first, second = results(GalleryImage(ids[0])), results(GalleryImage(ids[1]))
    found = results(GalleryImage(ids[0]), GalleryImage(ids[1]))
    assert found.keys() == set(ids[2:])
    for image_id, result in found.items():
        color = result.methods["color"]
        alone = [each[image_id].methods["color"] for each in (first, second)]
        assert color.pooled is not None
        assert color.raw == alone[color.pooled.example].raw == max(each.raw or 0 for each in alone)
        assert color.decades == max(each.decades or 0 for each in alone)
        low, high = sorted(each.rarity or 0 for each in alone)
        assert low - 1e-9 <= (color.rarity or 0) <= high + 1e-9
        assert sum(score.share or 0 for score in result.methods.values()) == pytest.approx(1)


def test_one_example_is_explained_as_ever(ids: list[int]) -> None:
    assert all(
        score.pooled is None for each in results(GalleryImage(ids[0])).values() for score in each.methods.values()
    )


def test_what_is_like_a_disliked_example_sinks_and_is_not_hidden(ids: list[int], rng: np.random.Generator) -> None:
    disliked = next(iter(results(GalleryImage(ids[0]))))
    (twin,) = add_images(1)
    vectors = snapshot.current_snapshot().vectors_of(disliked)
    assert vectors is not None
    add_features([twin], {name: row[None] for name, row in vectors.items()})
    before, after = results(GalleryImage(ids[0])), results(GalleryImage(ids[0]), GalleryImage(disliked, unlike=True))
    assert before[twin].rank <= 2
    assert after[twin].rank > before[twin].rank
    assert after[twin].score < before[twin].score
    assert disliked not in after
    pooled = after[twin].methods["color"].pooled
    assert pooled is not None
    assert pooled.against == 1
    assert pooled.taken > 0


def test_more_examples_take_no_more_database_queries(ids: list[int]) -> None:
    def num_queries(num: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            search(asked(*(GalleryImage(image_id, unlike=image_id == ids[1]) for image_id in ids[:num])))
        return len(captured)

    search(asked(GalleryImage(ids[0])))
    assert num_queries(MAX_EXAMPLES) == num_queries(2)


def test_examples_that_are_gone_say_so_and_the_others_answer(ids: list[int], settings: LazySettings) -> None:
    gone = GalleryImage(10**9)
    found = search(asked(GalleryImage(ids[0]), gone, GalleryImage(10**9 + 1, unlike=True)))
    assert {number: why.code for number, why in found.found.absent.items()} == {1: "no_image", 2: "no_image"}
    alone = search(asked(GalleryImage(ids[0])))
    assert [each.image_id for each in found.found.results] == [each.image_id for each in alone.found.results]
    with refused(QueryError, "no_image"):
        search(asked(gone, GalleryImage(10**9 + 1)))


def test_what_is_closed_to_the_viewer_is_as_if_it_were_not_there(ids: list[int]) -> None:
    Image.objects.filter(pk=ids[1]).update(trashed_at="2026-01-01T00:00:00Z")
    viewer = make_person("ada", Role.VIEWER)
    theirs = Query.objects.create(
        sha256="0" * 64, original_name="dusk.png", uploaded_by=make_person("bob", Role.VIEWER)
    )
    found = search(asked(GalleryImage(ids[0]), GalleryImage(ids[1]), UploadedImage(theirs.pk), viewer=viewer))
    assert {number: why.code for number, why in found.found.absent.items()} == {1: "no_image", 2: "query_expired"}
    assert found.found.results


def test_an_upload_that_is_not_described_yet_is_waited_for_while_others_answer(ids: list[int]) -> None:
    waiting = Query.objects.create(sha256="0" * 64, original_name="dusk.png")
    request = asked(GalleryImage(ids[0]), UploadedImage(waiting.pk))
    assert not find_subject(request).is_ready
    assert search(request).found.absent[1].code == "query_not_described_yet"
    packed = stored_vectors.pack_query(snapshot.current_snapshot().vectors_of(ids[5]) or {})
    Query.objects.filter(pk=waiting.pk).update(state=JobState.READY, vectors=packed)
    assert find_subject(request).is_ready
    found = search(request).found
    assert not found.absent
    assert found.results[0].image_id == ids[5]


@pytest.mark.parametrize("wanted", [(GalleryImage(1, unlike=True),), (TypedWords("night", unlike=True),)])
def test_what_results_should_not_be_like_is_not_enough(ids: list[int], wanted: tuple[Wanted, ...]) -> None:
    with refused(ExamplesError, "only_unlike"):
        search(asked(*wanted))


def test_more_examples_than_can_be_compared_are_refused(ids: list[int]) -> None:
    with refused(ExamplesError, "too_many_examples", most=MAX_EXAMPLES, num=MAX_EXAMPLES + 1):
        search(asked(*(GalleryImage(image_id) for image_id in ids[: MAX_EXAMPLES + 1])))


@pytest.mark.parametrize(
    ("box", "code"),
    [
        (Box(0.5, 0.5, 0, 0.5), "region_empty"),
        (Box(0.5, 0.5, 0.2, -0.1), "region_empty"),
        (Box(-0.1, 0, 0.5, 0.5), "region_outside"),
        (Box(0.6, 0, 0.5, 0.5), "region_outside"),
        (Box(7, 7, 1, 1), "region_outside"),
        (Box(0, 0, 0.5, 0.1), "region_too_small"),
    ],
)
def test_parts_that_cannot_be_searched_by_are_refused_and_the_others_answer(
    ids: list[int], box: Box, code: str
) -> None:
    Image.objects.filter(pk__in=ids).update(width=200, height=100)
    with refused(RegionError, code):
        search(asked(GalleryImage(ids[0], box=box)))
    found = search(asked(GalleryImage(ids[1]), GalleryImage(ids[0], box=box))).found
    assert found.absent[1].code == code
    assert found.results
    assert not Query.objects.exists()


def test_a_part_is_described_like_an_upload_and_made_again(
    plug_in_methods: Callable[..., None], stored_image: Callable[..., Image]
) -> None:
    plug_in_methods(Gray)
    black = stored_image((0, 0, 0), size=80)
    white, other = stored_image((255, 255, 255), size=80), stored_image(seed=4, size=80)
    for image, level in ((black, 0), (white, 255), (other, 120)):
        add_features([image.pk], {"gray": Gray().describe([np.full((4, 4, 3), level, np.uint8)])})
    request = SearchRequest((GalleryImage(white.pk, box=LEFT_HALF),), weights={"gray": 1.0})
    with refused(QueryError, "query_not_described_yet"):
        search(request)
    (row,) = Query.objects.all()
    assert (row.box, row.width, row.height, row.state) == (str(LEFT_HALF), 40, 80, "waiting")
    uploaded_query.run(row.pk)
    found = search(request).found
    assert {result.image_id for result in found.results} == {black.pk, other.pk}  # not the image that it is a part of
    assert find_subject(request).start is None
    Query.objects.all().delete()
    with refused(QueryError, "query_not_described_yet"):
        search(request)
    assert Query.objects.get().pk == row.pk


def test_a_part_of_what_is_closed_is_closed(stored_image: Callable[..., Image], few_methods: None) -> None:
    image = stored_image(size=80)
    assert find_subject(asked(GalleryImage(image.pk, box=LEFT_HALF))).examples[0].region is not None
    Image.objects.filter(pk=image.pk).update(trashed_at="2026-01-01T00:00:00Z")
    with refused(QueryError, "no_image"):
        find_subject(asked(GalleryImage(image.pk, box=LEFT_HALF), viewer=make_person("ada", Role.VIEWER)))


def test_a_part_is_nobody_s_upload(ids: list[int]) -> None:
    Image.objects.filter(pk=ids[0]).update(width=100, height=100)
    region = find_subject(asked(GalleryImage(ids[0], box=LEFT_HALF))).examples[0].region
    assert region is not None
    with refused(QueryError, "query_expired"):
        find_subject(asked(UploadedImage(region.pk)))


def test_boxes_that_are_drawn_alike_are_one_part() -> None:
    image = Image(sha256="0" * 64, width=500, height=400, original_name="a.png")
    one, other = Box(0.1, 0.1, 0.5, 0.5), Box(0.10004, 0.1, 0.49996, 0.5)
    assert regions.check(image, one).key == regions.check(image, other).key
    assert regions.check(image, one).key != regions.check(image, Box(0.1, 0.1, 0.5, 0.6)).key
    assert regions.check(image, Box(0, 0, 1, 1)).width == 500


def test_vectors_of_other_lengths_do_not_break_the_others(ids: list[int], rng: np.random.Generator) -> None:
    rows = describe(pictures(1, rng), rng, ["color"])
    packed = stored_vectors.pack_query({"color": rows["color"][0]})
    upload = Query.objects.create(sha256="1" * 64, original_name="a.png", state=JobState.READY, vectors=packed)
    found = results(UploadedImage(upload.pk), GalleryImage(ids[0]))
    ssim = found[ids[3]].methods["ssim"].pooled
    assert ssim is not None
    assert ssim.example == 1
