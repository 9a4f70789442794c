"""A search from what was asked to what is shown, for whoever asks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from gallery.people.roles import Role
from jobs.rows import JobState
from search.exceptions import CollectionNotFoundError, ImageNotFoundError, QueryError, UploadNotFoundError
from search.generations import snapshot
from search.models import Query
from search.query.answer import search
from search.query.badges import Badge
from search.query.request import DescribedImage, GalleryImage, ScoreRange, SearchRequest, UploadedImage, Wanted
from search.query.subject import Subject, find_subject, visible_collection
from tests.gallery.members import make_person
from tests.search.library import add_images, add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
WEIGHTS = {"color": 0.5, "ssim": 0.3, "texture": 0.2}


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def ids(rng: np.random.Generator) -> list[int]:
    found: list[int] = add_library(12, rng)[0].tolist()
    return found


def asked(wanted: Wanted, **about: object) -> SearchRequest:
    return SearchRequest((wanted,), **({"weights": WEIGHTS} | about))  # type: ignore[arg-type]


def test_it_works(ids: list[int]) -> None:
    answer = search(asked(GalleryImage(ids[0]), num_results=5))
    assert [result.rank for result in answer.shown.results] == [1, 2, 3, 4, 5]
    assert len(answer.found.results) == len(answer.within) == 11
    assert answer.subject.image == Image.objects.get(pk=ids[0])
    assert set(answer.images) == {result.image_id for result in answer.shown.results}
    assert (answer.has_more, answer.num_outside) == (True, 0)


def test_scores_beyond_the_range_are_left_out(ids: list[int]) -> None:
    scores = [round(100 * result.score, 6) for result in search(asked(GalleryImage(ids[0]))).within]
    answer = search(asked(GalleryImage(ids[0]), scores=ScoreRange(scores[7], scores[2])))
    assert [round(100 * result.score, 6) for result in answer.within] == scores[2:8]
    assert answer.num_outside == 5
    assert not answer.has_more


def test_a_page_holds_no_more_than_there_can_be(ids: list[int]) -> None:
    answer = search(asked(GalleryImage(ids[0]), num_results=10, most=4))
    assert len(answer.shown.results) == 4
    assert not answer.has_more


def test_an_image_that_is_kept_nowhere_is_searched_for(ids: list[int]) -> None:
    vectors = snapshot.current_snapshot().vectors_of(ids[0])
    assert vectors is not None
    by_vectors = search(asked(DescribedImage(vectors)))
    assert by_vectors.found.results[0].image_id == ids[0]
    other = search(asked(DescribedImage(vectors, versions=dict.fromkeys(vectors, "older"), reason="unlit")))
    assert other.found.results == []
    assert other.subject.image is None


def test_what_is_closed_to_the_viewer_is_not_searched_for(ids: list[int], settings: LazySettings) -> None:
    settings.OPEN_ACCESS = False
    with pytest.raises(ImageNotFoundError) as caught:
        search(asked(GalleryImage(ids[0]), viewer=AnonymousUser()))
    assert caught.value.image_id == ids[0]


def test_an_upload_is_for_who_uploaded_it(ids: list[int]) -> None:
    ada, bob = make_person("ada", Role.VIEWER), make_person("bob", Role.VIEWER)
    sha256 = Image.objects.get(pk=ids[0]).sha256
    query = Query.objects.create(sha256=sha256, original_name="dusk.png", uploaded_by=ada, state=JobState.WAITING)
    wanted = UploadedImage(query.pk)
    subject = find_subject(asked(wanted, viewer=ada))
    assert (subject.query, subject.image) == (query, Image.objects.get(pk=ids[0]))
    assert not subject.is_ready
    assert find_subject(asked(wanted, viewer=bob, session_queries=(str(query.pk),))).query == query
    assert find_subject(asked(wanted)).query == query
    with pytest.raises(UploadNotFoundError) as caught:
        find_subject(asked(wanted, viewer=bob))
    assert caught.value.query_id == query.pk
    with pytest.raises(QueryError):
        search(asked(wanted, viewer=ada))


@pytest.mark.parametrize("wanted", [(), (GalleryImage(1), UploadedImage(uuid.UUID(int=2)))])
def test_nothing_that_is_there_is_not_searched_for(wanted: tuple[Wanted, ...]) -> None:
    with pytest.raises(QueryError):
        search(SearchRequest(wanted, weights=WEIGHTS))


def test_a_private_collection_is_for_its_members() -> None:
    ada, pond = make_person("ada", Role.VIEWER), Collection.objects.create(name="Pond", private=True)
    assert visible_collection(None, pond.pk) == pond
    with pytest.raises(CollectionNotFoundError) as caught:
        visible_collection(ada, pond.pk)
    assert caught.value.collection_id == pond.pk


def test_what_people_set_apart_is_left_out_on_demand(ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = make_person("ada", Role.VIEWER)
    target = search(asked(GalleryImage(ids[0]))).within[0].image_id
    marks = {target: Badge("different", "Judged different", apart=True)}
    monkeypatch.setattr("search.query.badges._sources", {"test": lambda _viewer, _query, _hits: marks})
    shown = search(asked(GalleryImage(ids[0]), viewer=viewer))
    assert shown.apart == {target}
    assert target in shown.images
    hidden = search(asked(GalleryImage(ids[0]), viewer=viewer, hide_apart=True))
    assert target not in hidden.images
    assert len(hidden.images) == len(shown.images) - 1


def test_images_are_read_once_and_only_when_wanted(
    ids: list[int], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    subject = Subject.of_image(Image.objects.get(pk=ids[0]))
    answer = search(asked(GalleryImage(ids[0])), subject)
    add_images(1)
    with django_assert_num_queries(1):
        assert len(answer.images) == len(answer.images) == 11
