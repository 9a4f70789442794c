"""What a map page draws: points in the order of the walk, each with its group, packed so that scripts read them."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gallery.models import Collection, Image
from search.map import points
from search.map.files import LibraryMap, MapFacts, MapModel, laid_out
from search.map.points import MAX_GROUPS, Group, Points, pack, pack_points, visible_points, walk
from search.map.projection import Directions
from tests.search.library import add_images

NOWHERE = MapModel(
    Directions(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), 1.0, 1.0),
    np.zeros((0, 2), np.float32),
    np.zeros((0, 2), np.float32),
)


def on_a_line(image_ids: list[int]) -> LibraryMap:
    """Lay images out along a line by t-SNE, and the other way round by PCA."""
    places = np.stack([np.arange(len(image_ids)), np.zeros(len(image_ids))], axis=1).astype(np.float32)
    facts = MapFacts("color", "1", len(image_ids), 0, 1.0, 1.0)
    return laid_out(facts, np.array(image_ids, np.int64), {"tsne": places, "pca": -places}, NOWHERE)


def shown(found: LibraryMap, coloring: str = "label", images: Any = None, collections: Any = None) -> Points:
    images = Image.objects.all() if images is None else images
    return visible_points(
        found, "tsne", images, coloring, Collection.objects.all() if collections is None else collections
    )


def named(found: Points) -> list[str]:
    return [found.groups[number].name or found.groups[number].kind for number in found.group_of.tolist()]


@pytest.mark.django_db
class TestVisible:
    def test_it_works(self) -> None:
        cats, dogs = add_images(3, "cat"), add_images(2, "dog")
        found = shown(on_a_line([*cats, *dogs]))
        assert sorted(found.image_ids.tolist()) == [*cats, *dogs]
        assert found.groups == [Group("cat", 3), Group("dog", 2)]
        assert dict(zip(found.image_ids.tolist(), named(found), strict=True)) == {
            **dict.fromkeys(cats, "cat"),
            **dict.fromkeys(dogs, "dog"),
        }
        assert (found.num_visible, found.num_on_map) == (5, 5)

    def test_points_keep_their_places_in_the_order_of_the_walk(self) -> None:
        ids = add_images(6)
        found = shown(on_a_line(ids))
        assert found.image_ids.tolist() == walk(on_a_line(ids), "tsne", Image.objects.all()).tolist()
        assert found.places[:, 0].tolist() == [float(ids.index(image_id)) for image_id in found.image_ids.tolist()]
        by_pca = visible_points(on_a_line(ids), "pca", Image.objects.all(), "none", Collection.objects.all())
        assert by_pca.places[:, 0].tolist() == [-float(ids.index(each)) for each in by_pca.image_ids.tolist()]

    def test_what_is_not_visible_is_not_sent_and_what_is_not_on_the_map_is_counted(self) -> None:
        ids, newer = add_images(4), add_images(2)
        images = Image.objects.exclude(pk=ids[1])
        found = shown(on_a_line(ids), images=images)
        assert ids[1] not in found.image_ids
        assert not set(newer) & set(found.image_ids.tolist())
        assert (found.num_visible, found.num_on_map) == (5, 3)
        assert ids[1] not in walk(on_a_line(ids), "tsne", images)

    def test_of_too_many_every_nth_is_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(points, "MAX_POINTS", 3)
        ids = add_images(7)
        found = shown(on_a_line(ids))
        whole = walk(on_a_line(ids), "tsne", Image.objects.all()).tolist()
        assert found.image_ids.tolist() == [whole[0], whole[3], whole[6]]
        assert found.num_on_map == 7
        assert sum(group.num for group in found.groups) == 3

    def test_one_color(self) -> None:
        ids = add_images(2, "cat")
        assert shown(on_a_line(ids), "none").groups == [Group("", 2, "none")]

    def test_by_collection(self) -> None:
        first, second, closed = (Collection.objects.create(name=name) for name in ("first", "second", "closed"))
        ids = add_images(5)
        first.images.set([ids[0], ids[1]])
        second.images.set([ids[1], ids[2]])
        closed.images.set([ids[3], ids[0]])
        found = shown(on_a_line(ids), "collection", collections=Collection.objects.exclude(pk=closed.pk))
        assert dict(zip(found.image_ids.tolist(), named(found), strict=True)) == {
            ids[0]: "first",  # that it is in a closed one, too, is not told
            ids[1]: "several",
            ids[2]: "second",
            ids[3]: "none",
            ids[4]: "none",
        }

    def test_the_smallest_groups_share_the_last_look(self) -> None:
        ids: list[int] = []
        for number in range(MAX_GROUPS + 2):
            ids += add_images(2 if number < MAX_GROUPS else 1, f"label {number:02}")
        ids += add_images(4)
        groups = shown(on_a_line(ids)).groups
        assert [group.kind for group in groups] == [""] * MAX_GROUPS + ["rest", "none"]
        assert groups[MAX_GROUPS] == Group("2", 2, "rest")
        assert groups[-1] == Group("", 4, "none")


NAMES = st.lists(
    st.one_of(st.text("abcdefghij", min_size=1, max_size=2).map(lambda name: ("", name)), st.just(("none", ""))),
    max_size=120,
)


@given(NAMES)
def test_groups_hold_every_point_once_and_the_largest_come_first(names: list[tuple[str, str]]) -> None:
    groups, group_of = points._group(names)
    assert len(groups) <= MAX_GROUPS + 2
    assert [group.num for group in groups] == np.bincount(group_of, minlength=len(groups)).tolist()
    own = [group for group in groups if not group.kind]
    assert [group.num for group in own] == sorted((group.num for group in own), reverse=True)
    for number, (kind, name) in zip(group_of.tolist(), names, strict=True):
        group = groups[number]
        assert group.kind == "rest" or (group.kind, group.name) == (kind, name)


def unpacked(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Read what was packed as the map's script does."""
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length]), data[4 + length :]


def test_points_are_packed_as_scripts_read_them() -> None:
    groups = [Group("cat", 1), Group("", 1, "none")]
    ids: NDArray[np.int64] = np.array([7, 2**40])
    places = np.array([[0.5, -1.0], [2.0, 3.0]], np.float32)
    head, rest = unpacked(pack_points(Points(ids, places, groups, np.array([1, 0], np.uint16), 5, 3)))
    assert head == {
        "num": 2,
        "num_visible": 5,
        "num_on_map": 3,
        "groups": [{"name": "cat", "num": 1, "kind": ""}, {"name": "", "num": 1, "kind": "none"}],
    }
    assert struct.unpack("<2d2f2f2H", rest) == (7.0, float(2**40), 0.5, 2.0, -1.0, 3.0, 1, 0)


def test_no_points_are_packed_as_well() -> None:
    nothing = Points(np.empty(0, np.int64), np.empty((0, 2), np.float32), [], np.empty(0, np.uint16), 0, 0)
    assert unpacked(pack_points(nothing)) == ({"num": 0, "num_visible": 0, "num_on_map": 0, "groups": []}, b"")


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 10**6), max_size=4), st.lists(st.binary(max_size=9)))
def test_what_follows_a_head_begins_at_a_multiple_of_eight(head: dict[str, int], parts: list[bytes]) -> None:
    data = pack(head, parts)
    assert (len(data) - len(b"".join(parts))) % 8 == 0
    assert unpacked(data) == (head, b"".join(parts))
