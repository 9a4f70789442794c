"""A recorded search as one person may see it, and what is different now; documents written out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User

from gallery.models import Collection, Image
from gallery.people.roles import Role
from review.evidence.numbers import FIGURES, flat, method_columns, method_rows
from review.evidence.replay import Changes, Shown, compare, show
from review.models import SearchRecord
from search.methods import METHODS
from tests.gallery.rows import make_images
from tests.review.people import person

SAID = {"raw": 0.81236, "rarity": 0.5, "one_in": 1000.0, "weight": 0.4, "share": 0.755, "rank": 12}


class TestNumbers:
    def test_a_method_that_said_something(self) -> None:
        (found,) = method_rows({"color": SAID}, {"color": "hsv-3"})
        assert (found.label, found.version, found.missing) == (METHODS["color"].label, "hsv-3", "")
        assert (found.raw, found.weight, found.share) == ("0.8124", "0.40", "76 %")
        assert "1,000" in found.rarity

    def test_a_method_that_said_nothing(self) -> None:
        (found,) = method_rows({"color": {"weight": 0.4, "missing": {"code": "not_available", "params": {}}}}, {})
        assert (found.raw, found.rarity, found.share, found.weight) == ("", "", "", "0.40")
        assert found.missing

    @pytest.mark.parametrize(
        ("missing", "words"), [("not computed", "not computed"), (None, "missing"), ("", "missing")]
    )
    def test_why_it_said_nothing_in_records_of_every_version(self, missing: str | None, words: str) -> None:
        (found,) = method_rows({"color": {"missing": missing}}, {})
        assert found.missing == words

    def test_lines_stand_in_the_order_of_the_registry_and_what_is_gone_comes_last(self) -> None:
        names = [each.label for each in method_rows(dict.fromkeys(("old", "deep", "color"), SAID), {})]
        assert names == [METHODS["color"].label, METHODS["deep"].label, "old"]

    def test_a_row_has_a_column_for_each_figure(self) -> None:
        row = flat({"color": SAID, "old": SAID}, {"color": "hsv-3"})
        assert row["color_raw"] == 0.81236
        assert (row["color_version"], row["old_version"]) == ("hsv-3", "")
        assert "color_rank" not in row
        assert set(row) - set(method_columns()) == {f"old_{figure}" for figure in FIGURES}


def hit(image: Image, rank: int, score: float = 0.5) -> dict[str, Any]:
    about = {"sha256": image.sha256, "name": str(image), "image": image.pk, "rank": rank, "score": score}
    return about | {"methods": {"color": dict(SAID)}}


def document(query: Image, results: list[dict[str, Any]], **about: Any) -> dict[str, Any]:
    usual = {
        "query": {"sha256": query.sha256, "image": query.pk, "name": str(query)},
        "collection": None,
        "generation": 4,
        "versions": {"color": "hsv-3"},
        "software": {"numpy": "2.4.6"},
        "num_candidates": 10,
        "num_images": 11,
        "results": results,
    }
    return usual | about


@pytest.fixture
def images() -> list[Image]:
    return make_images(5)


@pytest.fixture
def ada() -> User:
    return person("ada", Role.VIEWER)


@pytest.fixture
def closed(images: list[Image]) -> Collection:
    """A private collection that holds the third image, which nobody else sees any more."""
    made = Collection.objects.create(name="closed", private=True)
    made.images.add(images[2])
    Image.objects.filter(pk=images[2].pk).update(common=False)
    return made


def record(found: dict[str, Any], author: User | None = None, address: str = "image=1") -> SearchRecord:
    return SearchRecord.objects.create(document=found, author=author, address=address)


def seen(found: SearchRecord, by: User | AnonymousUser) -> Shown:
    shown = show(found, by)
    assert shown is not None
    return shown


@pytest.mark.django_db
@pytest.mark.usefixtures("closed")
class TestShow:
    def test_its_author_sees_it_whole(self, images: list[Image], ada: User) -> None:
        query, first, hidden, third, _other = images
        kept = record(document(query, [hit(first, 1), hit(hidden, 2), hit(third, 3)]), ada)
        shown = seen(kept, ada)
        assert (shown.whole, shown.query_image) == (True, query)
        assert [(each.rank, each.image) for each in shown.hits] == [(1, first), (2, None), (3, third)]
        assert shown.hits[1].name == ""  # an author may have lost sight of an image since
        assert shown.document["num_images"] == 11
        assert shown.hits[0].methods["color"]["rank"] == 12

    def test_others_see_their_part_numbered_again(self, images: list[Image], ada: User) -> None:
        query, first, hidden, third, _other = images
        kept = record(document(query, [hit(first, 1), hit(hidden, 2), hit(third, 3)]), ada)
        shown = seen(kept, person("bob", Role.VIEWER))
        assert [(each.rank, each.image) for each in shown.hits] == [(1, first), (2, third)]
        assert "rank" not in shown.hits[0].methods["color"]  # it would tell how many lie between
        assert not {"num_images", "num_candidates"} & shown.document.keys()
        assert [each["sha256"] for each in shown.document["results"]] == [first.sha256, third.sha256]

    def test_admins_see_names_of_what_is_gone(self, images: list[Image], ada: User) -> None:
        query, first, *_others = images
        kept = record(document(query, [hit(first, 1)]), ada)
        Image.objects.filter(pk=first.pk).delete()
        assert seen(kept, person("root", Role.ADMIN)).hits[0].name == str(first)

    def test_that_of_a_closed_image_is_for_its_author_alone(self, images: list[Image], ada: User) -> None:
        kept = record(document(images[2], [hit(images[1], 1)]), ada)
        assert show(kept, person("bob", Role.VIEWER)) is None
        assert show(kept, AnonymousUser()) is None
        assert seen(kept, ada).query_image is None

    def test_that_of_an_upload_is_for_whoever_has_its_address(self, images: list[Image], ada: User) -> None:
        query = {"sha256": "f" * 64, "upload": "1", "vectors": "AAAA", "name": "heron.png"}
        kept = record(document(images[0], [hit(images[1], 1)]) | {"query": query}, ada)
        shown = seen(kept, person("bob", Role.VIEWER))
        assert shown.document["query"] == {"sha256": "f" * 64, "upload": "1", "name": "heron.png"}

    def test_a_closed_collection_is_not_told(self, images: list[Image], ada: User, closed: Collection) -> None:
        within = {"id": closed.pk, "name": "closed"}
        kept = record(document(images[0], [], collection=within), ada, f"image=1&collection={closed.pk}&k=20")
        for user, tells in ((ada, True), (person("bob", Role.VIEWER), False), (person("root", Role.ADMIN), True)):
            shown = seen(kept, user)
            assert shown.tells_collection is tells
            assert ("collection" in shown.address) is tells
            assert "k=20" in shown.address
            assert (shown.document["collection"]["name"] == "closed") is tells

    def test_an_open_collection_is_told(self, images: list[Image], ada: User) -> None:
        public = Collection.objects.create(name="open")
        kept = record(document(images[0], [], collection={"id": public.pk, "name": "open"}), ada)
        assert seen(kept, person("bob", Role.VIEWER)).tells_collection


@pytest.mark.django_db
class TestCompare:
    def changes(self, then: dict[str, Any], now: dict[str, Any], ada: User) -> Changes:
        return compare(seen(record(then, ada), ada), now)

    def test_the_same_answer_has_no_changes(self, images: list[Image], ada: User) -> None:
        found = document(images[0], [hit(images[1], 1), hit(images[2], 2)])
        assert self.changes(found, found, ada) == Changes([], [], 2)

    def test_hits_that_moved_came_or_went(self, images: list[Image], ada: User) -> None:
        query, first, second, third, fourth = images
        then = document(query, [hit(first, 1, 0.9), hit(second, 2, 0.8), hit(third, 3, 0.7)])
        now = document(query, [hit(first, 1, 0.9), hit(third, 2, 0.7), hit(fourth, 3, 0.6)])
        found = self.changes(then, now, ada)
        assert found.num_same == 1
        moves = {move.image: (move.rank_then, move.rank_now, move.number_then, move.number_now) for move in found.moves}
        assert moves == {second: (2, None, 80, None), third: (3, 2, 70, 70), fourth: (None, 3, None, 60)}

    def test_another_score_at_the_same_place_is_a_change(self, images: list[Image], ada: User) -> None:
        then, now = (document(images[0], [hit(images[1], 1, score)]) for score in (0.9, 0.91))
        (move,) = self.changes(then, now, ada).moves
        assert (move.number_then, move.number_now) == (90, 91)

    def test_a_score_that_reads_the_same_is_none(self, images: list[Image], ada: User) -> None:
        then, now = (document(images[0], [hit(images[1], 1, score)]) for score in (0.901, 0.9049))
        assert self.changes(then, now, ada).moves == []

    def test_circumstances(self, images: list[Image], ada: User) -> None:
        then = document(images[0], [], versions={"color": "1", "gone": "1"}, software={"numpy": "1"})
        now = document(images[0], [], generation=5, versions={"color": "2", "new": "1"}, software={"numpy": "1"})
        found = self.changes(then, now, ada).facts
        assert [(old, new) for _what, old, new in found] == [("4", "5"), ("1", "2"), ("1", "none"), ("none", "1")]
        assert [name in what for name, (what, _old, _new) in zip(("color", "gone", "new"), found[1:], strict=True)]
