"""Verdicts: recorded for ever, and read as what counts now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from gallery.models import Collection, Image
from review.exceptions import AppendOnlyError, VerdictError
from review.models import Verdict
from review.verdicts.record import current, record, sorted_pair
from search.evaluation.judged_pairs import judged_pairs, source_names
from tests.codes import refused
from tests.search.library import add_images

pytestmark = pytest.mark.django_db
ONE, OTHER, THIRD = "1" * 64, "a" * 64, "f" * 64


def hashes(*image_ids: int) -> list[str]:
    found = Image.objects.in_bulk(image_ids)
    return [found[image_id].sha256 for image_id in image_ids]


def judged() -> list[tuple[int, int, bool]]:
    pairs = judged_pairs("verdicts")
    return list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist(), strict=True))


def test_it_works(admin_user: User) -> None:
    state = {"generation": 4, "scores": {"color": 0.5}}
    verdict = record(OTHER, ONE, "same", author=admin_user, note="the same frame", state=state)
    kept = Verdict.objects.get()
    assert (kept.first_sha256, kept.second_sha256) == (ONE, OTHER)
    assert (kept.kind, kept.note, kept.author, kept.author_name) == ("same", "the same frame", admin_user, "admin")
    assert kept.state == state
    assert kept.decided_at == verdict.decided_at
    assert str(kept) == "11111111 – aaaaaaaa: same"


def test_the_newest_of_each_author_counts() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    record(ONE, OTHER, "same", author_name="ada", decided_at=moment)
    record(ONE, OTHER, "related", author_name="bob", decided_at=moment)
    record(OTHER, ONE, "different", author_name="ada", decided_at=moment + timedelta(days=1))
    record(ONE, OTHER, "unsure", author_name="ada", decided_at=moment - timedelta(days=1))  # imported later, but older
    assert Verdict.objects.count() == 4
    assert dict(current().values_list("author_name", "kind")) == {"ada": "different", "bob": "related"}


def test_of_two_at_the_same_moment_the_later_row_counts() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    record(ONE, OTHER, "same", author_name="ada", decided_at=moment)
    record(ONE, OTHER, "unsure", author_name="ada", decided_at=moment)
    assert [verdict.kind for verdict in current()] == ["unsure"]


def test_nothing_is_changed_or_removed() -> None:
    verdict = record(ONE, OTHER, "same", author_name="ada")
    for attempt in (
        verdict.save,
        verdict.delete,
        Verdict.objects.all().delete,
        lambda: Verdict.objects.update(kind="different"),
    ):
        with refused(AppendOnlyError, "never_changed"):
            attempt()
    assert Verdict.objects.get().kind == "same"


def test_a_verdict_outlives_the_account_of_its_author(django_user_model: type[User]) -> None:
    author = django_user_model.objects.create_user("ada")
    record(ONE, OTHER, "same", author=author)
    author.delete()
    kept = Verdict.objects.get()
    assert kept.author is None
    assert kept.author_name == "ada"


@pytest.mark.parametrize(
    ("one", "other", "kind", "about", "code", "params"),
    [
        (ONE, ONE, "same", {}, "one_image_twice", {"sha256": ONE}),
        ("12", OTHER, "same", {}, "no_hash", {"got": "12"}),
        (ONE, OTHER, "alike", {}, "unknown_verdict", {"kind": "alike", "expected": Verdict.Kind.values}),
        (ONE, OTHER, "same", {"author_name": " "}, "no_author", {"name": ""}),
        (ONE, OTHER, "same", {"author_name": "x" * 151}, "no_author", {"most": 150, "name": "x" * 150}),
        (ONE, OTHER, "same", {"note": "x" * 2001}, "note_too_long", {"most": 2000, "num": 2001}),
    ],
)
def test_refused(one: str, other: str, kind: str, about: dict[str, str], code: str, params: dict[str, Any]) -> None:
    with refused(VerdictError, code, **params):
        record(one, other, kind, **{"author_name": "ada", **about})
    assert not Verdict.objects.exists()


def test_the_database_itself_keeps_pairs_sorted() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Verdict.objects.create(first_sha256=OTHER, second_sha256=ONE, kind="same", author_name="ada")


def test_pairs_are_the_same_in_any_order_and_case() -> None:
    assert sorted_pair("A" * 64, ONE) == sorted_pair(ONE, OTHER) == (ONE, OTHER)


def test_search_can_learn_from_verdicts() -> None:
    a, b, c, d = add_images(4)
    record(*hashes(a, b), "same", author_name="ada")
    record(*hashes(b, c), "different", author_name="ada")
    record(*hashes(a, c), "near_duplicate", author_name="ada")
    record(*hashes(a, d), "related", author_name="ada")
    record(*hashes(b, d), "unsure", author_name="ada")
    record(THIRD, *hashes(a), "same", author_name="ada")  # an image that is not here
    assert judged() == [(a, b, True), (a, c, True), (b, c, False)]
    assert "verdicts" in source_names()


def test_the_majority_counts_and_a_split_teaches_nothing() -> None:
    a, b, c = add_images(3)
    for author, kind in (("ada", "same"), ("bob", "different"), ("cyd", "same")):
        record(*hashes(a, b), kind, author_name=author)
    for author, kind in (("ada", "same"), ("bob", "different")):
        record(*hashes(b, c), kind, author_name=author)
    assert judged() == [(a, b, True)]


def test_what_was_withdrawn_teaches_nothing() -> None:
    a, b, c = add_images(3)
    for kind in ("same", "withdrawn"):
        record(*hashes(a, b), kind, author_name="ada")
    record(*hashes(b, c), "different", author_name="ada")
    assert judged() == [(b, c, False)]


def test_hidden_images_and_other_collections_are_left_out() -> None:
    a, b, c = add_images(3)
    record(*hashes(a, b), "same", author_name="ada")
    record(*hashes(b, c), "same", author_name="ada")
    collection = Collection.objects.create(name="some")
    collection.images.set([b, c])
    assert judged_pairs("verdicts", collection_id=collection.pk).first.tolist() == [b]
    Image.objects.filter(pk=c).update(hidden=True)
    assert judged() == [(a, b, True)]


def test_more_pairs_than_wanted_are_drawn() -> None:
    images = add_images(5)
    for other in images[1:]:
        record(*hashes(images[0], other), "same", author_name="ada")
    drawn = judged_pairs("verdicts", limit=2, seed=1)
    assert len(drawn) == 2
    assert drawn.second.tolist() == judged_pairs("verdicts", limit=2, seed=1).second.tolist()


def test_the_draw_does_not_depend_on_the_order_of_the_rows() -> None:
    images = add_images(9)
    drawn = []
    for others in (images[1:], images[:0:-1]):
        with transaction.atomic():
            for other in others:
                record(*hashes(images[0], other), "same", author_name="ada")
            drawn.append(judged_pairs("verdicts", limit=4, seed=1).second.tolist())
            transaction.set_rollback(True)
    assert drawn[0] == drawn[1]
