"""Searches know nothing of what is closed to who asks: neither images nor numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser, User
from pytest_django import DjangoAssertNumQueries

from gallery.models import Collection, Image
from gallery.people.roles import Role
from search.exceptions import ImageNotFoundError
from search.generations import snapshot
from search.generations.build import build
from search.generations.snapshot import current_snapshot
from search.generations.visibility import closed_ids, closed_images, findings_for, without
from search.models import Evaluation
from search.query.pipeline import for_image, for_vectors, run_query
from search.types import Answer
from tests.codes import refused
from tests.gallery.members import make_member, make_person
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
NUM, NUM_CLOSED = 30, 10
WEIGHTS = {"color": 1.0, "ssim": 1.0, "texture": 1.0}


@dataclass
class Library:
    ids: list[int]
    closed: list[int]
    collection: Collection
    query: dict[str, np.ndarray]


@pytest.fixture
def library(rng: np.random.Generator) -> Library:
    """Thirty images, the last ten of them in a private collection only."""
    snapshot.forget()
    ids, vectors = add_library(NUM, rng)
    collection = Collection.objects.create(name="Scans", private=True)
    closed = [int(image_id) for image_id in ids[-NUM_CLOSED:]]
    collection.images.set(closed)
    Image.objects.filter(pk__in=closed).update(common=False)
    query = {name: rows[-1] for name, rows in vectors.items()}  # like a closed image itself
    return Library([int(image_id) for image_id in ids], closed, collection, query)


def search(library: Library, viewer: User | AnonymousUser | None) -> Answer:
    return run_query(for_vectors(library.query), WEIGHTS, viewer=viewer)


def found(answer: Answer) -> set[int]:
    return {result.image_id for result in answer.results}


@pytest.mark.parametrize("built", [False, True], ids=["from the delta", "from a generation"])
def test_it_works(library: Library, built: bool) -> None:
    """Not even a query that a closed image answers best finds or counts it."""
    if built:
        build()
    answer = search(library, AnonymousUser())
    assert found(answer) == set(library.ids) - set(library.closed)
    assert (answer.num_images, answer.num_candidates, answer.exact) == (NUM - NUM_CLOSED, NUM - NUM_CLOSED, True)


def test_the_site_itself_and_admins_find_everything(library: Library) -> None:
    for viewer in (None, make_person("root", Role.ADMIN)):
        answer = search(library, viewer)
        assert found(answer) == set(library.ids)
        assert answer.num_images == NUM


def test_a_membership_counts_from_the_next_search(library: Library) -> None:
    ada = make_person("ada")
    assert len(found(search(library, ada))) == NUM - NUM_CLOSED
    make_member(ada, library.collection, Role.VIEWER)
    assert len(found(search(library, User.objects.get(pk=ada.pk)))) == NUM
    ada.memberships.all().delete()
    assert len(found(search(library, User.objects.get(pk=ada.pk)))) == NUM - NUM_CLOSED


def test_what_is_opened_or_closed_counts_at_once(library: Library) -> None:
    ada = make_person("ada")
    search(library, ada)
    Image.objects.filter(pk=library.closed[0]).update(common=True)
    assert library.closed[0] in found(search(library, ada))
    library.collection.images.remove(library.closed[0])
    Image.objects.filter(pk=library.closed[0]).update(common=False)
    assert library.closed[0] not in found(search(library, ada))
    Collection.objects.filter(pk=library.collection.pk).update(private=False)
    assert len(found(search(library, ada))) == NUM - 1


def test_a_closed_image_cannot_be_searched_for(library: Library) -> None:
    with refused(ImageNotFoundError, "no_image", id=library.closed[0]):
        run_query(for_image(library.closed[0]), WEIGHTS, viewer=AnonymousUser())


def test_a_closed_collection_yields_nothing(library: Library) -> None:
    answer = run_query(for_vectors(library.query), WEIGHTS, collection_id=library.collection.pk, viewer=AnonymousUser())
    assert (answer.results, answer.num_candidates) == ([], 0)


def test_what_is_closed_is_read_once(library: Library, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """People who may see the same share it; where nothing is closed nothing is taken out."""
    revision = current_snapshot().revision
    assert closed_ids(AnonymousUser(), revision).tolist() == library.closed
    ada = User.objects.get(pk=make_person("ada").pk)
    with django_assert_num_queries(2):  # role, memberships
        assert closed_ids(ada, revision).tolist() == library.closed
    Image.objects.update(common=True)
    ada = User.objects.get(pk=ada.pk)
    assert closed_ids(ada, current_snapshot().revision).tolist() == []


def test_measurements_of_closed_collections_are_not_known(library: Library) -> None:
    def measured(**about: object) -> Evaluation:
        return Evaluation.objects.create(kind="labels", max_queries=10, **about)

    ada, bob = make_person("ada"), make_person("bob", Role.CURATOR)
    whole, gone = measured(), measured(collection_name="Gone")
    scans = measured(collection=library.collection, collection_name="Scans")
    assert list(findings_for(Evaluation.objects.all(), ada)) == []  # of the whole library: some of it is closed
    assert list(findings_for(Evaluation.objects.all(), bob)) == [whole]
    assert list(findings_for(Evaluation.objects.all(), make_person("root", Role.ADMIN))) == [scans, gone, whole]
    make_member(ada, library.collection, Role.VIEWER)
    ada = User.objects.get(pk=ada.pk)
    assert list(findings_for(Evaluation.objects.all(), ada)) == [scans, whole]


def test_closed_images_are_for_counting_them_out(library: Library) -> None:
    closed = closed_images(AnonymousUser())
    assert closed is not None
    assert sorted(closed.values_list("pk", flat=True)) == library.closed
    assert closed_images(make_person("root", Role.ADMIN)) is None
    member = make_person("mary", Role.VIEWER)
    make_member(member, library.collection, Role.VIEWER)
    assert closed_images(member) is None


def test_without_closed_images_the_snapshot_itself_is_handed_back(library: Library) -> None:
    found = current_snapshot()
    assert without(found, np.empty(0, np.int64)) is found
    narrowed = without(found, np.array(library.closed))
    assert narrowed.num_images == NUM - NUM_CLOSED
    assert found.num_images == NUM
