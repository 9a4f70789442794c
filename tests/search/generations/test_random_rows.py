"""Random pairs: rows drawn by chance, of copies of one picture only one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.models import Image
from search.evaluation import judged_pairs
from search.evaluation.judged_pairs import JudgedPairs
from search.features import registry
from search.generations.build import build
from search.generations.random_rows import RandomRows
from search.generations.recorded_copies import recorded_copies
from search.generations.snapshot import current_snapshot, forget
from search.scoring.copies import no_copies, without_copies
from search.scoring.segments import MethodRows, Segment
from tests.search.library import add_features, add_images, describe, pictures
from tests.search.plug_ins import Gray


def segment(num: int) -> Segment:
    vectors = np.eye(num, dtype=np.float32)
    return Segment(np.arange(10, 10 + num), np.ones(num, bool), {"gray": MethodRows("1", vectors)})


def test_it_works() -> None:
    asked: list[list[int]] = []

    def known(image_ids: NDArray[np.int64]) -> list[tuple[int, int]]:
        asked.append(image_ids.tolist())
        return [(0, 2)] if len(image_ids) > 2 else []

    rows = RandomRows(segment(5), {"gray": Gray()}, 1, known)
    assert rows.of(np.array([0, 1, 3, 4])).tolist() == [0, 1, 4]
    assert rows.of(np.array([0, 1, 3, 4])).tolist() == [0, 1, 4]
    assert asked == [[10, 11, 13, 14]]  # once for all methods that know the same images
    assert rows.of(np.array([2])).tolist() == [2]


def test_so_many_are_drawn_at_most() -> None:
    first, again, other = (RandomRows(segment(50), {}, seed, no_copies, 20).of(np.arange(50)) for seed in (1, 1, 2))
    assert len(first) == 20
    assert first.tolist() == again.tolist() == sorted(first.tolist())
    assert first.tolist() != other.tolist()


@pytest.mark.django_db
def test_the_same_pixels_are_one_picture() -> None:
    ids = add_images(5)
    Image.objects.filter(pk__in=[ids[0], ids[2], ids[4]]).update(pixels_sha256="a" * 64)
    assert np.flatnonzero(without_copies(5, recorded_copies(np.array(ids)))).tolist() == [0, 1, 3]
    assert list(recorded_copies(np.array(ids[1:4]))) == []


@pytest.mark.django_db
def test_what_people_judged_to_be_the_same_is_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.array(add_images(4), np.int64)
    monkeypatch.setattr(judged_pairs, "_sources", dict(judged_pairs._sources))

    # The last pair names an image that is not asked for.
    def verdicts(*, collection_id: int | None, limit: int, seed: int) -> JudgedPairs:
        first, second = ids[[0, 1, 2]], np.array([ids[3], ids[2], ids[3] + 1])
        return JudgedPairs(first, second, np.array([True, False, True]))

    judged_pairs.register("of the test", verdicts)
    assert list(recorded_copies(ids)) == [(0, 3)]
    Image.objects.filter(pk__in=ids.tolist()).update(label="one label is no copy")
    assert list(recorded_copies(ids)) == [(0, 3)]


@pytest.mark.django_db
def test_a_library_full_of_copies_has_the_scale_of_its_pictures(rng: np.random.Generator) -> None:
    painted = pictures(12, rng)
    ids = add_images(24)
    vectors = describe(painted + painted, rng, ["color", "phash"])
    add_features(ids, vectors)
    for one, other in zip(ids[:12], ids[12:], strict=True):
        Image.objects.filter(pk__in=[one, other]).update(pixels_sha256=f"{one:064d}")
    forget()
    assert current_snapshot().tables["color"].raw.num_pairs == 12 * 11 // 2
    build()
    assert current_snapshot().tables["color"].raw.num_pairs == 12 * 11 // 2
    assert set(current_snapshot().tables) <= set(registry.methods())
    forget()
